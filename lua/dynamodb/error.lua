--- The one kind of error this library returns (something the world did), and the one way it raises (something
--- the caller did wrong, told at the caller's line).

local getinfo = debug.getinfo

local Error = { __name = "dynamodb.error" }
Error.__index = Error

function Error:__tostring()
  return (self.code or self.kind) .. ": " .. self.message
end

function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

---@class dynamodb.Error
---@field kind "service"|"network"|"timeout"|"response"|"credentials"
---@field message string
---@field code? string the service's own name, e.g. "ConditionalCheckFailedException"
---@field status? integer HTTP status
---@field request_id? string
---@field operation? string e.g. "PutItem"
---@field attempts? integer requests sent
---@field retryable boolean may the same call succeed later?
---@field throttled boolean did the service ask for less?
---@field ambiguous boolean may a write have happened although it failed?
---@field item? table the stored item, when a condition failed and it was asked for
---@field reasons? table[] why a transaction was cancelled, in the order of its operations

local errors = {}

---@return dynamodb.Error
function errors.new(fields)
  fields.retryable = fields.retryable or false
  fields.throttled = fields.throttled or false
  fields.ambiguous = fields.ambiguous or false
  return setmetatable(fields, Error)
end

--- Is the value an error object of this library?
function errors.is(value)
  return getmetatable(value) == Error
end

-- Where this library's own files are: callers are everybody else.
local here = getinfo(1, "S").source:match("^(.*)error%.lua$")
require("dynamodb.core").library(here)

--- Raises for a mistake of the caller's, with the position of the first caller outside this library.
function errors.raise(format, ...)
  local message = format:format(...)
  for level = 2, math.huge do
    local info = getinfo(level, "Sl")
    if not info then error(message, 0) end
    if info.what ~= "C" and info.source:sub(1, #here) ~= here then
      error(("%s:%d: %s"):format(info.short_src, info.currentline, message), 0)
    end
  end
end

return errors
