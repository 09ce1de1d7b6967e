--- A writer inside nginx: the handler of requests that each run one round in light threads.

local round = dofile("spec/soak/round.lua")

local handler = {}
local writer, warm_at, is_warm

--- Runs a round of some seconds. The first one of a worker makes its writer.
--- 'settings' are those of round.new without the generation, which is the worker's process id, and 'ends', when the last round
--- ends.
function handler.run(settings, seconds)
  if not writer then
    settings.generation, warm_at = ngx.worker.pid(), round.warm_at(settings.ends)
    local file = assert(io.open(settings.directory .. "/" .. settings.name .. ".pid", "w")) -- who is to be killed
    file:write(ngx.worker.pid(), "\n")
    file:close()
    writer = round.new(settings)
  end
  round.run(writer, math.min(os.time() + seconds, settings.ends))
  if os.time() < warm_at then return end
  round.measure(writer, is_warm and "last" or "warm")
  is_warm = true
end

return handler
