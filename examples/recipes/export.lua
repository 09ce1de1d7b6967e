--- Exports a table by a parallel scan into files with an item in each line, as DynamoDB JSON. An export that
--- was interrupted goes on where it stopped.

local dynamodb = require("dynamodb")

local export = {}

-- Writes a file. If the program ends meanwhile, there is no half of a file under this name.
local function write(path, text)
  local file = assert(io.open(path .. ".new", "wb"))
  assert(file:write(text))
  assert(file:close())
  assert(os.rename(path .. ".new", path))
end

-- Returns what an earlier export has saved | nil when there is none.
local function read_state(path)
  local file = io.open(path)
  if not file then return nil end
  local state = dynamodb.json.decode(file:read("*a"))
  file:close()
  return assert(type(state) == "table" and state.parts and state, "export: no state of an export: " .. path)
end

-- Reads up to 'most' items -> list of lines | nil, err.
local function read_lines(results, most)
  local lines = {}
  while #lines < most do
    local attributes, err = results:next()
    if err then return nil, err end
    if not attributes then break end
    lines[#lines + 1] = dynamodb.json.typed_encode(attributes) .. "\n"
  end
  return lines
end

--- Exports a table into the files prefix-0001.jsonl and so on. Raises when a file cannot be read or written.
---@param tbl dynamodb.Table
---@param prefix string path of the files up to their number
---@param options? table segments (4), part (items of a file; 10000), page (items of a request; as many as are
--- in 1 MB), on_progress (function(items) after each file)
---@return integer? items of all files
---@return dynamodb.Error? err; the export may be called again
function export.run(tbl, prefix, options)
  options = options or {}
  local path, most = prefix .. ".state", options.part or 10000
  local state = read_state(path) or { segments = options.segments or 4, parts = 0, items = 0 }
  local results = tbl:scan({ segments = state.segments, state = state.scan, request_limit = options.page,
    items = false })
  repeat
    local lines, err = read_lines(results, most)
    if not lines then
      results:close()
      return nil, err
    end
    if #lines > 0 then
      state.parts, state.items, state.scan = state.parts + 1, state.items + #lines, results:state()
      write(("%s-%04d.jsonl"):format(prefix, state.parts), table.concat(lines))
      write(path, dynamodb.json.encode(state))
      if options.on_progress then options.on_progress(state.items) end
    end
  until #lines < most
  os.remove(path)
  return state.items
end

return export
