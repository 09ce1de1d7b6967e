--- A writer's rounds: several tasks that write and read for some seconds. The same in plain Lua and inside nginx.

local dynamodb = require("dynamodb")
local generate = dofile("spec/support/random_source.lua")
local helper = dofile("spec/support/helper.lua")
local layout = dofile("spec/soak/layout.lua")
local ledger = dofile("spec/soak/ledger.lua")
local reads = dofile("spec/soak/reads.lua")
local standard = require("dynamodb.transport.auto")
local writes = dofile("spec/soak/writes.lua")

local round = {}

local TASKS = 6
local JUMP = 60 -- operations of a task from one jump of the clock to the next, on average
local LIFETIME = 20 -- seconds of the credentials of the function
local WARM_UP = 12 -- seconds, at least

-- The kinds of operations, and how often each of them is done. The order is the same in every process.
local KINDS = {
  { writes, { add = 6, exact = 4, compare = 6, modify = 4, version = 4, put = 8, insert = 3, batch = 3, collect = 2,
    pair = 4, cancel = 3 } },
  { reads, { scan = 2, query = 3, get = 2, pair = 2 } },
}
local operations = {}
for _, kind in ipairs(KINDS) do
  for _, name in ipairs(helper.names_of(kind[2])) do
    for _ = 1, kind[2][name] do operations[#operations + 1] = { name = name, run = kind[1][name] } end
  end
end

-- Returns the transport with a clock that can jump: transport.offset is in seconds.
local function jumping_transport()
  local transport = setmetatable({ offset = 0 }, { __index = standard })
  function transport.time() return standard.time() + transport.offset end
  return transport
end

-- Returns a function that returns new credentials at each call.
local function credentials_of(name, transport)
  local count = 0
  return function()
    count = count + 1
    return { aws_access_key_id = "AKIDSOAK", aws_secret_access_key = "secret", expires = transport.time() + LIFETIME,
      aws_session_token = name .. count }
  end
end

local function connect(settings, transport, name)
  local credentials = settings.profile == nil and credentials_of(name, transport) or nil
  return dynamodb.connect({ endpoint_url = settings.url, region = "us-east-1", sdk_ua_app_id = settings.name,
    profile = settings.profile, credentials = credentials, transport = transport, attempt_timeout = 1, connect_timeout = 1,
    deadline = 5 })
end

--- Makes a writer. 'settings': name, which the proxy is told; generation, a number that no other process of this name has;
--- directory of the ledgers; seed; url of the proxy; profile with a credential process, or nil for a function.
function round.new(settings)
  local name = settings.name .. "_" .. settings.generation
  local transport = jumping_transport()
  local conn = connect(settings, transport, name)
  return { settings = settings, transport = transport, conn = conn, tables = layout.tables(conn),
    ledger = ledger.open(settings.directory, name), random = generate.new(settings.seed + 7919 * settings.generation) }
end

local function run_task(writer, random, ends)
  local job = { conn = writer.conn, tables = writer.tables, ledger = writer.ledger, random = random }
  repeat
    if random:once_in(JUMP) then
      writer.transport.offset = random:pick({ 0, -7200, 7200, 600 })
      job.ledger:note("clock", writer.transport.offset)
    end
    local operation = random:pick(operations)
    local ok, raised = pcall(operation.run, job)
    if not ok then job.ledger:note("difference", operation.name, "raised", (tostring(raised):gsub("\n", " "))) end
  until os.time() >= ends
end

--- Runs a round until a time in seconds since 1970, and a little longer: operations are finished.
function round.run(writer, ends)
  local calls, before = {}, writer.ledger.done
  for i = 1, TASKS do
    local random = generate.new(writer.random:integer(1, 1000000000))
    calls[i] = function() run_task(writer, random, ends) end
  end
  local _, errs = dynamodb.gather(calls)
  for _, err in pairs(errs or {}) do writer.ledger:note("difference", "a task ended:", tostring(err)) end
  writer.ledger:note("round", writer.ledger.done - before)
end

--- Returns when the warm-up of a process that starts now is over. Memory reaches its peak after some time, since the greatest
--- number of large responses at the same time is rare.
function round.warm_at(ends)
  return os.time() + math.max(WARM_UP, (ends - os.time()) / 3)
end

--- Notes the resources in use as measure "warm" or "last": Lua's memory and resident memory in kilobytes, descriptors except
--- those of connections.
function round.measure(writer, name)
  if jit then jit.flush() end -- discards compiled code, which the collector would keep
  local lua = helper.collect()
  writer.ledger:note("measure", name, ("%.0f"):format(lua), helper.resident(),
    helper.descriptors() - (writer.conn:stats().connections_open or 0))
end

return round
