--- How many inputs specs try that try very many. `make test` and the checks that run each instruction slowly set the
--- environment variable SPEC_SAMPLES to a share in per cent; `make test-built` and `make spec` run all inputs.
local SHARE = tonumber(os.getenv("SPEC_SAMPLES") or 100)

local samples = {}

--- Returns how many of 'count' random inputs to try, at least 1.
function samples.count(count)
  return math.max(math.ceil(count * SHARE / 100), 1)
end

--- Returns the step of a loop over all inputs in order: 1 when all are tried.
function samples.step()
  return math.max(math.floor(100 / SHARE), 1)
end

return samples
