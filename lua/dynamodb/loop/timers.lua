--- A heap of timers, the earliest first. Each entry is a table with its time, 'at', and its position in the
--- heap, 'place'.

local timers = {}

local function up(heap, entry, place)
  local at = entry.at
  while place > 1 do
    local above = (place - place % 2) / 2
    local other = heap[above]
    if other.at <= at then break end
    heap[place], other.place = other, place
    place = above
  end
  heap[place], entry.place = entry, place
end

local function down(heap, entry, place)
  local at, count = entry.at, heap.count
  while true do
    local below = 2 * place
    local other = heap[below]
    if below > count then break end
    if below < count and heap[below + 1].at < other.at then
      below = below + 1
      other = heap[below]
    end
    if at <= other.at then break end
    heap[place], other.place = other, place
    place = below
  end
  heap[place], entry.place = entry, place
end

function timers.new()
  return { count = 0 }
end

--- Adds an entry, or moves it to another time. Nothing has changed when memory runs out.
function timers.put(heap, entry, at)
  local place, before = entry.place, entry.at
  if not place then
    place = heap.count + 1
    heap[place] = entry -- may run out of memory, before anything else has changed
    entry.at = at
    heap.count = place
    up(heap, entry, place)
    return
  end
  entry.at = at
  if at < before then
    up(heap, entry, place)
  else
    down(heap, entry, place)
  end
end

--- Removes an entry, if it is in the heap.
function timers.remove(heap, entry)
  local place, count = entry.place, heap.count
  if not place then return end
  local last = heap[count]
  heap[count], heap.count = nil, count - 1
  entry.place = false -- not nil, so that the field keeps its memory
  if last == entry then return end
  if last.at < entry.at then up(heap, last, place) else down(heap, last, place) end
end

return timers
