--- The error object that this library returns when a call fails, and the function by which it raises for
--- mistakes of the caller.

local core = require("dynamodb.core")

local Error = { __name = "dynamodb.error" }
Error.__index = Error

function Error:__tostring()
  return (self.code or self.kind) .. ": " .. self.message
end

function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

function Error:__inspect(write)
  local fields = {}
  for name, value in next, self do fields[name] = value end
  return "Error " .. write(fields, "fields")
end

---@class dynamodb.Error
---@field kind "service"|"network"|"timeout"|"response"|"credentials"
---@field message string
---@field code? string the service's own name, e.g. "ConditionalCheckFailedException"
---@field status? integer HTTP status
---@field request_id? string
---@field operation? string e.g. "PutItem"
---@field attempts? integer requests sent
---@field retryable boolean true when the same call may succeed later
---@field throttled boolean true when the service asked the client to slow down
---@field ambiguous boolean true when the write may have been applied although the call failed
---@field item? table the stored item, when a condition failed and the item was asked for
---@field reasons? table[] why a transaction was cancelled, in the order of its operations

local errors = {}

--- Makes an error object of these fields.
---@return dynamodb.Error
function errors.new(fields)
  fields.retryable = fields.retryable or false
  fields.throttled = fields.throttled or false
  fields.ambiguous = fields.ambiguous or false
  return setmetatable(fields, Error)
end

--- Returns true for error objects of this library.
function errors.is(value)
  return getmetatable(value) == Error
end

-- core.where() skips the functions whose source begins with the folder of this library's files.
core.library(debug.getinfo(1, "S").source:match("^(.*)error%.lua$"))

--- Raises for a mistake of the caller, at the line of the first caller outside this library.
---@param format string of string.format, and its values
function errors.raise(format, ...)
  error(core.where() .. format:format(...), 0)
end

return errors
