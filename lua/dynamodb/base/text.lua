--- Texts of any length: trims and shortens them in time that is linear in their length. A pattern such as
--- "^%s*(.-)%s*$" takes quadratic time where a text has many blanks.

local text = {}

local MOST_SHOWN = 200 -- bytes

--- Returns the text without the blanks at both ends.
function text.trim(whole)
  local first = whole:match("^%s*()")
  return whole:match("^.*%S", first) or ""
end

--- Returns the text for a message: one that is longer than 200 bytes ends in "...".
function text.shown(whole)
  if #whole <= MOST_SHOWN then return whole end
  return whole:sub(1, MOST_SHOWN):gsub("[\192-\255][\128-\191]*$", "") .. "..." -- no part of a character
end

return text
