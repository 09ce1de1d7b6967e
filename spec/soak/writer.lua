-- A writer process in plain Lua: writer.lua NAME DIRECTORY SEED ENDS URL PROFILE GENERATION
-- ENDS is when it ends, in seconds since 1970; URL is the proxy's; PROFILE has a credential process, "-" selects a function.

local round = dofile("spec/soak/round.lua")

local ROUND = 3 -- seconds

local ends = tonumber(arg[4])
local warm_at = round.warm_at(ends)
local writer = round.new({ name = arg[1], directory = arg[2], seed = tonumber(arg[3]), url = arg[5],
  profile = arg[6] ~= "-" and arg[6] or nil, generation = tonumber(arg[7]) })
local is_warm = false
while os.time() < ends do
  round.run(writer, math.min(os.time() + ROUND, ends))
  if not is_warm and os.time() >= warm_at then
    is_warm = true
    round.measure(writer, "warm")
  end
end
if is_warm then round.measure(writer, "last") end
writer.conn:close()
