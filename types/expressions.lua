---@meta

-- Conditions and updates: doc/expressions.md.

---A path such as `"a.b[2].c"`, or a list of its steps.
---@alias dynamodb.Path string|(string|integer)[]

---The attributes to return: a list of paths, or text with commas.
---@alias dynamodb.Projection string|dynamodb.Path[]

---What options such as `condition` and `filter` accept: a condition, tests by path, text, or text with its values.
---@alias dynamodb.ConditionLike dynamodb.Condition|string|table

---What the option `update` accepts: a builder, values and actions by path, or text with its values.
---@alias dynamodb.UpdateLike dynamodb.Update|string|table

---The types of attributes, by which dynamodb.attribute_type tests.
---@alias dynamodb.AttributeType "S"|"N"|"B"|"BOOL"|"NULL"|"L"|"M"|"SS"|"NS"|"BS"

---A condition, or a test for use under the path of an attribute.
---@class dynamodb.Condition
---@operator band(dynamodb.Condition): dynamodb.Condition
---@operator bor(dynamodb.Condition): dynamodb.Condition
---@operator bnot: dynamodb.Condition

---An action of an update, for use under the path of an attribute.
---@class dynamodb.Action

---An attribute, whose methods are tests: dynamodb.attr makes it.
---@class dynamodb.Attr
local Attr = {}

---The size of the attribute, with the same methods.
---@return dynamodb.Attr size
function Attr:size() end

---True if the attribute has the type `"S"`, `"N"`, `"B"`, `"BOOL"`, `"NULL"`, `"L"`, `"M"`, `"SS"`, `"NS"`
---or `"BS"`.
---@param value dynamodb.AttributeType
---@return dynamodb.Condition condition
function Attr:attribute_type(value) end

---True if the attribute, a string or binary, begins with the value.
---@param value any
---@return dynamodb.Condition condition
function Attr:begins_with(value) end

---True if the attribute is between the values, both included: strings, numbers or binaries.
---@param low any
---@param high any
---@return dynamodb.Condition condition
function Attr:between(low, high) end

---True if the attribute has this part of a string, or this element of a set or list.
---@param value any
---@return dynamodb.Condition condition
function Attr:contains(value) end

---True if the attribute equals the value, of any type.
---@param value any
---@return dynamodb.Condition condition
function Attr:eq(value) end

---True if the attribute exists.
---@return dynamodb.Condition condition
function Attr:exists() end

---True if the attribute is greater than or equal to the value: a string, number or binary.
---@param value any
---@return dynamodb.Condition condition
function Attr:ge(value) end

---True if the attribute is greater than the value: a string, number or binary.
---@param value any
---@return dynamodb.Condition condition
function Attr:gt(value) end

---True if the attribute equals one of up to 100 values, of any type.
---@param value any[]
---@return dynamodb.Condition condition
function Attr:is_in(value) end

---True if the attribute is less than or equal to the value: a string, number or binary.
---@param value any
---@return dynamodb.Condition condition
function Attr:le(value) end

---True if the attribute is less than the value: a string, number or binary.
---@param value any
---@return dynamodb.Condition condition
function Attr:lt(value) end

---True if the attribute does not equal the value, or does not exist.
---@param value any
---@return dynamodb.Condition condition
function Attr:ne(value) end

---True if the attribute does not have this part of a string, or this element of a set or list.
---@param value any
---@return dynamodb.Condition condition
function Attr:not_contains(value) end

---True if the attribute does not exist.
---@return dynamodb.Condition condition
function Attr:not_exists() end

---A builder of updates, whose methods add actions and return it: dynamodb.update makes it.
---@class dynamodb.Update
local Update = {}

---Sets a value, or copies another attribute. In a table a plain value does the same.
---@param path dynamodb.Path
---@param value any
---@return dynamodb.Update update
function Update:set(path, value) end

---Adds `by` (1) to a number. `start` (0) is the value that is assumed while there is no number.
---@param path dynamodb.Path
---@param by? number|dynamodb.Number
---@param start? number|dynamodb.Number
---@return dynamodb.Update update
function Update:increment(path, by, start) end

---Subtracts `by` (1) from a number. `start` (0) is the value that is assumed while there is no number.
---@param path dynamodb.Path
---@param by? number|dynamodb.Number
---@param start? number|dynamodb.Number
---@return dynamodb.Update update
function Update:decrement(path, by, start) end

---Sets a value if the attribute does not exist.
---@param path dynamodb.Path
---@param value any
---@return dynamodb.Update update
function Update:if_not_exists(path, value) end

---Adds the elements to the end of a list, and creates the list.
---@param path dynamodb.Path
---@param list any[]
---@return dynamodb.Update update
function Update:append(path, list) end

---Adds the elements to the start of a list, and creates the list.
---@param path dynamodb.Path
---@param list any[]
---@return dynamodb.Update update
function Update:prepend(path, list) end

---Removes the attribute or the list element.
---@param path dynamodb.Path
---@return dynamodb.Update update
function Update:remove(path) end

---Adds to a number (`ADD`), or adds the elements of a set to a set. Creates the attribute.
---@param path dynamodb.Path
---@param value number|dynamodb.Number|dynamodb.Set
---@return dynamodb.Update update
function Update:add(path, value) end

---Removes the elements of a set from a set (`DELETE`). A set that loses its last element is removed.
---@param path dynamodb.Path
---@param set dynamodb.Set
---@return dynamodb.Update update
function Update:delete(path, set) end
