--- A heap of timers, the earliest first. Each entry is a table with its time, 'at', and its position in the
--- heap, 'index'.

local timers = {}

local function up(list, entry, index)
  local at = entry.at
  while index > 1 do
    local above = (index - index % 2) / 2
    local other = list[above]
    if other.at <= at then break end
    list[index], other.index = other, index
    index = above
  end
  list[index], entry.index = entry, index
end

local function down(heap, entry, index)
  local at, count, list = entry.at, heap.count, heap.list
  while true do
    local below = 2 * index
    local other = list[below]
    if below > count then break end
    if below < count and list[below + 1].at < other.at then
      below = below + 1
      other = list[below]
    end
    if at <= other.at then break end
    list[index], other.index = other, index
    index = below
  end
  list[index], entry.index = entry, index
end

--- Makes a heap without timers.
function timers.new()
  -- The list has no other fields: LuaJIT loses elements of a table that has some, when it cannot grow.
  return { count = 0, list = {} }
end

--- Returns the earliest entry | nil.
function timers.first(heap)
  return heap.list[1]
end

--- Adds an entry, or moves it to another time. Nothing has changed when memory runs out, provided that the
--- entry has the fields 'at' and 'index' (false while it is not in the heap).
function timers.put(heap, entry, at)
  local index, before = entry.index, entry.at
  if not index then
    index = heap.count + 1
    heap.list[index] = entry -- may run out of memory, before anything else has changed
    heap.count, entry.at, entry.index = index, at, index
    up(heap.list, entry, index)
    return
  end
  entry.at = at
  if at < before then
    up(heap.list, entry, index)
  else
    down(heap, entry, index)
  end
end

--- Removes an entry, if it is in the heap.
function timers.remove(heap, entry)
  local index, count, list = entry.index, heap.count, heap.list
  if not index then return end
  local last = list[count]
  list[count], heap.count = nil, count - 1
  entry.index = false -- not nil, so that the field keeps its memory
  if last == entry then return end
  if last.at < entry.at then up(list, last, index) else down(heap, last, index) end
end

return timers
