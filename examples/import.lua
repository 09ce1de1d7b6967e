-- Imports a file of JSON lines or CSV into a table, with a progress bar. It can be stopped at any time, also
-- by a kill: the same command goes on from its state file. Lines that were sent after the state was saved are
-- sent again, which changes nothing, since each puts a whole item.
--
--   lua examples/import.lua users users.jsonl --concurrency 4 --rate 100
--   lua examples/import.lua orders orders.csv
--
-- JSON lines are DynamoDB JSON, as examples/export.lua and exports to S3 write it. The first line of CSV has
-- the names of the attributes, with types as in "id,at:N"; --columns says what they are where it does not.

local dynamodb = require("dynamodb")
local transfer = dofile((arg[0]:match("^(.*/)") or "") .. "transfer.lua")

local USAGE = [[
usage: import.lua TABLE FILE [options]
  --format json|csv     json unless FILE ends in .csv
  --columns LIST        of CSV, in place of its first line: id,at:N,... with types S (default), N, B, BOOL, J
  --concurrency COUNT   requests at the same time (4)
  --rate UNITS          write capacity units per second
  --budget UNITS        write capacity units of this run
  --progress            show the bar although this is no terminal]]

local name, path, options = transfer.arguments({ budget = transfer.positive, columns = transfer.columns,
  concurrency = transfer.whole, format = tostring, progress = true, rate = transfer.positive }, USAGE)
local format, state_path = transfer.format_of(path, options), path .. ".import"
local show, end_line = transfer.bar(options.progress)

-- Reads the next record -> text without its end of line, bytes | nil at the end.
local function read_record(file)
  local text = file:read("*L")
  while text and format.is_open and format.is_open(text) do
    text = text .. assert(file:read("*L"), "a quote is not closed")
  end
  return text and text:gsub("\r?\n$", ""), text and #text
end

local function import()
  local file = assert(io.open(path, "rb"))
  local size = file:seek("end")
  local state = transfer.load_state(state_path)
  if state then
    transfer.check_state(state_path, state, { table = name, size = size },
      { position = size, items = 2 ^ 53 })
  end
  local position, items, columns = 0, state and state.items or 0, options.columns
  file:seek("set", 0)
  if format.header then
    local header, bytes = read_record(file)
    columns = columns or transfer.columns(header or "")
      or error(path .. ": the first line has no names, or an unknown type", 0)
    position = bytes or 0
  end
  if state then position = state.position end
  file:seek("set", position)
  local conn = dynamodb.connect()
  local tbl = assert(conn:get_table(name))

  -- Called after each batch, and at the end: when nothing is collected, everything up to the position is
  -- written.
  local function on_progress(done, _, writer)
    if writer.collected > 0 then return end
    transfer.save_state(state_path, { table = name, size = size, position = position, items = items + done })
    show(position, size, ("%d items"):format(items + done))
  end

  local writer = tbl:batch_writer({ concurrency = options.concurrency or 4, rate = options.rate,
    budget = options.budget, on_progress = on_progress })
  for text, bytes in function() return read_record(file) end do
    local start = position
    position = position + bytes -- before the call of on_progress
    local done, ok, err = pcall(function()
      if text == "" then return true end
      return writer:put(format.to_item(text, columns))
    end)
    if not done then
      local why = dynamodb.is_error(ok) and ok.message or tostring(ok)
      error(("%s: byte %d: %s"):format(path, start, why), 0)
    end
    assert(ok, err)
  end
  assert(writer:close())
  file:close()
  os.remove(state_path)
  end_line()
  print(("imported %d items"):format(items + writer.written))
end

transfer.main(end_line, import)
