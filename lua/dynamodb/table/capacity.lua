--- Consumed capacity: the options on it, and its sum over the requests of one operation.
-- Source: API reference, ConsumedCapacity.

local late = require("dynamodb.base.late")
local options = require("dynamodb.base.options")

local capacity = {}

--- The value of option 'return_consumed_capacity', in upper case, as AWS writes it, or in lower case -> the
--- member ReturnConsumedCapacity of a request.
capacity.as_sent = {}
for _, name in ipairs({ "TOTAL", "INDEXES", "NONE" }) do
  capacity.as_sent[name], capacity.as_sent[name:lower()] = name, name
end

--- Validates that option.
function capacity.option(value)
  return capacity.as_sent[value] ~= nil, "total, indexes or none"
end

--- The options of methods that can tell what they would take.
capacity.options = { explain = options.boolean, return_consumed_capacity = capacity.option }

--- Explains a call of a method, in place of the call: table/explain.
capacity.explain = late.call("dynamodb.table.explain", "run")

-- Adds the members of a ConsumedCapacity: numbers, and tables (of the table, of indexes by name) -> a new
-- table, so that the sum is right also when memory runs out.
local function add(before, consumed)
  local sum = options.merge(before)
  for name, value in pairs(consumed) do
    if type(value) == "number" then
      sum[name] = (type(sum[name]) == "number" and sum[name] or 0) + value
    elseif type(value) == "table" then
      sum[name] = add(type(sum[name]) == "table" and sum[name] or {}, value)
    else
      sum[name] = value
    end
  end
  return sum
end

--- Adds the consumed capacity of one request to a sum.
---@param sum? table ConsumedCapacity; nil before the first request
---@param consumed any ConsumedCapacity of a response; nil when it was not asked for
---@return table? sum
function capacity.add(sum, consumed)
  if type(consumed) ~= "table" then return sum end
  return add(sum or {}, consumed)
end

--- Adds the list of ConsumedCapacity of one request, one for each table, to a list of sums.
---@param sums? table list of ConsumedCapacity; nil before the first request
---@param list any of a response; nil when it was not asked for
---@return table? sums
function capacity.add_list(sums, list)
  if type(list) ~= "table" then return sums end
  sums = sums or {}
  for _, consumed in ipairs(list) do
    local position = #sums + 1
    for i, sum in ipairs(sums) do
      if sum.TableName == consumed.TableName then position = i end
    end
    sums[position] = capacity.add(sums[position], consumed)
  end
  return sums
end

--- Returns the results of a method: the value, or the value, nil and the consumed capacity when there is one.
function capacity.results(value, consumed)
  if consumed ~= nil then return value, nil, consumed end
  return value
end

return capacity
