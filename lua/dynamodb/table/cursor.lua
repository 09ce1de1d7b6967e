--- Where results resume reading: what is needed of the element returned last, and the keys after which the
--- pages go on. The functions take the table of fields of the results.

local core = require("dynamodb.core")
local options = require("dynamodb.base.options")

local cursor = {
  NO_PAGE = { items = {} }, -- while results are before a page
}

local NO_PAGE = cursor.NO_PAGE

--- Returns a place for the key attributes of an element.
function cursor.new_key_values(plan)
  local values = {}
  for i in ipairs(plan.key_names or values) do values[i] = false end
  return values
end

--- Returns true for the last page of a segment that is followed by another one.
function cursor.is_followed(self, page)
  local segments = self._plan.segments
  return not page.next and segments and page.segment + 1 < segments
end

--- Remembers the key of the element returned last: the item, which keeps the text that it was read from, or
--- the key attributes of a plain table. It runs for every element, so it makes no call.
function cursor.remember(self, element)
  local plan = self._plan
  local names = plan.key_names
  if not names then return end
  if plan.owner then
    self._last_item = element
  else
    local values = self._key_values
    for i = 1, #names do values[i] = element[names[i]] end
  end
end

--- Returns the key of the element returned last.
function cursor.last_key(self)
  local key, item = {}, self._plan.owner and assert(core.decode(core.item_source(self._last_item), "item"))
  for i, name in ipairs(self._plan.key_names) do
    if item then key[name] = item[name] else key[name] = self._key_values[i] end
  end
  return key
end

--- Returns the key after which the current page is to be resumed. Where elements have no keys, a page that
--- was returned in part is resumed at its start.
function cursor.resume_key(self)
  if self._replay then return self._replay.key end
  local page, position = self._page, self._position
  if page == NO_PAGE then return self._start_key end
  -- The service's own key may have more members.
  if position == #page.items and not cursor.is_followed(self, page) then return page.next end
  return position > 0 and self._plan.key_names and cursor.last_key(self) or self._start_key
end

--- Returns true when every element was returned: nothing is left to resume. Not for scans by segments.
function cursor.is_finished(self)
  if self._is_closed then return self._is_finished end
  if self.requests == 0 or self._replay then return false end
  local page = self._page
  if page == NO_PAGE then return self._start_key == nil end
  return self._position == #page.items and not page.next
end

--- Returns for each segment the key to resume after: false when the segment is finished, nil at its start.
function cursor.resume_keys(self)
  if self._replay then return options.merge(self._replay.resume_keys) end
  local page, keys = self._page, options.merge(self._resume_keys)
  if page == NO_PAGE then return keys end
  local segment, position = page.segment or 0, self._position
  if position == #page.items then
    keys[segment] = page.next or false
  elseif position > 0 and self._plan.key_names then
    keys[segment] = cursor.last_key(self)
  end
  return keys
end

--- Returns where each of the segments can be resumed, as a table that also survives JSON.
---@param count integer segments
function cursor.state(self, count)
  local list, keys = {}, cursor.resume_keys(self)
  for segment = 0, count - 1 do
    local key = keys[segment]
    list[segment + 1] = { done = key == false, key = key and core.encode(key, "item") or nil }
  end
  return { segments = list }
end

--- Adds to an error what is needed to go on after it: the count so far, and the key or the state of the
--- segments.
function cursor.add_to(self, err)
  local segments = self._plan.segments
  err.count = self.count
  if segments then
    err.state = cursor.state(self, segments)
  else
    err.last_evaluated_key = cursor.resume_key(self)
  end
end

--- Returns what on_progress is told of results.
function cursor.describe(self)
  local segments = self._plan.segments
  local state = segments and cursor.state(self, segments)
    or { last_evaluated_key = cursor.resume_key(self) }
  state.requests, state.scanned_count, state.consumed_units = self.requests, self.scanned_count,
    self.consumed_units
  return self.count, nil, state
end

return cursor
