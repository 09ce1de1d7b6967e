--- Runs functions concurrently, as coroutines that take turns; a turn ends when the coroutine yields.
---@param functions function[]
---@return table[] results a list of the results of each function; raises an error of any function
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
