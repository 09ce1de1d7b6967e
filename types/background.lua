---@meta

-- Background queues: doc/background.md.

---Takes writes where nothing may wait, and sends them by timers of nginx or by tasks: conn:background makes it.
---@class dynamodb.BackgroundQueue
local BackgroundQueue = {}

---Options of background.
---@class (exact) dynamodb.BackgroundOptions: dynamodb.EveryWriteOptions
---@field max_queue? integer how many entries the queue holds (default: 10000)
---@field max_bytes? integer how many bytes the queue holds (default: 16 MiB)
---@field concurrency? integer how many requests are under way at a time (default: 4)
---@field wait? number seconds in which entries are collected before they are sent (default: 0.05)
---@field on_drop? fun(entry: dynamodb.BackgroundEntry, err: dynamodb.Error) called for entries that were dropped or failed

---Options of update after a key.
---@class (exact) dynamodb.BackgroundUpdateOptions: dynamodb.ConditionOptions
---@field update table|dynamodb.Update|string what is changed

---The key and the options of update.
---@class (exact) dynamodb.BackgroundUpdateKeyOptions: dynamodb.BackgroundUpdateOptions, dynamodb.KeyOptions

---An entry that was dropped or failed. `update` is the request of UpdateItem.
---@class dynamodb.BackgroundEntry
---@field table string name of the table
---@field put? dynamodb.Attributes
---@field delete? dynamodb.Attributes the key
---@field update? table

---@class dynamodb.BackgroundStats
---@field queued integer entries now, including those that are being sent
---@field bytes integer of these
---@field written integer entries that the service accepted
---@field replaced integer entries that a later one of the same key replaced before they were sent
---@field dropped integer entries that the queue had no room for
---@field failed integer entries that were not written

---Queues a put.
---
---**Errors.** `nil, err` with code `QueueFull`. Raises for items that cannot be sent.
---@param tbl dynamodb.Table
---@param attributes dynamodb.Item|dynamodb.Attributes
---@return true? ok
---@return dynamodb.Error? err
function BackgroundQueue:put(tbl, attributes) end

---Queues an update, with options as of tbl:update_item.
---
---**Errors.** As of queue:put. A condition that is not fulfilled is a failure, of which `on_drop` is told.
---@param tbl dynamodb.Table
---@param hash_key dynamodb.KeyValue
---@param range_key dynamodb.KeyValue
---@param options dynamodb.BackgroundUpdateOptions
---@return true? ok
---@return dynamodb.Error? err
---@overload fun(self: dynamodb.BackgroundQueue, tbl: dynamodb.Table, hash_key: dynamodb.KeyValue, options: dynamodb.BackgroundUpdateOptions): true?, dynamodb.Error?
---@overload fun(self: dynamodb.BackgroundQueue, tbl: dynamodb.Table, options: dynamodb.BackgroundUpdateKeyOptions): true?, dynamodb.Error?
function BackgroundQueue:update(tbl, hash_key, range_key, options) end

---Queues a delete. A key is a hash key, `{ hash, range }` or `{ name = value, ... }`.
---
---**Errors.** As of queue:put.
---@param tbl dynamodb.Table
---@param key dynamodb.Key
---@return true? ok
---@return dynamodb.Error? err
function BackgroundQueue:delete(tbl, key) end

---Sends everything that is queued at the time of the call, and waits until it was sent.
---
---**Errors.** `nil, err` with the first error of these entries; `err.failed` is how many of them failed.
---@return true? ok
---@return dynamodb.Error? err
function BackgroundQueue:flush() end

---Flushes and closes the queue. Closing it again does nothing.
---
---**Errors.** As of queue:flush. The queue is closed all the same.
---@return true? ok
---@return dynamodb.Error? err
function BackgroundQueue:close() end

---Counts entries.
---@return dynamodb.BackgroundStats counts
function BackgroundQueue:stats() end
