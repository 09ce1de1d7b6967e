-- What spec/scenarios/faults_spec.lua runs in a separate process: memory_growth_process.lua URL gzip|plain ... calls each server,
-- whose responses try to exhaust memory, and prints the error's kind, how many attempts there were, and by how many kilobytes the
-- process has grown at most until then.

local scripted = dofile("spec/support/scripted_server.lua")

-- The most memory that the system has given to this process at a time.
local function peak()
  for line in io.lines("/proc/self/status") do
    local kilobytes = line:match("^VmHWM:%s*(%d+)")
    if kilobytes then return tonumber(kilobytes) end
  end
end

local before
for i = 1, #arg, 2 do
  local conn = scripted.connect({ endpoint_url = arg[i] }, { compression = arg[i + 1] == "gzip", max_attempts = 2 })
  before = before or peak()
  local result, err = conn:call("GetItem", { TableName = "t", Key = { id = "a" } })
  conn:close()
  io.write(("%s %d %d\n"):format(result and "none" or err.kind, err and err.attempts or 0, peak() - before))
end
