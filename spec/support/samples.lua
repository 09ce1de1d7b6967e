--- Returns how many random inputs a spec tries: 'count', or the per cent of it that the environment variable
--- SPEC_SAMPLES names, at least 1. Checks that run each instruction slowly set it; other checks run all inputs.
return function(count)
  return math.max(math.ceil(count * tonumber(os.getenv("SPEC_SAMPLES") or 100) / 100), 1)
end
