--- A queue of jobs. A worker gets a job for some time, its lease; then another worker may get it.
-- Table: hash key id (S), index due.

local dynamodb = require("dynamodb")

local queue = {}
queue.__index = queue

--- The key of the table, as options of conn:table and testing.table, and its indexes.
queue.key = { hash_key = "id" }
queue.indexes = { { name = "due", hash_key = "queue", range_key = { "due", "N" }, projection = { "lease" } } }

--- Makes a queue.
---@param tbl dynamodb.Table
---@param options table name, worker (a name that no other worker has), seconds (of a lease; 60), attempts
--- (how often a job is tried; 5), now (function -> seconds since 1970; os.time)
function queue.new(tbl, options)
  return setmetatable({ tbl = tbl, name = options.name, worker = options.worker,
    seconds = options.seconds or 60, attempts = options.attempts or 5, now = options.now or os.time }, queue)
end

-- Changes a job -> its attributes | false when it is not this worker's any more | nil, err.
local function change(self, job, update, due)
  local ok, result = self.tbl:update_item(job.id, { update = update, return_values = "ALL_NEW",
    condition = { lease = job.lease, due = due } })
  if ok then return result end
  if result.code == "ConditionalCheckFailedException" then return false end
  return nil, result
end

--- Adds a job -> true | nil, err, with code ConditionalCheckFailedException when there is one with this id.
function queue:put(id, body)
  return self.tbl:put_item({ id = id, queue = self.name, due = self.now(), lease = 0, body = body },
    { create_only = true })
end

--- Extends the lease of a job from now on -> true | false when another worker has the job | nil, err.
function queue:extend(job)
  local changed, err = change(self, job, { due = self.now() + self.seconds })
  return changed and true, err
end

--- Gives a job back, as extend. It is due again after a time that doubles; after the last attempt it leaves
--- the queue and stays in the table.
function queue:give_back(job, why)
  local update = { due = self.now() + 2 ^ job.lease, failure = why }
  if job.lease >= self.attempts then update.queue = dynamodb.remove() end
  local changed, err = change(self, job, update)
  return changed and true, err
end

--- Takes a job -> table with id, body and lease (the number of the lease) | nil when none is due | nil, err.
function queue:take()
  local due = dynamodb.le(self.now())
  local list = self.tbl:query({ index = "due", key = { queue = self.name, due = due }, max_results = 20 })
  local job, err
  repeat
    local found, why = list:next()
    if not found then return nil, why end
    job, err = change(self, found, { due = self.now() + self.seconds, lease = found.lease + 1,
      worker = self.worker }, due)
    if job and job.lease > self.attempts then -- its workers have all ended without a word
      job, err = false, select(2, self:give_back(job, "its last lease ran out"))
    end
  until job or err
  return job, err
end

--- Ends a job -> true | false when another worker has it | nil, err.
function queue:finish(job)
  local ok, err = self.tbl:delete_item(job.id, { condition = { lease = job.lease } })
  if ok or err.code ~= "ConditionalCheckFailedException" then return ok, err end
  local exists, why = self.tbl:has_item(job.id, { consistent_read = true })
  if exists == nil then return nil, why end
  return not exists -- it is gone: it was deleted by an attempt whose response was lost
end

--- Returns the condition for what a worker writes for a job; the written item needs fence = job.lease.
function queue.fence(job)
  return { fence = dynamodb.any(dynamodb.not_exists(), dynamodb.le(job.lease)) }
end

return queue
