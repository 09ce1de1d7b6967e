--- The error object that this library returns when a call fails, and the function by which it raises for
--- mistakes of the caller.

local core = require("dynamodb.core")

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local Error = { __name = "dynamodb.error" }
Error.__index = Error

local errors = {}

--- Returns "CODE: message" of an error object, or "kind: message" of one without code.
function errors.reason(err)
  return (err.code or err.kind) .. ": " .. err.message
end

-- "PutItem users: ResourceNotFoundException: no such table (app.lua:12)"; unknown parts are left out.
function Error:__tostring()
  local operation, name = self.operation, self.table
  local subject = operation and operation .. (name and " " .. name or "") .. ": " or ""
  return subject .. errors.reason(self) .. (self.where and " (" .. self.where .. ")" or "")
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
---@field table? string the name of the table, when the request was for one table
---@field where? string the caller's line, "file:line"
---@field attempts? integer requests sent
---@field retryable boolean true when the same call may succeed later
---@field throttled boolean true when the service asked the client to slow down
---@field ambiguous boolean true when the write may have been applied although the call failed
---@field item? table the stored item, when a condition failed and the item was asked for
---@field reasons? table[] why a transaction was cancelled, in the order of its operations

--- Sets the error's 'where' to the line of the first caller outside this library, unless it is set or there
--- is no such caller, as in a task that this library started. What returns an error to the user calls it.
---@return dynamodb.Error err
function errors.locate(err)
  err.where = err.where or core.where():match("^(.*): $")
  return err
end

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
---@param format string of string.format, and its values; tables among them are shown by tostring
function errors.raise(format, ...)
  local values, count = { ... }, select("#", ...)
  for i = 1, count do
    if type(values[i]) == "table" then values[i] = tostring(values[i]) end
  end
  error(core.where() .. format:format(unpack(values, 1, count)), 0)
end

return errors
