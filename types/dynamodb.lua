---@meta dynamodb

-- What `require "dynamodb"` returns: doc/dynamodb.md, doc/expressions.md, doc/values.md.

---@class dynamodb
---@field _VERSION string the version of the library
---@field null dynamodb.Null the value of type NULL; equals `cjson.null` and `ngx.null`
---@field loop dynamodb.Loop tasks that run concurrently
---@field json dynamodb.Json values as JSON
local dynamodb = {}

---Values as JSON: dynamodb.json.
---@class dynamodb.Json
local json = {}

---Options of gather.
---@class (exact) dynamodb.GatherOptions
---@field concurrency? integer how many functions run at a time (default: all)
---Limit for all functions; those that have not ended are cancelled, those that have not started are not called
---@field deadline? number

---Options of inspect.
---@class (exact) dynamodb.InspectOptions
---@field max_depth? integer levels of tables that are shown; deeper tables are written as `{ ... }` (default: 64)
---No further member is written after this number of bytes; longer strings are cut to it (default: 16 MiB)
---@field max_length? integer

---Checks the options and makes a connection. It sends nothing, reads no file and looks for no credentials
---before the first call, or before `conn.region` or `conn.endpoint_url` is read.
---
---**Errors.** Raises for unknown or invalid options, and for invalid environment variables. An invalid
---file of settings fails the first call, with an error of kind `credentials`.
---@param options? dynamodb.ConnectOptions
---@return dynamodb.Connection connection
function dynamodb.connect(options) end

---Shows which settings a connection without options would have, or one with this profile.
---
---**Errors.** `nil, err` of kind `credentials` for an unusable file or a profile that does not exist.
---@param profile? string
---@return table<string, { value: any, source: string }>? settings
---@return dynamodb.Error? err
function dynamodb.config(profile) end

---Loads all files of the library, which are otherwise loaded by the first call that needs them. A program
---that changes its root, or its directory with a relative `package.path`, calls it before; so does nginx,
---whose workers then read no file in a request.
function dynamodb.preload() end

---Calls the functions concurrently and waits for all of them. It works inside tasks, outside (it then runs
---a loop until it returns) and inside nginx. Methods that wait can be gathered as well.
---
---**Errors.** Raises for anything but a list of functions. At the deadline functions get an error of kind
---`timeout`.
---@param calls function[]
---@param options? dynamodb.GatherOptions
---@return { n: integer, [integer]: any } results
---@return table<integer, any>? errs
function dynamodb.gather(calls, options) end

---Returns true if the value is an error object of this library, otherwise false.
---@param value any
---@return boolean is_error
function dynamodb.is_error(value) end

---Shows a value as text. Attribute values, conditions and updates are written as Lua source that makes an
---equal value. Items, tables, results and errors are written with their fields. Names are sorted, a cycle
---is written as `<cycle>`, and credentials are hidden. A call whose results are shown needs parentheses,
---since it may return several values: `dynamodb.inspect((tbl:scan()))`.
---
---**Errors.** Raises for unknown options.
---@param value any
---@param options? dynamodb.InspectOptions
---@return string text
function dynamodb.inspect(value, options) end

---Returns the size of an item in bytes, as the service counts it for its limit of 400 KB and for capacity
---units. AWS publishes these rules for estimates; the rule for numbers is approximate.
---
---**Errors.** Raises for values that DynamoDB does not have.
---@param item dynamodb.Item|dynamodb.Attributes
---@return integer bytes
function dynamodb.item_size(item) end

---Returns plain JSON of a value, an item, or tables that contain them.
---@param value any
---@return string text
function json.encode(value) end

---Returns the value.
---@param text string
---@return any value
---@return dynamodb.Error? err
function json.decode(text) end

---Returns DynamoDB JSON: `{"id":{"S":"a"}}` for attributes and items, `{"S":"a"}` for other values. Names
---are in no order.
---@param value any
---@return string text
function json.typed_encode(value) end

---Returns the attributes, or the value if the text is one value.
---@param text string
---@return any value
---@return dynamodb.Error? err
function json.typed_decode(text) end

---Names an attribute at a path, whose methods are tests such as `:gt(3)`. `:size()` is its size, with the
---same methods.
---@param path dynamodb.Path
---@return dynamodb.Attr attribute
function dynamodb.attr(path) end

---True if the attribute equals the value, of any type.
---@param value any
---@return dynamodb.Condition condition
function dynamodb.eq(value) end

---True if the attribute does not equal the value, or does not exist.
---@param value any
---@return dynamodb.Condition condition
function dynamodb.ne(value) end

---True if the attribute is less than the value: a string, number or binary.
---@param value any
---@return dynamodb.Condition condition
function dynamodb.lt(value) end

---True if the attribute is less than or equal to the value: a string, number or binary.
---@param value any
---@return dynamodb.Condition condition
function dynamodb.le(value) end

---True if the attribute is greater than the value: a string, number or binary.
---@param value any
---@return dynamodb.Condition condition
function dynamodb.gt(value) end

---True if the attribute is greater than or equal to the value: a string, number or binary.
---@param value any
---@return dynamodb.Condition condition
function dynamodb.ge(value) end

---True if the attribute is between the values, both included: strings, numbers or binaries.
---@param low any
---@param high any
---@return dynamodb.Condition condition
function dynamodb.between(low, high) end

---True if the attribute, a string or binary, begins with the value.
---@param value any
---@return dynamodb.Condition condition
function dynamodb.begins_with(value) end

---True if the attribute has this part of a string, or this element of a set or list.
---@param value any
---@return dynamodb.Condition condition
function dynamodb.contains(value) end

---True if the attribute does not have this part of a string, or this element of a set or list.
---@param value any
---@return dynamodb.Condition condition
function dynamodb.not_contains(value) end

---True if the attribute equals one of up to 100 values, of any type.
---@param value any[]
---@return dynamodb.Condition condition
function dynamodb.is_in(value) end

---True if the attribute exists.
---@return dynamodb.Condition condition
function dynamodb.exists() end

---True if the attribute does not exist.
---@return dynamodb.Condition condition
function dynamodb.not_exists() end

---True if the attribute has the type `"S"`, `"N"`, `"B"`, `"BOOL"`, `"NULL"`, `"L"`, `"M"`, `"SS"`, `"NS"`
---or `"BS"`.
---@param value dynamodb.AttributeType
---@return dynamodb.Condition condition
function dynamodb.attribute_type(value) end

---True if the attribute has a size that passes the test: the length of a string or binary, or the number
---of elements of a list, map or set. The method form is `dynamodb.attr(path):size():gt(3)`.
---@param condition dynamodb.Condition
---@return dynamodb.Condition condition
function dynamodb.size(condition) end

---True if all conditions are. `nil` arguments are skipped, so that optional conditions can be passed. On
---Lua 5.3 and later `a & b` does the same.
---@param condition? dynamodb.Condition
---@param ... dynamodb.Condition?
---@return dynamodb.Condition condition
function dynamodb.all(condition, ...) end

---True if one of the conditions is. `nil` arguments are skipped. It also combines tests without an
---attribute. On Lua 5.3 and later `a | b` does the same.
---@param condition? dynamodb.Condition
---@param ... dynamodb.Condition?
---@return dynamodb.Condition condition
function dynamodb.any(condition, ...) end

---True if the condition is not. On Lua 5.3 and later `~a` does the same.
---@param condition dynamodb.Condition
---@return dynamodb.Condition condition
function dynamodb.negate(condition) end

---A condition as text. `?` stands for the values in their order, and `#` for paths among them. Words are
---names, except AND, OR, NOT, BETWEEN, IN, and functions before a parenthesis (`attribute_exists`,
---`attribute_not_exists`, `attribute_type`, `begins_with`, `contains`, `size`). Words in single quotes are
---always names. The text has no numbers or strings; they are passed as values.
---@param text string
---@param ... any
---@return dynamodb.Condition condition
function dynamodb.where(text, ...) end

---Makes an empty builder. Its methods add actions and return the builder.
---@return dynamodb.Update update
function dynamodb.update() end

---Adds `by` (1) to a number. `start` (0) is the value that is assumed while there is no number.
---@param by? number|dynamodb.Number
---@param start? number|dynamodb.Number
---@return dynamodb.Action action
function dynamodb.increment(by, start) end

---Subtracts `by` (1) from a number. `start` (0) is the value that is assumed while there is no number.
---@param by? number|dynamodb.Number
---@param start? number|dynamodb.Number
---@return dynamodb.Action action
function dynamodb.decrement(by, start) end

---Sets a value if the attribute does not exist.
---@param value any
---@return dynamodb.Action action
function dynamodb.if_not_exists(value) end

---Adds the elements to the end of a list, and creates the list.
---@param list any[]
---@return dynamodb.Action action
function dynamodb.append(list) end

---Adds the elements to the start of a list, and creates the list.
---@param list any[]
---@return dynamodb.Action action
function dynamodb.prepend(list) end

---Removes the attribute or the list element.
---@return dynamodb.Action action
function dynamodb.remove() end

---Adds to a number (`ADD`), or adds the elements of a set to a set. Creates the attribute.
---@param value number|dynamodb.Number|dynamodb.Set
---@return dynamodb.Action action
function dynamodb.add(value) end

---Removes the elements of a set from a set (`DELETE`). A set that loses its last element is removed.
---@param set dynamodb.Set
---@return dynamodb.Action action
function dynamodb.delete(set) end

---Makes an exact decimal of up to 38 significant digits. Operators take another `dynamodb.number` or a Lua
---number.
---
---**Errors.** Raises for text that is not a decimal number, and for numbers that DynamoDB cannot hold.
---@param value string|number|dynamodb.Number
---@return dynamodb.Number number
function dynamodb.number(value) end

---Makes a set of strings, numbers or binaries. Its type is that of the elements; a given type (`"S"`,
---`"N"` or `"B"`) is checked. `#set` is the number of elements, and `==` compares the elements. Loops use
---`ipairs(set:values())`. `ipairs(set)` raises and says so in Lua 5.3 and later, and `pairs(set)` in Lua
---5.2 and later; in LuaJIT and Lua 5.1 both raise `table expected, got userdata`.
---
---**Errors.** Raises for an empty list, and for elements of different or other types. A set that has lost
---its last element cannot be stored: put raises, and save removes it.
---@param elements dynamodb.KeyValue[]
---@param type? "S"|"N"|"B"
---@return dynamodb.Set set
function dynamodb.set(elements, type) end

---Makes a value of type B from a Lua string. `#binary` is the number of bytes, and `==` compares them.
---
---**Errors.** Raises for anything but a string.
---@param bytes string
---@return dynamodb.Binary binary
function dynamodb.binary(bytes) end

---Marks a table as a list, or makes a new empty list.
---
---**Errors.** Raises for anything but a table.
---@param table? any[]
---@return any[] list
function dynamodb.list(table) end

---Marks a table as a map, or makes a new empty map.
---
---**Errors.** Raises for anything but a table.
---@param table? table<string, any>
---@return table<string, any> map
function dynamodb.map(table) end

return dynamodb
