--- Credentials that all workers of an nginx share through a shared dictionary: one worker fetches, the others
--- read what it stored.

local core = require("dynamodb.core")
local document = require("dynamodb.credentials.document")
local errors = require("dynamodb.error")

local FIRST_STEP, LONGEST_STEP = 0.005, 0.1 -- seconds between looks at the dictionary

-- Returns the name of the credentials in the dictionary, the same for connections with the same settings ->
-- name | nil, why.
local function name_of(settings)
  local values, why = settings:load()
  if not values then return nil, why end
  local parts = { "explicit=" .. tostring(settings.profile_explicit) }
  for name, value in pairs(values) do
    if type(value) ~= "table" then parts[#parts + 1] = name .. "=" .. tostring(value) end
  end
  table.sort(parts)
  return "credentials " .. core.sha256(table.concat(parts, "\n"))
end

-- Returns the stored credentials, unless the caller already has them or newer ones | nil.
local function look(self, name, current)
  local text = self.dictionary:get(name)
  local found = text and document.decode(text)
  if not found or found.expires <= self.transport.time() then return nil end
  if not current then return found end
  local is_same = found.aws_access_key_id == current.aws_access_key_id
    and found.aws_session_token == current.aws_session_token
  return not is_same and found.expires >= (current.expires or 0) and found or nil
end

local function put(self, name, found)
  if not found.expires then return end
  local left = found.expires - self.transport.time()
  if left <= 0 then return end
  local ok, why = self.dictionary:set(name, document.encode(found), left)
  if not ok then found.warning = "not shared: " .. why end
end

-- Fetches while other workers wait, unless one of them has fetched already. The lock of a worker that was
-- killed expires.
local function fetch(self, name, deadline, current, lock, token)
  local ok, found, more = true, look(self, name, current), nil
  if not found then ok, found, more = pcall(self.source, deadline) end
  if ok and found and not more then put(self, name, found) end
  if self.dictionary:get(lock) == token then self.dictionary:delete(lock) end
  if not ok then error(found, 0) end
  return found, more
end

-- Returns the credentials, true if they never change | nil, err.
local function get(self, deadline, current)
  local name = name_of(self.settings)
  if not name then return self.source(deadline) end -- the source tells why
  local transport, lock, token = self.transport, name .. " lock", core.uuid()
  local step = FIRST_STEP
  while true do
    local left = deadline - transport.now()
    local found = look(self, name, current)
    if found then return found end
    if self.dictionary:add(lock, token, math.max(left, 1)) then
      return fetch(self, name, deadline, current, lock, token)
    end
    if left <= 0 then
      return nil, errors.new({ kind = "credentials", message = "no credentials in time", retryable = true })
    end
    transport.sleep(math.min(step, left))
    step = math.min(step * 2, LONGEST_STEP)
  end
end

--- Makes a source of credentials from another source: a function of a deadline and of the credentials to
--- replace.
return function(source, dictionary, settings, transport)
  local self = { source = source, dictionary = dictionary, settings = settings, transport = transport }
  return function(deadline, current) return get(self, deadline, current) end
end
