---@meta

-- Values that plain Lua has no type for: doc/values.md.

---A value of a key attribute.
---@alias dynamodb.KeyValue string|number|dynamodb.Number|dynamodb.Binary

---The key of an item by attribute names.
---@alias dynamodb.KeyTable table<string, dynamodb.KeyValue>

---The key of an item in batches: a hash key, `{ hash, range }`, both by attribute names, or the item.
---@alias dynamodb.Key dynamodb.KeyValue|dynamodb.KeyValue[]|dynamodb.KeyTable|dynamodb.Item

---The attributes of an item, by name.
---@alias dynamodb.Attributes table<string, any>

---A table, or its name.
---@alias dynamodb.TableOrName dynamodb.Table|string

---A key of an index: a name, `{ name, type }`, or a list of these.
---@alias dynamodb.IndexKey string|string[]|(string|string[])[]

---The value of type NULL: dynamodb.null.
---@class dynamodb.Null

---An exact decimal of up to 38 significant digits.
---@class dynamodb.Number
---@operator add(number|dynamodb.Number): dynamodb.Number
---@operator sub(number|dynamodb.Number): dynamodb.Number
---@operator mul(number|dynamodb.Number): dynamodb.Number
---@operator div(number|dynamodb.Number): dynamodb.Number
---@operator mod(number|dynamodb.Number): dynamodb.Number
---@operator unm: dynamodb.Number
local Number = {}

---Compares with another `dynamodb.number` or a Lua number, on every Lua.
---
---**Errors.** Raises for other types.
---@param other number|dynamodb.Number
---@return integer order -1, 0 or 1
function Number:compare(other) end

---Returns the nearest Lua number.
---@return number number
function Number:tonumber() end

---Returns the same number as a Lua integer, or nil when it is not whole or too large.
---@return integer? integer
function Number:tointeger() end

---A set of strings, numbers or binaries.
---@class dynamodb.Set
---@operator len: integer
local Set = {}

---Returns true or false.
---@param value dynamodb.KeyValue
---@return boolean has
function Set:has(value) end

---Adds an element, unless the set has it.
---
---**Errors.** Raises for a value of another type than the set's.
---@param value dynamodb.KeyValue
---@return dynamodb.Set set
function Set:add(value) end

---Removes an element, if the set has it.
---
---**Errors.** Raises for a value of another type than the set's.
---@param value dynamodb.KeyValue
---@return boolean had
function Set:remove(value) end

---Returns a list of the elements, in no order.
---@return dynamodb.KeyValue[] values
function Set:values() end

---Returns `"SS"`, `"NS"` or `"BS"`.
---@return "SS"|"NS"|"BS" type
function Set:type() end

---Returns a new set with the same elements.
---@return dynamodb.Set set
function Set:copy() end

---Bytes: a value of type B.
---@class dynamodb.Binary
---@operator len: integer
local Binary = {}

---Returns the bytes as a Lua string.
---@return string bytes
function Binary:bytes() end
