--- Sessions of a web application. A session ends some time after its last use.
-- Table: hash key id (S), expiry by attribute expires.

local dynamodb = require("dynamodb")

local sessions = {}
sessions.__index = sessions

--- The key of the table, as options of conn:table and testing.table.
sessions.key = { hash_key = "id" }

--- Makes a store of sessions.
---@param tbl dynamodb.Table
---@param options table lifetime (seconds after the last use), now (function -> seconds since 1970; os.time)
function sessions.new(tbl, options)
  return setmetatable({ tbl = tbl, lifetime = options.lifetime, now = options.now or os.time }, sessions)
end

-- Returns 128 random bits as 32 hexadecimal digits.
local function random_id()
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = file:read(16)
  file:close()
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

local function is_id(id) return type(id) == "string" and #id == 32 and not id:find("%X") end

--- Begins a session -> its id | nil, err.
function sessions:create(user, data)
  local id = random_id()
  local ok, err = self.tbl:put_item({ id = id, user = user, data = data or {},
    expires = self.now() + self.lifetime }, { create_only = true })
  return ok and id, err
end

-- Renews a session -> false when it has ended meanwhile, otherwise true. If the request fails, the session is
-- still valid for a while, and the next request renews it.
local function renew(self, id, now)
  local _, err = self.tbl:update_item(id, { update = { expires = now + self.lifetime },
    condition = { expires = dynamodb.gt(now) }, deadline = 1 })
  return not (err and err.code == "ConditionalCheckFailedException")
end

--- Returns a session, and renews it when half of its lifetime has passed.
---@param id string as it came from the browser
---@return dynamodb.Item? session with user and data; nil when there is none, or it has ended
---@return dynamodb.Error? err
function sessions:get(id)
  if not is_id(id) then return nil end
  local session, err = self.tbl:get_item(id, { consistent_read = true })
  local now = self.now()
  if not session or session.expires <= now then return nil, err end
  if session.expires - now < self.lifetime / 2 and not renew(self, id, now) then return nil end
  return session
end

--- Stores what was changed in a session -> the session | nil, err. A session that has ended stays ended.
function sessions.save(session)
  return session:save({ replace_only = true })
end

--- Ends a session -> true | nil, err.
function sessions:destroy(id)
  if not is_id(id) then return true end
  return self.tbl:delete_item(id)
end

return sessions
