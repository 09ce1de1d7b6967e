-- Exports a table into a file, as JSON lines or CSV, with a progress bar. It can be stopped at any time, also
-- by a kill: the same command goes on from its state file.
--
--   lua examples/export.lua users users.jsonl --segments 8 --rate 100
--   lua examples/export.lua orders orders.csv --columns customer,number:N,total:N,lines:J
--
-- JSON lines are DynamoDB JSON, which keeps every type. CSV has the attributes that --columns names. The
-- region, the credentials and the endpoint come from the environment, such as AWS_ENDPOINT_URL_DYNAMODB.

local dynamodb = require("dynamodb")
local transfer = dofile((arg[0]:match("^(.*/)") or "") .. "transfer.lua")

local USAGE = [[
usage: export.lua TABLE FILE [options]
  --format json|csv     json unless FILE ends in .csv
  --columns LIST        of CSV: id,at:N,... with types S (default), N, B, BOOL, J (JSON)
  --segments COUNT      parts of the table that are read concurrently (4)
  --rate UNITS          read capacity units per second
  --budget UNITS        read capacity units of this run
  --page COUNT          items per request (1 MB)
  --progress            show the bar although this is no terminal]]

local name, path, options = transfer.arguments({ budget = transfer.positive, columns = transfer.columns,
  format = tostring, page = transfer.whole, progress = true, rate = transfer.positive,
  segments = transfer.whole }, USAGE)
local format, state_path = transfer.format_of(path, options), path .. ".export"
local show, end_line = transfer.bar(options.progress)

-- Opens the file: a new one with its first line, or that of an earlier run. What was written after the state
-- was saved will be read again, so the file is copied up to there. A state without 'scan' is of a run that
-- was stopped before it had asked for a page.
local function open_file(state)
  if not state.scan then
    local file = assert(io.open(path, "wb"))
    if format.header then assert(file:write(format.header(options.columns), "\n")) end
    return file
  end
  local old, new, left = assert(io.open(path, "rb")), assert(io.open(path .. ".new", "wb")), state.bytes
  while left > 0 do
    local block = assert(old:read(math.min(left, 2 ^ 20)), path .. " is shorter than its state says")
    assert(new:write(block))
    left = left - #block
  end
  old:close()
  assert(os.rename(path .. ".new", path))
  return new
end

local function export()
  if format == transfer.formats.csv and not options.columns then error("CSV needs --columns", 0) end
  local state = transfer.load_state(state_path)
  local segments = options.segments or 4
  local columns = format.header and format.header(options.columns) or ""
  local same = { table = name, segments = segments, columns = columns }
  if state then transfer.check_state(state_path, state, same, { items = 2 ^ 53, bytes = 2 ^ 53 }) end
  local conn = dynamodb.connect()
  local tbl = assert(conn:get_table(name))
  if not state then
    if io.open(path) then error(path .. " exists, and there is no state from which it could go on", 0) end
    state = { table = name, segments = segments, columns = columns, items = 0, bytes = 0 }
    transfer.save_state(state_path, state)
  end
  local total, before = tbl.item_count, state.items
  local file, items = open_file(state), 0

  -- Called before each page: everything that was returned before is in the file.
  local function on_progress(_, _, scan)
    assert(file:flush())
    transfer.save_state(state_path, { table = name, segments = segments, columns = columns,
      items = before + items, bytes = assert(file:seek()), scan = { segments = scan.segments } })
    show(before + items, total, ("%d items, %g read units"):format(before + items, scan.consumed_units))
  end

  for item in tbl:scan({ segments = segments, state = state.scan, rate = options.rate,
    budget = options.budget, request_limit = options.page, items = false, on_progress = on_progress }) do
    assert(file:write(format.of_item(item, options.columns), "\n"))
    items = items + 1
  end
  assert(file:close())
  os.remove(state_path)
  end_line()
  print(("exported %d items"):format(before + items))
end

transfer.main(end_line, dynamodb.loop.run, export)
