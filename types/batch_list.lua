---@meta

-- boto's lists of batches: doc/connection.md, Batches.

---Keys to read, of any number of tables.
---@class dynamodb.BatchList
---@field unprocessed table[] entries that the last submit left
local BatchList = {}

---Adds keys of one table, with the attributes to return and whether the read is consistent.
---
---**Errors.** Raises for anything but lists.
---@param table dynamodb.TableOrName
---@param keys dynamodb.Key[]
---@param attributes_to_get? dynamodb.Projection
---@param consistent_read? boolean
---@return dynamodb.BatchList list
function BatchList:add_batch(table, keys, attributes_to_get, consistent_read) end

---Reads the entries, as conn:batch_get does.
---
---**Errors.** `list.unprocessed` then has the entries that are left, `err.found` the items that were read.
---@return table<string, dynamodb.Item[]>? found
---@return (table<string, table[]>|dynamodb.Error)? missing_or_err
function BatchList:submit() end

---Sends the entries that the last submit left, with the same attributes and consistency. Returns nil if nothing was
---left.
---@return table<string, dynamodb.Item[]>? found
---@return (table<string, table[]>|dynamodb.Error)? missing_or_err
function BatchList:resubmit() end

---Writes of any number of tables.
---@class dynamodb.BatchWriteList
---@field unprocessed table[] entries that the last submit left
local BatchWriteList = {}

---Adds items of one table to store, and keys of items to delete.
---
---**Errors.** Raises for anything but lists.
---@param table dynamodb.TableOrName
---@param puts? (dynamodb.Item|dynamodb.Attributes)[]
---@param deletes? dynamodb.Key[]
---@return dynamodb.BatchWriteList list
function BatchWriteList:add_batch(table, puts, deletes) end

---Writes the entries, as conn:batch_write does.
---
---**Errors.** `list.unprocessed` then has the entries that are left.
---@return true? ok
---@return dynamodb.Error? err
function BatchWriteList:submit() end

---Sends the entries that the last submit left. Returns nil if nothing was left.
---@return true? ok
---@return dynamodb.Error? err
function BatchWriteList:resubmit() end
