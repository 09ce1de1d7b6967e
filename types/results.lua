---@meta

-- Results of queries, scans and other listings: doc/results.md.

---What queries, scans and other listings return. A loop `for element in results do` reads all elements, and raises the
---error object on failure.
---@class dynamodb.Results
---@field count integer items in the pages so far, after the filter
---@field scanned_count integer items in the pages so far, before the filter
---@field requests integer pages so far
---@field consumed_units number capacity units that the pages so far consumed
---@field consumed_capacity? dynamodb.ConsumedCapacity sum of what the pages so far consumed
---@field remaining? integer items that `max_results` still allows; nil without it
---@field last_evaluated_key? table key of the last returned item; nil at the start and at the end
---@field segment? integer segment that is being read, from 0; nil without segments
---@overload fun(state?: any, previous?: any): any
local Results = {}

---Returns the next item, or nil at the end.
---
---**Errors.** `nil, err` when the request of its page failed.
---@return any element
---@return dynamodb.Error? err
function Results:next() end

---Returns a list of the remaining items.
---
---**Errors.** `nil, err` when a request failed.
---@return any[]? elements
---@return dynamodb.Error? err
function Results:all() end

---Returns an iterator over lists: the rest of the current page, then page by page. A page without items is
---an empty list.
---
---**Errors.** The loop raises the error object.
---@return fun(): any[]? iterator
function Results:pages() end

---Requests the next page, and skips the rest of the current one.
---
---**Errors.** `nil, err` when the request failed.
---@return table? response
---@return dynamodb.Error? err
function Results:next_response() end

---Where each segment of a scan with `segments` continues, as a table of text and booleans that may be
---stored as JSON. Resuming has the details.
---
---**Errors.** Raises for results without segments.
---@return table state
function Results:state() end

---Options of cursor.
---@class (exact) dynamodb.CursorOptions
---@field ttl? number how long the cursor is valid (default: 86400)
---@field encrypt? boolean the cursor hides the key as well (default: `false`)

---Returns where the results continue as text for the users of an application, for option `cursor` of the same query or
---scan; nil when every item was returned. `secret` is text of at least 16 random bytes that only the application knows,
---or a list of such texts, of which the first is used.
---
---**Errors.** `nil, err` with code `CursorTooLong` when a scan has too many segments. Raises for results that have no
---cursors.
---@param secret string|string[]
---@param options? dynamodb.CursorOptions
---@return string? cursor
---@return dynamodb.Error? err
function Results:cursor(secret, options) end

---Ends the results and cancels outstanding requests; optional. `local results <close> =` of Lua 5.4 calls
---it, and so does the collector. The fields can still be read.
function Results:close() end
