--- Moments to come, the earliest first: a heap of tables, each of which knows its moment, 'at', and its
--- place.

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

--- Puts an entry in, or moves it to another moment.
function timers.put(heap, entry, at)
  local place, before = entry.place, entry.at
  entry.at = at
  if not place then
    heap.count = heap.count + 1
    up(heap, entry, heap.count)
  elseif at < before then
    up(heap, entry, place)
  else
    down(heap, entry, place)
  end
end

--- Takes an entry out, if it is in.
function timers.remove(heap, entry)
  local place, count = entry.place, heap.count
  if not place then return end
  local last = heap[count]
  heap[count], heap.count = nil, count - 1
  entry.place = nil
  if last == entry then return end
  if last.at < entry.at then up(heap, last, place) else down(heap, last, place) end
end

return timers
