---@meta

-- Items: doc/item.md.

---An item of a table. Its attributes are read and assigned like members of a table; the names of methods always
---mean the methods.
---@class dynamodb.Item
---@field [string] any an attribute; nil removes it
---@operator len: integer
local Item = {}

---Options of totable.
---@class (exact) dynamodb.ToTableOptions
---@field plain? boolean replace this library's types as well, for other libraries (default: `false`)

---Options of put and delete.
---@class (exact) dynamodb.ItemWriteOptions: dynamodb.SingleWriteOptions, dynamodb.GuardOptions
---`"ALL_OLD"`: the second result is the item that was replaced, as a plain table (default: `"NONE"`)
---@field return_values? "NONE"|"ALL_OLD"

---Options of save.
---@class (exact) dynamodb.ItemSaveOptions: dynamodb.SingleWriteOptions, dynamodb.GuardOptions
---Attributes to return: all or the updated ones, before or after the update (default: `"NONE"`)
---@field return_values? "NONE"|"ALL_OLD"|"UPDATED_OLD"|"ALL_NEW"|"UPDATED_NEW"

---Options of modify.
---@class (exact) dynamodb.ItemModifyOptions
---@field deadline? number limit of all repetitions (default: 10)

---Options of reload.
---@class (exact) dynamodb.ItemReloadOptions: dynamodb.HedgingOptions, dynamodb.ConsumedCapacityOptions, dynamodb.ExplainOptions, dynamodb.EveryCallOptions
---@field consistent_read? boolean see what all earlier successful writes have stored (default: `false`)

---Returns the attribute, also if its name is that of a method; nil if the item does not have it.
---@param name string
---@return any value
function Item:get(name) end

---Sets an attribute, also if its name is that of a method. `nil` removes it.
---
---**Errors.** Raises for functions and other values that DynamoDB does not have. The content of tables is
---checked when the item is written.
---@param name string
---@param value any
---@return dynamodb.Item item
function Item:set(name, value) end

---Returns an iterator over names and values, in no order.
---@return fun(state?: any, name?: string): string?, any iterator
function Item:pairs() end

---Returns the key by attribute names.
---
---**Errors.** Raises when the key is missing or has the wrong type.
---@return table<string, dynamodb.KeyValue> key
function Item:key() end

---Copies the attributes into plain tables. A busted spec compares it as a whole: `assert.same({ id = "ann"
---}, item:totable())`; sets, numbers and binaries are equal by content.
---
---Plain tables cannot hold every value exactly; dynamodb.json.encode(item) keeps all digits of numbers and
---the difference between empty lists and maps.
---@param options? dynamodb.ToTableOptions
---@return dynamodb.Attributes attributes
function Item:totable(options) end

---Compares the attributes with what was loaded, so that nested changes count and assigning an equal value
---does not. All attributes of a new item are changes; after put, save and reload there are none. The queue
---is not included.
---@return { set: table<string, any>, remove: string[] }? changes
function Item:changes() end

---Stores the whole item and replaces any item with its key.
---
---**Errors.** `ConditionalCheckFailedException` when a condition does not hold or another writer was
---faster. Raises for values that DynamoDB cannot hold, such as empty sets.
---@param options? dynamodb.ItemWriteOptions
---@return dynamodb.Item? item
---@return (dynamodb.Attributes|dynamodb.Error)? attributes_or_err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Item, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Item:put(options) end

---Sends the smallest update that changes what was loaded into what the item has now, together with the
---queue, and nothing if nothing changed. Changes of other writers to other paths are kept. Saving has the
---details.
---
---**Errors.** As of item:put. Raises for an empty set in a list, for an attribute that is both changed and
---queued, and for more than about 280 changed attributes.
---@param options? dynamodb.ItemSaveOptions
---@return dynamodb.Item? item
---@return (dynamodb.Attributes|dynamodb.Error)? attributes_or_err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Item, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Item:save(options) end

---Deletes the stored item. The object keeps its attributes and counts as new.
---
---**Errors.** As of item:put.
---@param options? dynamodb.ItemWriteOptions
---@return dynamodb.Item? item
---@return (dynamodb.Attributes|dynamodb.Error)? attributes_or_err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Item, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Item:delete(options) end

---Changes the item safely with concurrent writers: reads it, calls `function(item)` and saves it with a
---guard, and repeats all of this when another writer was faster. The function may be called several times.
---When it returns false, nothing is saved. Modify has the details.
---
---**Errors.** `ConditionalCheckFailedException` when other writers were faster until the deadline. An
---error that the function raises reaches the caller.
---@param change fun(item: dynamodb.Item): false?
---@param options? dynamodb.ItemModifyOptions
---@return dynamodb.Item? item
---@return dynamodb.Error? err
function Item:modify(change, options) end

---Reads the item again and drops local changes and the queue.
---@param options? dynamodb.ItemReloadOptions
---@return dynamodb.Item? item
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Item, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Item:reload(options) end

---Queues: sets the attribute.
---
---**Errors.** Raises for key attributes.
---@param name string
---@param value any
function Item:put_attribute(name, value) end

---Queues: adds to the stored number, or adds elements to the stored set.
---
---**Errors.** Raises for key attributes.
---@param name string
---@param value number|dynamodb.Number|dynamodb.Set
function Item:add_attribute(name, value) end

---Queues: removes the attribute, or the elements of this set from the stored set.
---
---**Errors.** Raises for key attributes.
---@param name string
---@param set? dynamodb.Set
function Item:delete_attribute(name, set) end
