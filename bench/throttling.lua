-- Simulates a hot key with and without ThrottlingReasons: throttling.lua NAME SECONDS
-- Prints lines of NAME, CASE, served requests a second of the hot key and of the other keys, milliseconds of
-- the others' 99th percentile, throttled responses.

local simulate = dofile("bench/throttling_simulation.lua")

local name, seconds = arg[1], tonumber(arg[2])
local CASES = { { "standard", "standard", true }, { "client-wide", "adaptive", false },
  { "by-reason", "adaptive", true } }

for _, case in ipairs(CASES) do
  local found = simulate({ mode = case[2], reasons = case[3], keys = 1000, seconds = seconds, hot = 500,
    others = 1000, limit = 100 })
  print(("%s %s %.1f %.1f %.1f %d"):format(name, case[1], found.hot.served, found.others.served,
    found.others.p99 * 1e3, found.throttled))
end
