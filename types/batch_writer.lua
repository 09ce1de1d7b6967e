---@meta

-- The writer of tbl:batch_writer: doc/writer.md.

---Collects puts and deletes, and sends them in batches.
---@class dynamodb.BatchWriter
---@field written integer writes that the service accepted
---@field discarded integer writes that were discarded when the writer was closed
---@field consumed_capacity? dynamodb.ConsumedCapacity[] what its requests consumed, with `return_consumed_capacity`
local BatchWriter = {}

---Collects a put, and sends when there are enough. The attributes are encoded at once; later changes to
---them do not count.
---
---**Errors.** `nil, err` when sending failed; the entries that are left stay collected. Raises for items
---that cannot be sent, and once the writer is closed.
---@param attributes dynamodb.Item|dynamodb.Attributes
---@return true? ok
---@return dynamodb.Error? err
function BatchWriter:put(attributes) end

---Collects a delete. A key is a hash key, `{ hash, range }` or `{ name = value, ... }`.
---
---**Errors.** As of writer:put.
---@param key dynamodb.Key
---@return true? ok
---@return dynamodb.Error? err
function BatchWriter:delete(key) end

---Sends the collected writes.
---
---**Errors.** `nil, err` when sending failed; the leftovers stay collected for the next flush.
---@return true? ok
---@return dynamodb.Error? err
function BatchWriter:flush() end

---Flushes and closes the writer. Closing it again does nothing.
---
---**Errors.** `nil, err` when sending failed; `err.leftovers` has what could not be sent. The writer is
---closed all the same.
---@return true? ok
---@return dynamodb.Error? err
function BatchWriter:close() end

---Closes the writer without sending.
---@return integer count
function BatchWriter:discard() end
