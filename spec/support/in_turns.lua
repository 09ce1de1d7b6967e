--- Runs functions concurrently without a scheduler: as coroutines that take turns, each until it yields.
---@param functions function[]
---@return table[] results for each function the list of what it returned; raises what one of them raises
return function(functions)
  local results, threads = {}, {}
  for i, f in ipairs(functions) do
    threads[i] = coroutine.create(function() results[i] = { f() } end)
  end
  local alive = true
  while alive do
    alive = false
    for _, thread in ipairs(threads) do
      if coroutine.status(thread) ~= "dead" then
        alive = true
        assert(coroutine.resume(thread))
      end
    end
  end
  return results
end
