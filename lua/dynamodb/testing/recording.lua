--- testing.record and testing.replay: the responses of a service once, then without it.
--
-- A recording is a text file. Each line is a JSON object: operation, request (its body), status, headers, and
-- response (its body; "text" when it is no JSON). It has no headers of requests, so no keys, signatures and
-- session tokens. Idempotency tokens are left out, since they are random. In the names of tables that
-- testing.table made a fixed text takes the place of the random part.

local arguments = require("dynamodb.base.arguments")
local blocks = require("dynamodb.testing.blocks")
local connection = require("dynamodb.connection")
local difference = require("dynamodb.testing.difference")
local errors = require("dynamodb.error")
local json = require("dynamodb.values.json")
local messages = require("dynamodb.testing.messages")
local operations = require("dynamodb.base.operations")
local options = require("dynamodb.base.options")
local run_id = require("dynamodb.testing.run_id")
local system = require("dynamodb.base.system")
local transports = require("dynamodb.testing.transports")

local recording = {}

local ANY_RUN = "0123456789abcdef" -- stands for run_id()
local HEADERS = { "content-type", "x-amz-retry-after", "x-amzn-errortype", "x-amzn-requestid" }

local function check_path(path, where)
  if not options.text(path) then
    errors.raise("%s: path of a file expected, got %s", where, type(path) == "string" and "''" or type(path))
  end
end

-- Returns the text of a request's parameters, the same for requests that mean the same.
local function text_of(request)
  local params = options.merge(request.params)
  local operation = operations[request.operation]
  if operation and operation.token then params[operation.token] = nil end
  return (json.encode(params):gsub(run_id(), ANY_RUN))
end

-- {===== Recording =====

---@class dynamodb.testing.Recording
---@field transport table for option 'transport' of dynamodb.connect
---@field path string
local Recording = { __name = "dynamodb.testing.recording" }
Recording.__index = Recording

-- Returns the line of the file for a request and its response.
local function line_of(request, response)
  local headers = {}
  for _, name in ipairs(HEADERS) do headers[name] = response.headers[name] end
  local body, why = response.parser:decode("json")
  local line = { operation = request.operation, status = response.status, headers = headers }
  line.request = json.decode(text_of(request))
  if why then line.text = response.body else line.response = body end
  return (json.encode(line):gsub(run_id(), ANY_RUN))
end

local function wrap_recording(self, inner)
  return transports.wrap(inner, {
    connect = function(...)
      local opened, kind, why, permanent = inner.connect(...)
      if not opened then return nil, kind, why, permanent end
      return { inner = opened }
    end,
    send = function(socket, bytes, deadline)
      socket.request = messages.read_request(bytes)
      return inner.send(socket.inner, bytes, deadline)
    end,
    receive = function(socket, deadline, is_first)
      local request = socket.request
      if not request then return inner.receive(socket.inner, deadline, is_first) end
      local response, kind, why = messages.receive(inner, socket.inner, deadline)
      if not response then return nil, kind, why end
      socket.request = nil
      self.lines[#self.lines + 1] = line_of(request, response)
      return messages.bytes_of(response)
    end,
  })
end

--- Makes a transport that records requests and their responses. The file is written by finish, or at the end
--- of busted's block.
---@param path string of the file, which is replaced
---@param transport? table the transport that sends and receives; that of dynamodb.connect by default
---@return dynamodb.testing.Recording
function recording.record(path, transport)
  check_path(path, "testing.record")
  local self = setmetatable({ path = path, lines = {} }, Recording)
  self.transport = wrap_recording(self, transports.given(transport, "testing.record"))
  self._forget = blocks.at_end(function() self:finish() end)
  return self
end

--- Writes the file. Raises when that fails. Does nothing the second time.
function Recording:finish()
  if self.is_finished then return end
  self.is_finished = true
  self._forget()
  local ok, why = system.write_file(self.path, table.concat(self.lines, "\n") .. "\n")
  if not ok then errors.raise("testing.record: %s", why) end
end

arguments.check_methods(Recording, "recording", { Recording }, { finish = "" })

-- ===================== }
-- {===== Replaying =====

---@class dynamodb.testing.Replay
---@field transport table for option 'transport' of dynamodb.connect
local Replay = { __name = "dynamodb.testing.replay" }
Replay.__index = Replay

-- Reads a recording -> list of { operation, text = the request's, is_used, line = the decoded line }.
local function read_recording(path)
  local text, why = system.read_file(path)
  if not text then
    errors.raise("testing.replay: '%s' cannot be read: %s", path,
      why or "it does not exist; testing.record makes it")
  end
  local list, number = {}, 0
  for line in text:gmatch("[^\n]+") do
    number = number + 1
    local entry = json.decode(line)
    if type(entry) ~= "table" or type(entry.operation) ~= "string" or type(entry.status) ~= "number"
      or type(entry.request) ~= "table" or type(entry.headers) ~= "table" then
      errors.raise("testing.replay: line %d of '%s' is not one of testing.record", number, path)
    end
    list[number] = { operation = entry.operation, text = json.encode(entry.request), is_used = false,
      line = entry }
  end
  return list
end

-- Returns the recorded request of the same operation that differs least, and its differences | nil.
local function nearest(self, request, text)
  local best, least
  for _, entry in ipairs(self.entries) do
    if entry.operation == request.operation then
      local lines = difference.lines(entry.line.request, (json.decode(text)))
      if not least or #lines < #least then best, least = entry, lines end
    end
  end
  return best, least
end

-- Raises for a request that was not recorded.
local function refuse(self, request, text)
  local entry, lines = nearest(self, request, text)
  if not entry then
    errors.raise("testing.replay: no %s was recorded", request.operation)
  elseif #lines == 0 then
    errors.raise("testing.replay: this %s was recorded fewer times than it is sent now", request.operation)
  end
  errors.raise("testing.replay: this %s was not recorded. It differs from the nearest one:\n%s",
    request.operation, difference.text(lines))
end

-- Returns the bytes of the recorded response to a request. Raises when there is none.
local function response_to(self, bytes)
  local request = messages.read_request(bytes)
  if not request then errors.raise("testing.replay: only requests to DynamoDB can be replayed") end
  local text = text_of(request)
  for _, entry in ipairs(self.entries) do
    if not entry.is_used and entry.operation == request.operation and entry.text == text then
      entry.is_used = true
      local line = entry.line
      local body = line.text or json.encode(line.response)
      return messages.response(line.status, line.headers, (body:gsub(ANY_RUN, run_id())))
    end
  end
  refuse(self, request, text)
end

local function wrap_replay(self)
  local transport = setmetatable({}, { __index = transports.given(nil) }) -- for its time and tasks
  function transport.connect() return {} end
  function transport.send(socket, bytes)
    socket.response = response_to(self, bytes)
    return true
  end
  function transport.receive(socket)
    local bytes = socket.response
    socket.response = nil
    if bytes then return bytes end
    return nil, "closed", "closed"
  end
  function transport.idle() return true end
  function transport.close() end
  for _, name in ipairs({ "abort", "keep", "reused", "timings" }) do transport[name] = false end
  return transport
end

--- Makes a transport that responds from a recording and uses no network. Each recorded response is given
--- once, in the order of equal requests.
---@param path string of the file that testing.record has written
---@return dynamodb.testing.Replay
function recording.replay(path)
  check_path(path, "testing.replay")
  local self = setmetatable({ entries = read_recording(path) }, Replay)
  self.transport = wrap_replay(self)
  return self
end

--- Makes a connection that uses the recording, as dynamodb.connect does with these options. By default its
--- region and its keys are made up.
---@param given? table options of dynamodb.connect
---@return dynamodb.Connection
function Replay:connect(given)
  given = options.merge({ transport = self.transport, region = "us-east-1" }, given)
  if not (given.credentials or given.aws_access_key_id) then
    given.aws_access_key_id, given.aws_secret_access_key = "replay", "replay"
  end
  return connection.connect(given)
end

arguments.check_methods(Replay, "replay", { Replay }, { connect = "options" })

-- ===================== }

return recording
