--- The object that users hold as results: userdata over the table of fields that table/results works on. It
--- is no table, so that ipairs(results), pairs(results) and #results raise on every Lua instead of looking
--- empty.

local late = require("dynamodb.base.late")
local arguments = require("dynamodb.base.arguments")
local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local inspect = late.module("dynamodb.values.inspect")

local results_object = {}

local class, fields_of = core.results_class, core.results_fields

local ADVICE = "say 'for item in results do', or results:all() for a list"

-- Members of the service's responses, which other clients return in place of results.
local members = { ConsumedCapacity = "results.consumed_capacity", Count = "results.count", Items = ADVICE,
  LastEvaluatedKey = "results.last_evaluated_key", ScannedCount = "results.scanned_count" }

local Fields = {}

local signatures = { cursor = "secret, options" } -- the other methods take no argument

--- Defines what results do.
---@param methods table functions of the fields, by name
---@param call function of the object: the next element, for loops
---@param last_evaluated_key function of the fields
function results_object.define(methods, call, last_evaluated_key)
  local takes = {}
  for name, method in pairs(methods) do
    class.methods[name] = function(object) return method(fields_of(object)) end
    takes[name] = signatures[name] or ""
    if signatures[name] then
      class.methods[name] = function(object, ...) return method(fields_of(object), ...) end
    end
  end
  arguments.check_methods(class.methods, "results", { class }, takes)
  class.__call = call
  function class.__close(object) methods.close(fields_of(object)) end

  function Fields:__index(name)
    if name == "last_evaluated_key" then return last_evaluated_key(self) end
    if type(name) == "number" then errors.raise("results[%s]: results are no list: %s", name, ADVICE) end
    if members[name] then errors.raise("results.%s: results have no such field: %s", name, members[name]) end
  end
end

function class.__tostring(object)
  local self = fields_of(object)
  local subject = self._table and self._operation .. " " .. tostring(self._table) or self._operation
  return ("Results(%s: %d items in %d pages so far)"):format(subject, self.count, self.requests)
end

local shown = { "count", "scanned_count", "consumed_units", "requests", "remaining", "segment" }

function class.__inspect(object, write)
  return inspect.fields("Results", shown)(object, write)
end

function class.__len() errors.raise("#results: results are no list: %s", ADVICE) end

function class.__pairs() errors.raise("pairs(results): results are no table: %s", ADVICE) end

--- Makes the object of a table of fields: count, requests, _operation, _table, and those of the methods.
---@return userdata
function results_object.new(fields)
  return core.results(setmetatable(fields, Fields))
end

return results_object
