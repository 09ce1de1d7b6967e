--- Measures what a function costs without a clock: the instructions of Lua that it executes, and the bytes that it
--- allocates. Patterns are matched by code in Lua meanwhile, so that the steps of their matching count as well.

local cost = {}

local original = { find = string.find, match = string.match, gmatch = string.gmatch, gsub = string.gsub }
local byte, sub = string.byte, string.sub
local unpack = table.unpack or unpack -- luacheck: ignore 113 143

-- {===== Patterns, as the reference manual of Lua defines them =====

local PERCENT, OPEN, CLOSE, DOT, CARET, DOLLAR, MINUS, STAR, PLUS, QUESTION = 37, 91, 93, 46, 94, 36, 45, 42, 43, 63
local PAREN, END_PAREN = 40, 41

-- The members of each class, "%a" and so on.
local CLASSES = {}
for letter in ("acdglpsuwx"):gmatch(".") do
  local members, others = {}, {}
  for i = 0, 255 do
    local is_member = original.find(string.char(i), "%" .. letter) ~= nil
    members[i], others[i] = is_member, not is_member
  end
  CLASSES[byte(letter)], CLASSES[byte(letter:upper())] = members, others
end

-- Returns the position after the single character class at 'p'.
local function class_end(pattern, p)
  local first = byte(pattern, p)
  if first == PERCENT then return p + 2 end
  if first ~= OPEN then return p + 1 end
  p = p + 1
  if byte(pattern, p) == CARET then p = p + 1 end
  repeat
    p = p + (byte(pattern, p) == PERCENT and 2 or 1)
  until byte(pattern, p) == CLOSE
  return p + 1
end

local function is_in_class(char, class)
  local members = CLASSES[class]
  if members then return members[char] end
  return class == char
end

-- 'p' is the position of "[", 'last' that of "]".
local function is_in_set(char, pattern, p, last)
  local found = true
  p = p + 1
  if byte(pattern, p) == CARET then found, p = false, p + 1 end
  while p < last do
    local from = byte(pattern, p)
    if from == PERCENT then
      if is_in_class(char, byte(pattern, p + 1)) then return found end
      p = p + 2
    elseif byte(pattern, p + 1) == MINUS and p + 2 < last then
      if from <= char and char <= byte(pattern, p + 2) then return found end
      p = p + 3
    else
      if from == char then return found end
      p = p + 1
    end
  end
  return not found
end

local function is_single(m, s, p, after)
  local char = byte(m.text, s)
  if not char then return false end
  local first = byte(m.pattern, p)
  if first == DOT then return true end
  if first == PERCENT then return is_in_class(char, byte(m.pattern, p + 1)) end
  if first == OPEN then return is_in_set(char, m.pattern, p, after - 1) end
  return first == char
end

local try

local function repeated(m, s, p, after)
  local count = 0
  while is_single(m, s + count, p, after) do count = count + 1 end
  return count
end

local function greedy(m, s, p, after, least)
  for count = repeated(m, s, p, after), least, -1 do
    local stop = try(m, s + count, after + 1)
    if stop then return stop end
  end
end

local function lazy(m, s, p, after)
  while true do
    local stop = try(m, s, after + 1)
    if stop then return stop end
    if not is_single(m, s, p, after) then return nil end
    s = s + 1
  end
end

local function frontier(m, s, p)
  local after = class_end(m.pattern, p + 2)
  local before, here = s > 1 and byte(m.text, s - 1) or 0, byte(m.text, s) or 0
  if is_in_set(before, m.pattern, p + 2, after - 1) or not is_in_set(here, m.pattern, p + 2, after - 1) then return nil end
  return try(m, s, after)
end

local function open(m, s, p)
  local captures = m.captures
  local is_position = byte(m.pattern, p + 1) == END_PAREN
  captures[#captures + 1] = { s, is_position and "position" or nil }
  local stop = try(m, s, p + (is_position and 2 or 1))
  if not stop then captures[#captures] = nil end
  return stop
end

local function close(m, s, p)
  for i = #m.captures, 1, -1 do
    local capture = m.captures[i]
    if not capture[2] then
      capture[2] = s
      local stop = try(m, s, p + 1)
      if not stop then capture[2] = nil end
      return stop
    end
  end
end

local function back(m, s, p, digit)
  local capture = m.captures[digit]
  local text = sub(m.text, capture[1], capture[2] - 1)
  if sub(m.text, s, s + #text - 1) ~= text then return nil end
  return try(m, s + #text, p + 2)
end

-- Matches the pattern from 'p' at 's' -> the position after the match | nil.
function try(m, s, p)
  local pattern = m.pattern
  local first, second = byte(pattern, p, p + 1)
  if not first then return s end
  if first == PAREN then return open(m, s, p) end
  if first == END_PAREN then return close(m, s, p) end
  if first == DOLLAR and not second then return s == #m.text + 1 and s or nil end
  if first == PERCENT and second == 102 then return frontier(m, s, p) end -- %f
  if first == PERCENT and second >= 49 and second <= 57 then return back(m, s, p, second - 48) end -- %1
  assert(not (first == PERCENT and second == 98), "%b is not supported")
  local after = class_end(pattern, p)
  local suffix = byte(pattern, after)
  if suffix == STAR then return greedy(m, s, p, after, 0) end
  if suffix == PLUS then return greedy(m, s, p, after, 1) end
  if suffix == MINUS then return lazy(m, s, p, after) end
  local fits = is_single(m, s, p, after)
  if suffix == QUESTION then return fits and try(m, s + 1, after + 1) or try(m, s, after + 1) end
  return fits and try(m, s + 1, after) or nil
end

local function captured(m, first, stop)
  if #m.captures == 0 then return sub(m.text, first, stop - 1) end
  local list = {}
  for i, capture in ipairs(m.captures) do
    list[i] = capture[2] == "position" and capture[1] or sub(m.text, capture[1], capture[2] - 1)
  end
  return unpack(list)
end

-- Searches from a position -> first, position after the match, matcher | nil.
local function search(text, pattern, position)
  local m = { text = text, pattern = pattern }
  local is_anchored = byte(pattern, 1) == CARET
  while position <= #text + 1 do
    m.captures = {}
    local stop = try(m, position, is_anchored and 2 or 1)
    if stop then return position, stop, m end
    if is_anchored then return nil end
    position = position + 1
  end
end

local function start_of(text, position)
  position = position or 1
  if position < 0 then position = math.max(#text + position + 1, 1) end
  return math.max(position, 1)
end

local counted = {}

function counted.match(text, pattern, position)
  text = tostring(text)
  local first, stop, m = search(text, pattern, start_of(text, position))
  if first then return captured(m, first, stop) end
end

function counted.find(text, pattern, position, plain)
  text = tostring(text)
  if plain then return original.find(text, pattern, position, true) end
  local first, stop, m = search(text, pattern, start_of(text, position))
  if not first then return nil end
  if #m.captures == 0 then return first, stop - 1 end
  return first, stop - 1, captured(m, first, stop)
end

function counted.gmatch(text, pattern)
  local position, last = 1, nil
  return function()
    while position <= #text + 1 do
      local first, stop, m = search(text, pattern, position)
      if not first then return nil end
      position = math.max(stop, position)
      if stop ~= last then -- an empty match must not follow a match
        last = stop
        return captured(m, first, stop)
      end
      position = position + 1
    end
  end
end

local function replacement(by, m, first, stop)
  local whole = sub(m.text, first, stop - 1)
  local value
  if type(by) == "function" then
    value = by(captured(m, first, stop))
  elseif type(by) == "table" then
    value = by[(captured(m, first, stop))]
  else
    value = original.gsub(by, "%%(.)", function(digit)
      if digit == "0" then return whole end
      return tonumber(digit) and ((select(tonumber(digit), captured(m, first, stop)))) or digit
    end)
  end
  return value or whole
end

function counted.gsub(text, pattern, by, most)
  text = tostring(text)
  local parts, position, count = {}, 1, 0
  local is_anchored = byte(pattern, 1) == CARET
  local m = { text = text, pattern = pattern }
  while count < (most or math.huge) do
    m.captures = {}
    local stop = try(m, position, is_anchored and 2 or 1)
    if stop then
      count = count + 1
      parts[#parts + 1] = tostring(replacement(by, m, position, stop))
    end
    if stop and stop > position then
      position = stop
    elseif position <= #text then
      parts[#parts + 1], position = sub(text, position, position), position + 1
    else
      position = position + 1
      break
    end
    if is_anchored then break end
  end
  parts[#parts + 1] = sub(text, position)
  return table.concat(parts), count
end

--- The functions of 'string' that match patterns, in Lua.
cost.counted = counted

-- ===================== }

local STEP = 100 -- instructions between two counts

--- Calls f(...), which may raise -> instructions, bytes.
function cost.of(f, ...)
  local jit = rawget(_G, "jit")
  local count, arguments, hook, mask, every = 0, { n = select("#", ...), ... }, debug.gethook()
  if jit then
    jit.off()
    jit.flush()
  end
  for name, replaced in pairs(counted) do string[name] = replaced end -- luacheck: ignore 122
  collectgarbage("stop")
  local before = collectgarbage("count")
  debug.sethook(function() count = count + STEP end, "", STEP)
  pcall(f, unpack(arguments, 1, arguments.n))
  debug.sethook(hook, mask, every)
  local bytes = (collectgarbage("count") - before) * 1024
  collectgarbage("restart")
  for name, kept in pairs(original) do string[name] = kept end -- luacheck: ignore 122
  if jit then jit.on() end
  return count, bytes
end

return cost
