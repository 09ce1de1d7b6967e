---@meta

-- Locks: doc/locks.md.

---A lock that one holder has at a time, with a lease that ends by itself: tbl:lock acquires it.
---@class dynamodb.Lock
---@field token integer the fencing token
---@field lease number seconds of the lease
local Lock = {}

---Extends the lease: it ends a full lease after this call began.
---
---**Errors.** With code `LockLost` the lock has, or had, another holder. Raises for a lock that was released.
---@return true? ok
---@return dynamodb.Error? err
function Lock:heartbeat() end

---Returns how many seconds the lock is held without a further heartbeat; 0 when the lease has passed.
---@return number seconds
function Lock:remaining() end

---Frees the lock for others, and ends its heartbeats. Releasing it again does nothing.
---
---**Errors.** With code `LockLost` the lock had another holder before the release. After other errors it may be called
---again.
---@return true? ok
---@return dynamodb.Error? err
function Lock:release() end
