---@meta

-- Connections: doc/connection.md.

---The client for one endpoint of the service: dynamodb.connect makes it.
---@class dynamodb.Connection
---@field region string reading it reads the settings
---@field endpoint_url string URL of the service; reading it reads the settings
local Connection = {}

---What an existing table does not have as ensure_table was asked for.
---@class dynamodb.TableDifference
---@field what string name of the option
---@field asked string
---@field found string

---Makes a table object without a request. `key` is a schema, or a table of names and types.
---
---**Errors.** Raises without a key.
---@param name string
---@param key dynamodb.Schema|dynamodb.TableKeyOptions
---@return dynamodb.Table table
function Connection:table(name, key) end

---Sends one DescribeTable for key and state of a table.
---
---**Errors.** `ResourceNotFoundException` when the table does not exist.
---@param name string
---@param options? dynamodb.GetTableOptions
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Connection:get_table(name, options) end

---Does what conn:get_table does, but a table that does not exist is no error.
---@param name string
---@param options? dynamodb.GetTableOptions
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Connection:lookup(name, options) end

---Does what all methods do with a name: one DescribeTable the first time. A table object is returned
---unchanged.
---
---**Errors.** `ResourceNotFoundException` when the table does not exist. Raises for a table of another
---connection.
---@param table dynamodb.TableOrName
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Connection:resolve_table(table) end

---Does before the first call what the first calls would wait for: settings, credentials, connections.
---
---**Errors.** `nil, err` when no connection could be opened; when there are fewer than asked for, the number is followed by the error.
---@param options? dynamodb.WarmOptions
---@return integer? count connections that are open
---@return dynamodb.Error? err
function Connection:warm(options) end

---boto's name of conn:table.
---
---**Errors.** Raises without a key.
---@param name string
---@param schema dynamodb.Schema|dynamodb.TableKeyOptions
---@return dynamodb.Table table
function Connection:table_from_schema(name, schema) end

---Lists the names of tables, from as many requests as that takes.
---@param options? dynamodb.ListTablesOptions
---@return string[]? names
---@return dynamodb.Error? err
---@return string? last
function Connection:list_tables(options) end

---Makes a schema, the key of a table, as in boto. It sends nothing.
---
---**Errors.** Raises for other types.
---@param hash_key_name string
---@param hash_key_proto_value dynamodb.KeyValue
---@param range_key_name? string
---@param range_key_proto_value? dynamodb.KeyValue
---@return dynamodb.Schema schema
---@overload fun(self: dynamodb.Connection, options: dynamodb.SchemaOptions): dynamodb.Schema
function Connection:create_schema(hash_key_name, hash_key_proto_value, range_key_name, range_key_proto_value) end

---Starts creating a table, on-demand unless units are given. `tbl:wait_until_active` waits for it.
---
---**Errors.** `ResourceInUseException` when the table exists.
---@param options dynamodb.CreateTableOptions
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Connection:create_table(options) end

---Creates the table if it does not exist, and waits until it is `ACTIVE`. An existing table is not
---changed.
---
---**Errors.** Kind `timeout` when the table is not `ACTIVE` in time.
---@param options dynamodb.EnsureTableOptions
---@return dynamodb.Table? table
---@return (dynamodb.TableDifference[]|dynamodb.Error)? differences_or_err
function Connection:ensure_table(options) end

---Returns the response of DescribeTable: `{ Table = {...} }`.
---
---**Errors.** `ResourceNotFoundException` when the table does not exist.
---@param table dynamodb.TableOrName
---@return table? response
---@return dynamodb.Error? err
function Connection:describe_table(table) end

---Does what tbl:update_throughput does.
---
---**Errors.** Raises unless both are given.
---@param table dynamodb.TableOrName
---@param read_units integer
---@param write_units integer
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Connection:update_throughput(table, read_units, write_units) end

---Deletes a table.
---
---**Errors.** `ResourceNotFoundException` when the table does not exist.
---@param table dynamodb.TableOrName
---@return table? description
---@return dynamodb.Error? err
function Connection:delete_table(table) end

---Reads one item.
---
---**Errors.** `ResourceNotFoundException` when the table does not exist.
---@param table dynamodb.TableOrName
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@param options? dynamodb.GetItemOptions
---@return dynamodb.Item? item
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Connection, table: dynamodb.TableOrName, hash_key: dynamodb.KeyValue, options: dynamodb.GetItemOptions): dynamodb.Item?, dynamodb.Error?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Connection, table: dynamodb.TableOrName, options: dynamodb.GetItemKeyOptions): dynamodb.Item?, dynamodb.Error?, dynamodb.ConsumedCapacity?
function Connection:get_item(table, hash_key, range_key, options) end

---Queries a table.
---
---**Errors.** As of tbl:query; `ResourceNotFoundException` when the table does not exist.
---@param table dynamodb.TableOrName
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@param options? dynamodb.QueryOptions
---@return dynamodb.Results? results
---@return dynamodb.Error? err
---@overload fun(self: dynamodb.Connection, table: dynamodb.TableOrName, hash_key: dynamodb.KeyValue, options: dynamodb.QueryOptions): dynamodb.Results?, dynamodb.Error?
---@overload fun(self: dynamodb.Connection, table: dynamodb.TableOrName, options: dynamodb.QueryKeyOptions): dynamodb.Results?, dynamodb.Error?
function Connection:query(table, hash_key, range_key, options) end

---Scans a table.
---
---**Errors.** As of tbl:query; `ResourceNotFoundException` when the table does not exist.
---@param table dynamodb.TableOrName
---@param options? dynamodb.ScanOptions
---@return dynamodb.Results? results
---@return dynamodb.Error? err
function Connection:scan(table, options) end

---Stores an item. With an item object it is item:put, which has its own options.
---
---**Errors.** As of the other method.
---@param table dynamodb.TableOrName
---@param attributes dynamodb.Attributes
---@param options? dynamodb.PutItemOptions
---@return true? ok
---@return (dynamodb.Attributes|dynamodb.Error)? attributes_or_err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Connection, item: dynamodb.Item, options?: dynamodb.ItemWriteOptions): dynamodb.Item?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
function Connection:put_item(table, attributes, options) end

---Updates an item. With an item object it is item:save, which has its own options.
---
---**Errors.** As of the other method.
---@param table dynamodb.TableOrName
---@param hash_key dynamodb.KeyValue
---@param range_key dynamodb.KeyValue?
---@param options dynamodb.UpdateItemOptions
---@return true? ok
---@return (dynamodb.Attributes|dynamodb.Error)? attributes_or_err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Connection, table: dynamodb.TableOrName, hash_key: dynamodb.KeyValue, options: dynamodb.UpdateItemOptions): true?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Connection, table: dynamodb.TableOrName, options: dynamodb.UpdateItemKeyOptions): true?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Connection, item: dynamodb.Item, options?: dynamodb.ItemSaveOptions): dynamodb.Item?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
function Connection:update_item(table, hash_key, range_key, options) end

---Deletes an item. With an item object it is item:delete, which has its own options.
---
---**Errors.** As of the other method.
---@param table dynamodb.TableOrName
---@param hash_key dynamodb.KeyValue
---@param range_key? dynamodb.KeyValue
---@param options? dynamodb.DeleteItemOptions
---@return true? ok
---@return (dynamodb.Attributes|dynamodb.Error)? attributes_or_err
---@return dynamodb.ConsumedCapacity? consumed
---@overload fun(self: dynamodb.Connection, table: dynamodb.TableOrName, hash_key: dynamodb.KeyValue, options: dynamodb.DeleteItemOptions): true?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Connection, table: dynamodb.TableOrName, options: dynamodb.DeleteItemKeyOptions): true?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
---@overload fun(self: dynamodb.Connection, item: dynamodb.Item, options?: dynamodb.ItemWriteOptions): dynamodb.Item?, (dynamodb.Attributes|dynamodb.Error)?, dynamodb.ConsumedCapacity?
function Connection:delete_item(table, hash_key, range_key, options) end

---Reads any number of items of several tables. A key is a hash key, `{ hash, range }` or `{ name = value,
---... }`. The second form has options of one table.
---
---**Errors.** `err.found` has the items that were read, in the same form, `err.leftovers` the list of `{
---table =, key = }` that were not.
---@param requests table<dynamodb.TableOrName, dynamodb.Key[]|dynamodb.BatchGetRequest>
---@param options? dynamodb.BatchGetOptions
---@return table<string, (dynamodb.Item|dynamodb.Attributes)[]>? found
---@return (table<string, table[]>|dynamodb.Error)? missing_or_err
---@return dynamodb.ConsumedCapacity[]? consumed
---@overload fun(self: dynamodb.Connection, requests: table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Connection:batch_get(requests, options) end

---Stores and deletes any number of items of several tables, each as in tbl:batch_write.
---
---**Errors.** As of tbl:batch_write.
---@param requests table<dynamodb.TableOrName, dynamodb.BatchWriteRequest>
---@param options? dynamodb.BatchWriteOptions
---@return true? ok
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity[]? consumed
---@overload fun(self: dynamodb.Connection, requests: table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Connection:batch_write(requests, options) end

---Makes boto's list of keys to read. It takes any number of entries; entries of one table accumulate.
---@return dynamodb.BatchList list
function Connection:new_batch_list() end

---Makes boto's list of writes. It takes any number of entries; entries of one table accumulate.
---@return dynamodb.BatchWriteList list
function Connection:new_batch_write_list() end

---Applies up to 100 operations, or none, in any tables of the account. Transactions explains repetition
---and versions. An operation is one of these:
---
---**Errors.** `TransactionCanceledException`: `err.reasons` has for each operation `{ code =, message =,
---item =, operation = }`, where `operation` is the table given by the caller, and `code` is `None` for an
---operation that did not cause the cancellation. Raises for more than 100 operations, more than 4 MB, or
---two operations on one item.
---@param operations dynamodb.TransactWriteOperation[]
---@param options? dynamodb.TransactWriteOptions
---@return true? ok
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity[]? consumed
---@overload fun(self: dynamodb.Connection, operations: table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Connection:transact_write(operations, options) end

---Reads up to 100 items as one consistent snapshot.
---
---**Errors.** `TransactionCanceledException` with `err.reasons`, as of conn:transact_write.
---@param operations dynamodb.TransactGetRequest[]
---@param options? dynamodb.TransactGetOptions
---@return (dynamodb.Item|false)[]? items
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity[]? consumed
---@overload fun(self: dynamodb.Connection, operations: table, options: dynamodb.ExplainedOptions): dynamodb.Explanation?, dynamodb.Error?
function Connection:transact_get(operations, options) end

---Executes a statement. `SELECT` requests a page when its first row is asked for. `INSERT`, `UPDATE` and
---`DELETE` are done when it returns; rows that they return (`RETURNING`) are in the results.
---
---**Errors.** `nil, err` when a statement that writes failed.
---@param statement string
---@param values? any[]
---@param options? dynamodb.ExecuteOptions
---@return dynamodb.Results? results
---@return dynamodb.Error? err
function Connection:execute(statement, values, options) end

---Executes up to 25 statements that all read or all write.
---
---**Errors.** `nil, err` when none was executed.
---@param statements dynamodb.Statement[]
---@param options? dynamodb.ExecuteBatchOptions
---@return dynamodb.StatementOutcome[]? outcomes
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity[]? consumed
function Connection:execute_batch(statements, options) end

---Executes up to 100 statements that all read or all write, or none. Conflicts are repeated as by
---conn:transact_write.
---
---**Errors.** `TransactionCanceledException` with `err.reasons`, as of conn:transact_write.
---@param statements dynamodb.Statement[]
---@param options? dynamodb.ExecuteTransactionOptions
---@return (dynamodb.Attributes|false)[]? rows
---@return dynamodb.Error? err
---@return dynamodb.ConsumedCapacity[]? consumed
function Connection:execute_transaction(statements, options) end

---Calls any of the 66 operations by its AWS name. Members that hold attribute values take and return Lua
---values. All other members are passed unchanged, also unknown ones.
---
---**Errors.** Raises for a name that the client does not know, unless `unknown` is true.
---@param operation string
---@param params? table
---@param options? dynamodb.CallOptions
---@return table? response
---@return dynamodb.Error? err
function Connection:call(operation, params, options) end

---Iterates over the elements of any operation that has pages. Pages are requested as needed. In the middle
---of a page `last_evaluated_key` is the start of that page, since the names and tokens of these operations
---do not point into pages.
---
---**Errors.** The loop raises the error object. Raises at once for an operation without pages.
---@param operation string
---@param params? table
---@param options? dynamodb.EveryWriteOptions
---@return dynamodb.Results results
function Connection:each(operation, params, options) end

---Iterates over the responses of any operation that has pages.
---
---**Errors.** The loop raises the error object. Raises at once for an operation without pages.
---@param operation string
---@param params? table
---@param options? dynamodb.EveryWriteOptions
---@return fun(): table? iterator
function Connection:pages(operation, params, options) end

---Returns the service's `BackupDescription`.
---
---**Errors.** `BackupNotFoundException`.
---@param backup string|table
---@return table? description
---@return dynamodb.Error? err
function Connection:describe_backup(backup) end

---Returns the service's `BackupDescription`.
---
---**Errors.** `BackupNotFoundException`.
---@param backup string|table
---@return table? description
---@return dynamodb.Error? err
function Connection:delete_backup(backup) end

---Waits until the backup is `AVAILABLE`.
---
---**Errors.** Kind `timeout` after `timeout` seconds.
---@param backup string|table
---@param options? dynamodb.WaitOptions
---@return true? ok
---@return dynamodb.Error? err
function Connection:wait_until_backup_available(backup, options) end

---Starts creating a table with the content of a backup. The other options are those by which the new table
---may differ from the old one.
---
---**Errors.** Raises without `backup` and `name`.
---@param options dynamodb.RestoreFromBackupOptions
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Connection:restore_table_from_backup(options) end

---Starts creating a table with the state that another table had at a time.
---
---**Errors.** Raises without `source` and `name`.
---@param options dynamodb.RestoreToPointInTimeOptions
---@return dynamodb.Table? table
---@return dynamodb.Error? err
function Connection:restore_table_to_point_in_time(options) end

---Returns the service's `ExportDescription`.
---
---**Errors.** `ExportNotFoundException`.
---@param export string|table
---@return table? description
---@return dynamodb.Error? err
function Connection:describe_export(export) end

---Waits until the export is `COMPLETED`.
---
---**Errors.** Kind `timeout` after `timeout` seconds.
---@param export string|table
---@param options? dynamodb.WaitOptions
---@return true? ok
---@return dynamodb.Error? err
function Connection:wait_until_export_completed(export, options) end

---Starts creating a table from objects in S3.
---
---**Errors.** Raises without `bucket`, `name` and `schema`.
---@param options dynamodb.ImportTableOptions
---@return table? description
---@return dynamodb.Error? err
function Connection:import_table(options) end

---Returns the service's `ImportTableDescription`.
---
---**Errors.** `ImportNotFoundException`.
---@param import string|table
---@return table? description
---@return dynamodb.Error? err
function Connection:describe_import(import) end

---Waits until the import is `COMPLETED`.
---
---**Errors.** Kind `timeout` after `timeout` seconds.
---@param import string|table
---@param options? dynamodb.WaitOptions
---@return true? ok
---@return dynamodb.Error? err
function Connection:wait_until_import_completed(import, options) end

---Makes a queue of writes that are sent in the background, for phases of nginx and programs that may not wait. Sends
---nothing.
---
---**Errors.** Raises for a closed connection.
---@param options? dynamodb.BackgroundOptions
---@return dynamodb.BackgroundQueue queue
function Connection:background(options) end

---Returns a table of counts since the connection was made: counters.
---
---**Errors.** Raises for a closed connection.
---@return dynamodb.Stats stats
function Connection:stats() end

---Closes the sockets and overwrites the keys that the connection signs with. Afterwards calls on the
---connection, its tables and items raise. Calls that other tasks are making send nothing more and return
---an error with code `ConnectionClosed`; a write whose request was sent is `ambiguous`. In nginx a call
---that waits for its response ends when that comes or its timeout has passed. Closing it again does
---nothing. A `local conn <close> = ...` of Lua 5.4 and the collector also close it.
function Connection:close() end
