--- The queue of requests that wait for one of a pool's connections. Changing it allocates nothing, so
--- that no request is lost when memory runs out.

local waiting = {}

--- Makes an empty queue. Requests are linked from 'first' to 'last' by their fields 'next'.
function waiting.new() return { first = false, last = false } end

--- Appends a request.
function waiting.append(queue, request)
  if queue.last then queue.last.next = request else queue.first = request end
  queue.last = request
end

--- Removes the first request.
function waiting.drop_first(queue)
  queue.first = queue.first.next
  if not queue.first then queue.last = false end
end

--- Notes that a request no longer waits. Drops such requests from the head of the queue.
function waiting.abandon(queue, request)
  request.abandoned = true
  while queue.first and queue.first.abandoned do waiting.drop_first(queue) end
end

return waiting
