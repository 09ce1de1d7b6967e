---@meta

-- Tables: doc/table.md.

---A table of the service, seen through a connection. Its fields are read-only and have the state that the last
---response reported.
---@class dynamodb.Table
---@field name string name of the table
---@field schema dynamodb.Schema its key
---@field version_attribute? string attribute with an item's version, if one was given
---@field status? "CREATING"|"ACTIVE"|"UPDATING"|"DELETING"|string
---@field item_count? integer number of items; the service updates it about every six hours
---@field size_bytes? integer size in bytes; updated likewise
---@field create_time? number time of creation in seconds since 1970
---@field read_units? integer provisioned capacity; 0 when on-demand
---@field write_units? integer provisioned capacity; 0 when on-demand
---@field indexes? table<string, dynamodb.IndexDescription> by name
---@field arn? string ARN of the table
---@field stream_arn? string ARN of its current stream
local Table = {}

---A secondary index, as the service described it.
---@class dynamodb.IndexDescription
---@field name string
---@field kind "global"|"local"
---@field hash string[] names of the attributes of its hash key
---@field range string[] names of the attributes of its range key
---@field projection string[]|"ALL"|"KEYS_ONLY" attributes that it has
---@field status? string of a global index

---The key of a table: conn:create_schema makes it.
---@class dynamodb.Schema
---@field hash_key_name string
---@field hash_key_type "S"|"N"|"B"
---@field range_key_name? string
---@field range_key_type? "S"|"N"|"B"

---Reads one item.
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@param options? dynamodb.GetItemOptions
---@return dynamodb.Item? item
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Table, hash_key: dynamodb.KeyValue, options: dynamodb.GetItemOptions): dynamodb.Item?, dynamodb.Error?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.GetItemKeyOptions): dynamodb.Item?, dynamodb.Error?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:get_item(hash_key, range_key, options) end

---boto's second name of tbl:get_item.
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@param options? dynamodb.GetItemOptions
---@return dynamodb.Item? item
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Table, hash_key: dynamodb.KeyValue, options: dynamodb.GetItemOptions): dynamodb.Item?, dynamodb.Error?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.GetItemKeyOptions): dynamodb.Item?, dynamodb.Error?, dynamodb.ConsumedCapacity?
function Table:lookup(hash_key, range_key, options) end

---Asks whether there is an item with this key, and reads only the key.
---
---**Errors.** On a failure it returns `nil, err`, never false.
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@param options? dynamodb.HasItemOptions
---@return boolean? has_item
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Table, hash_key: dynamodb.KeyValue, options: dynamodb.HasItemOptions): boolean?, dynamodb.Error?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.HasItemKeyOptions): boolean?, dynamodb.Error?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:has_item(hash_key, range_key, options) end

---Makes an item object. It sends nothing; `item:put` stores the item. The table of attributes is copied,
---nested tables are not.
---
---**Errors.** Raises for a missing or wrongly typed key.
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@param attrs? dynamodb.Attributes
---@return dynamodb.Item item
---@overload fun(self: dynamodb.Table, options: dynamodb.NewItemOptions): dynamodb.Item
function Table:new_item(hash_key, range_key, attrs) end

---Stores an item, and replaces any item with its key. The options are in a table of their own, since in
---the first table they would be attributes.
---
---**Errors.** `ConditionalCheckFailedException` when a condition does not hold.
---@param attributes dynamodb.Item|dynamodb.Attributes
---@param options? dynamodb.PutItemOptions
---@return true? ok
---@return (dynamodb.Attributes|dynamodb.Error)? attributes_or_err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Table, attributes: table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:put_item(attributes, options) end

---Changes attributes of an item in the service, without reading it. Creates the item if it does not exist;
---`replace_only` prevents that.
---
---**Errors.** `ConditionalCheckFailedException` when a condition does not hold. `err.ambiguous` is true
---when the response was lost and repeating the update could change the outcome.
---@param hash_key dynamodb.KeyValue
---@param range_key dynamodb.KeyValue?
---@param options dynamodb.UpdateItemOptions
---@return true? ok
---@return (dynamodb.Attributes|dynamodb.Error)? attributes_or_err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Table, hash_key: dynamodb.KeyValue, options: dynamodb.UpdateItemOptions): true?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.UpdateItemKeyOptions): true?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:update_item(hash_key, range_key, options) end

---Adds to a number by one atomic request, so that concurrent increments are all counted. Creates item and
---number if they do not exist; the lists and maps that the path leads through must exist.
---
---**Errors.** After a failure with `err.ambiguous` the increment may have been applied.
---@param hash_key dynamodb.KeyValue
---@param range_key dynamodb.KeyValue?
---@param options dynamodb.IncrementOptions
---@return (number|dynamodb.Number)? value
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Table, hash_key: dynamodb.KeyValue, options: dynamodb.IncrementOptions): (number|dynamodb.Number)?, dynamodb.Error?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.IncrementKeyOptions): (number|dynamodb.Number)?, dynamodb.Error?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:increment(hash_key, range_key, options) end

---Deletes the item with this key. Deleting an item that does not exist succeeds.
---
---**Errors.** `ConditionalCheckFailedException` when a condition does not hold.
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@param options? dynamodb.DeleteItemOptions
---@return true? ok
---@return (dynamodb.Attributes|dynamodb.Error)? attributes_or_err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Table, hash_key: dynamodb.KeyValue, options: dynamodb.DeleteItemOptions): true?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.DeleteItemKeyOptions): true?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:delete_item(hash_key, range_key, options) end

---Reads the items with one hash key, in the order of their range keys. Nothing is sent before the first
---item is asked for.
---
---**Errors.** `nil, err` with code `ValidationException` for an `index` that the table does not have.
---Failures of requests are raised by loops, and returned by the methods of results.
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@param options? dynamodb.QueryOptions
---@return dynamodb.Results? results
---@return dynamodb.Error? err
---@overload fun(self: dynamodb.Table, hash_key: dynamodb.KeyValue, options: dynamodb.QueryOptions): dynamodb.Results?, dynamodb.Error?
---@overload fun(self: dynamodb.Table, options: dynamodb.QueryKeyOptions): dynamodb.Results?, dynamodb.Error?
---@overload fun(self: dynamodb.Table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:query(hash_key, range_key, options) end

---Reads all items, in no particular order. Nothing is sent before the first item is asked for.
---
---**Errors.** As of tbl:query.
---@param options? dynamodb.ScanOptions
---@return dynamodb.Results? results
---@return dynamodb.Error? err
---@overload fun(self: dynamodb.Table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:scan(options) end

---Counts the items of a query if a key is given, otherwise those of a scan. It requests all pages; the
---service returns counts and no items.
---
---**Errors.** `nil, err` when a request fails.
---@param options? dynamodb.CountOptions
---@return integer? count
---@return (dynamodb.Results|dynamodb.Error)? results_or_err
---@overload fun(self: dynamodb.Table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:count(options) end

---Reads any number of items by their keys, each once. A key is a hash key, `{ hash, range }` or `{ name =
---value, ... }`. Batches explains how requests are split and repeated.
---
---**Errors.** `err.found` is the list of the items that were read, `err.leftovers` the list of `{ table =,
---key = }` that were not.
---@param keys dynamodb.Key[]
---@param options? dynamodb.GetItemsOptions
---@return (dynamodb.Item|dynamodb.Attributes)[]? items
---@return (table[]|dynamodb.Error)? missing_or_err
---@return dynamodb.ConsumedCapacity[]? consumed
---@overload fun(self: dynamodb.Table, keys: table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:get_items(keys, options) end

---Stores and deletes any number of items. Items are tables or item objects; keys are as of tbl:get_items,
---or item objects. Batch writes take no conditions, guards or versions, and the item objects are not
---marked as saved.
---
---**Errors.** An entry that cannot be sent raises before anything is sent: `batch_write: put[3217]: v: NaN
---is not a DynamoDB number`. After a failure `err.leftovers` is a list of `{ table =, put = attributes }`
---and `{ table =, delete = key }`; all others were written.
---@param request dynamodb.BatchWriteRequest
---@param options? dynamodb.BatchWriteOptions
---@return true? ok
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity[]? consumed
---@overload fun(self: dynamodb.Table, request: table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Table:batch_write(request, options) end

---Makes a writer, which collects writes and sends them in batches.
---@param options? dynamodb.BatchWriterOptions
---@return dynamodb.BatchWriter writer
function Table:batch_writer(options) end

---Makes a loader: the `loader:get` calls of many tasks or light threads in one turn become one request.
---@param options? dynamodb.LoaderOptions
---@return dynamodb.Loader loader
function Table:loader(options) end

---Acquires the lock of a name, which is the key of its item. Waits while another holder has it.
---
---**Errors.** `LockNotAcquired`, of kind `timeout`, when it was held all the time; `err.item` is the item.
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@param options? dynamodb.LockOptions
---@return dynamodb.Lock? lock
---@return dynamodb.Error? err
---@overload fun(self: dynamodb.Table, hash_key: dynamodb.KeyValue, options: dynamodb.LockOptions): dynamodb.Lock?, dynamodb.Error?
---@overload fun(self: dynamodb.Table, options: dynamodb.LockKeyOptions): dynamodb.Lock?, dynamodb.Error?
function Table:lock(hash_key, range_key, options) end

---Updates the fields by one DescribeTable.
---
---**Errors.** `ResourceNotFoundException` when the table does not exist.
---@param options? dynamodb.RefreshOptions
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Table:refresh(options) end

---Changes settings of the table; options that are not given stay. The fields show the new state after the
---table is `ACTIVE` again and was refreshed. A table that becomes provisioned needs units of all its
---global indexes as well, in `indexes`.
---
---**Errors.** Raises without options.
---@param options dynamodb.UpdateTableOptions
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Table:update(options) end

---boto's form of `tbl:update{ read_units =, write_units = }`. It makes an on-demand table provisioned; if
---that has global indexes, use tbl:update, which sets their units as well.
---
---**Errors.** Raises unless both are given. The service refuses units that the table has already.
---@param read_units integer
---@param write_units integer
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Table:update_throughput(read_units, write_units) end

---Deletes the table. It is gone when tbl:wait_until_deleted returns.
---
---**Errors.** `ResourceNotFoundException` when the table does not exist.
---@return true? ok
---@return dynamodb.Error? err
function Table:delete() end

---Starts creating a global index.
---
---**Errors.** Raises for an attribute whose type differs from that in the table's key.
---@param options dynamodb.CreateIndexOptions
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Table:create_index(options) end

---Starts deleting a global index.
---
---**Errors.** A `service` error for an index that does not exist.
---@param name string
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Table:drop_index(name) end

---Enables expiry: the service deletes an item some time after the time in that attribute, in seconds since
---1970. `enabled = false` disables it.
---
---**Errors.** Raises for an attribute that is not a string.
---@param attribute string
---@param enabled? boolean
---@return { AttributeName: string, Enabled: boolean }? ttl
---@return dynamodb.Error? err
function Table:update_ttl(attribute, enabled) end

---Returns `{ AttributeName =, TimeToLiveStatus = }`. The status is `ENABLING`, `ENABLED`, `DISABLING` or
---`DISABLED`.
---@return { AttributeName: string?, TimeToLiveStatus: string }? ttl
---@return dynamodb.Error? err
function Table:describe_ttl() end

---Sets tags. A table object that does not know its ARN takes one DescribeTable.
---
---**Errors.** Raises for an empty table, and for values that are tables.
---@param tags table<string, string|number|boolean>
---@return true? ok
---@return dynamodb.Error? err
function Table:tag(tags) end

---Removes tags by their names.
---
---**Errors.** Raises for an empty list.
---@param names string[]
---@return true? ok
---@return dynamodb.Error? err
function Table:untag(names) end

---Returns all tags: `{ name = value }`.
---@return table<string, string>? tags
---@return dynamodb.Error? err
function Table:tags() end

---Waits until the table is `ACTIVE`.
---
---**Errors.** Kind `timeout` after `timeout` seconds. At once when the table is being deleted or archived.
---@param options? dynamodb.WaitOptions
---@return true? ok
---@return dynamodb.Error? err
function Table:wait_until_active(options) end

---Waits until the table does not exist.
---
---**Errors.** Kind `timeout` after `timeout` seconds.
---@param options? dynamodb.WaitOptions
---@return true? ok
---@return dynamodb.Error? err
function Table:wait_until_deleted(options) end

---Waits until an index is `ACTIVE`.
---
---**Errors.** Kind `timeout` after `timeout` seconds. At once when the index does not exist or is being
---deleted.
---@param name string
---@param options? dynamodb.WaitOptions
---@return true? ok
---@return dynamodb.Error? err
function Table:wait_until_index_active(name, options) end

---Waits until expiry is enabled.
---
---**Errors.** Kind `timeout` after `timeout` seconds. At once when expiry is not being enabled.
---@param options? dynamodb.WaitOptions
---@return true? ok
---@return dynamodb.Error? err
function Table:wait_until_ttl_enabled(options) end

---Starts a backup.
---
---**Errors.** Raises for a name that is not a string. A lost response is not followed by another attempt;
---then `err.ambiguous` is true.
---@param name string
---@return table? details
---@return dynamodb.Error? err
function Table:create_backup(name) end

---Lists the backups of this table.
---
---**Errors.** The loop raises the error object.
---@return dynamodb.Results? results
---@return dynamodb.Error? err
function Table:list_backups() end

---Turns point-in-time recovery on, or off with `enabled = false`. `days` is the number of days that can be
---restored, a whole number from 1; the service's default is 35.
---
---**Errors.** Raises for values of other types.
---@param enabled? boolean
---@param days? integer
---@return table? description
---@return dynamodb.Error? err
function Table:update_point_in_time_recovery(enabled, days) end

---Returns the service's `ContinuousBackupsDescription`.
---@return table? description
---@return dynamodb.Error? err
function Table:describe_point_in_time_recovery() end

---Starts an export to S3: of the table at one time, or with `from` and `to` of the changes between two
---times. Point-in-time recovery must be enabled. A table object that does not know its ARN takes one
---DescribeTable.
---
---**Errors.** Raises without `bucket`, and when only one of `from` and `to` is given.
---@param options dynamodb.ExportOptions
---@return table? description
---@return dynamodb.Error? err
function Table:export(options) end
