--- Tells a function of the caller how far a long operation is: option 'on_progress'.

local Progress = {}
Progress.__index = Progress

local progress = {}

local INTERVAL = 0.1 -- seconds between calls, at least

---@class dynamodb.Progress

--- Makes the progress of one operation.
---@param tell fun(done: number, total: number?, state: table) the caller's function
---@param transport table whose clock counts
---@param describe fun(subject: any): number, number?, table computes what it is told
---@param subject any
---@return dynamodb.Progress
function progress.new(tell, transport, describe, subject)
  return setmetatable({ _tell = tell, _transport = transport, _describe = describe, _subject = subject,
    _due_at = -math.huge, _is_over = false }, Progress)
end

--- Tells the caller, unless that was done less than a tenth of a second ago.
function Progress:report()
  local now = self._transport.now()
  if now < self._due_at then return end
  self._due_at, self._is_over = now + INTERVAL, false
  self._tell(self._describe(self._subject))
end

--- Tells the caller at the end of the operation, or when it has failed. Does nothing when it was called
--- before, unless more was reported since.
function Progress:finish()
  if self._is_over then return end
  self._is_over = true
  self._tell(self._describe(self._subject))
end

return progress
