-- The process of spec/scenarios/faults_spec.lua: memory_growth_process.lua URL gzip|plain ... Calls each server, whose responses
-- try to exhaust memory. Prints for each call the kind of the error, the number of attempts, and the peak growth of the process
-- so far in kilobytes.

local scripted = dofile("spec/support/scripted_server.lua")

-- Peak resident memory of this process in kilobytes.
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
