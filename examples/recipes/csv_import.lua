--- Imports a CSV file into a table. An import that was interrupted goes on where it stopped.

local dynamodb = require("dynamodb")

local csv_import = {}

local function has_open_quote(text) return select(2, text:gsub('"', "")) % 2 == 1 end

-- Splits a record into fields -> list | false for a quote in the middle of one. Quotes may have commas.
local function split(text)
  local fields, at, record = {}, 1, text .. ","
  while at <= #record do
    local comma = record:find(",", at, true)
    while has_open_quote(record:sub(at, comma)) do comma = record:find(",", comma + 1, true) end
    local field = record:sub(at, comma - 1)
    if field:find('"', 1, true) and not field:find('^".*"$') then return false end
    fields[#fields + 1] = field:match('^"') and field:sub(2, -2):gsub('""', '"') or field
    at = comma + 1
  end
  return fields
end

-- Reads a record, which may have line breaks within quotes -> list of fields | false | nil at the end.
local function read_record(file)
  local record = file:read("*l")
  while record and has_open_quote(record) do
    record = record .. "\n" .. assert(file:read("*l"), "csv_import: the last quote is not closed")
  end
  return record and split((record:gsub("\r$", "")))
end

-- Reads what an earlier import of this file has saved | nil when there is none.
local function read_state(path, size)
  local file = io.open(path)
  if not file then return nil end
  local state = dynamodb.json.decode(file:read("*a"))
  file:close()
  return assert(type(state) == "table" and state.size == size and state,
    "csv_import: the file is not that of " .. path)
end

-- Saves the state. If the program ends meanwhile, there is either the old one or the new one.
local function write_state(path, state)
  local file = assert(io.open(path .. ".new", "w"))
  assert(file:write(dynamodb.json.encode(state)) and file:close())
  assert(os.rename(path .. ".new", path))
end

--- Imports a file whose first record has the names. Raises when a file cannot be read or written.
---@param tbl dynamodb.Table
---@param path string
---@param convert function(record) -> attributes | nil, why the record is rejected
---@param options? table chunk (records between two saved states; 500), on_progress (function(state) after
--- each chunk), on_rejected (function(number of the record, why))
---@return table? state rows, rejected, offset and size in bytes
---@return dynamodb.Error? err; the import may be called again
function csv_import.run(tbl, path, convert, options)
  options = options or {}
  local file, state_path = assert(io.open(path, "rb")), path .. ".state"
  local size = file:seek("end")
  file:seek("set")
  local names = read_record(file) or {}
  local state = read_state(state_path, size) or { size = size, offset = file:seek(), rows = 0, rejected = 0 }
  file:seek("set", state.offset)
  while state.offset < size do
    local items, last = {}, state.rows + (options.chunk or 500)
    while state.rows < last do
      local fields, record = read_record(file), {}
      if fields == nil then break end
      for i, name in ipairs(names) do record[name] = fields and fields[i] end
      local item, why = nil, "its quotes or commas are wrong"
      if fields and #fields <= #names then item, why = convert(record) end
      state.rows, items[#items + 1] = state.rows + 1, item
      if not item then
        state.rejected = state.rejected + 1
        if options.on_rejected then options.on_rejected(state.rows, why) end
      end
    end
    local ok, err = tbl:batch_write({ put = items }, { concurrency = 4 })
    if not ok then file:close() return nil, err end
    state.offset = file:seek()
    write_state(state_path, state)
    if options.on_progress then options.on_progress(state) end
  end
  file:close()
  os.remove(state_path)
  return state
end

return csv_import
