--- A heap of timers, the earliest first. Each entry is a table with its time, 'at', and its position in the
--- heap, 'index'.

local timers = {}

local function up(heap, entry, index)
  local at = entry.at
  while index > 1 do
    local above = (index - index % 2) / 2
    local other = heap[above]
    if other.at <= at then break end
    heap[index], other.index = other, index
    index = above
  end
  heap[index], entry.index = entry, index
end

local function down(heap, entry, index)
  local at, count = entry.at, heap.count
  while true do
    local below = 2 * index
    local other = heap[below]
    if below > count then break end
    if below < count and heap[below + 1].at < other.at then
      below = below + 1
      other = heap[below]
    end
    if at <= other.at then break end
    heap[index], other.index = other, index
    index = below
  end
  heap[index], entry.index = entry, index
end

function timers.new()
  return { count = 0 }
end

--- Adds an entry, or moves it to another time. Nothing has changed when memory runs out.
function timers.put(heap, entry, at)
  local index, before = entry.index, entry.at
  if not index then
    index = heap.count + 1
    heap[index] = entry -- may run out of memory, before anything else has changed
    entry.at = at
    heap.count = index
    up(heap, entry, index)
    return
  end
  entry.at = at
  if at < before then
    up(heap, entry, index)
  else
    down(heap, entry, index)
  end
end

--- Removes an entry, if it is in the heap.
function timers.remove(heap, entry)
  local index, count = entry.index, heap.count
  if not index then return end
  local last = heap[count]
  heap[count], heap.count = nil, count - 1
  entry.index = false -- not nil, so that the field keeps its memory
  if last == entry then return end
  if last.at < entry.at then up(heap, last, index) else down(heap, last, index) end
end

return timers
