-- Target response: complete HTTP responses of the service. The first line of the input names an operation, a status and
-- the flags c (wrong checksum) and t (another content type); header lines follow up to an empty line, then the body.

local core = require("dynamodb.core")
local errors = require("dynamodb.error")
local idempotency = require("dynamodb.request.idempotency")
local inspect = require("dynamodb.values.inspect")
local operations = require("dynamodb.base.operations")
local response = require("dynamodb.request.response")
local retry = require("dynamodb.request.retry")
local service_clock = require("dynamodb.http.service_clock")

local KINDS = { service = 1, network = 1, timeout = 1, response = 1, credentials = 1 }

-- Returns a parser that has received a response.
local function receive(status, flags, head, body)
  local lines = { ("HTTP/1.1 %d X"):format(status), "content-length: " .. #body }
  if not flags:find("t", 1, true) then lines[#lines + 1] = "content-type: application/x-amz-json-1.0" end
  if flags:find("c", 1, true) then lines[#lines + 1] = "x-amz-crc32: 1" end
  for line in head:gmatch("[^\r\n]+") do lines[#lines + 1] = line end
  local http = core.response(nil, false, true):reset()
  local done, why = http:feed(table.concat(lines, "\r\n") .. "\r\n\r\n" .. body)
  assert(done or done == false or type(why) == "string", "neither an end nor a reason")
  return done and http or nil
end

local function check_error(err)
  assert(errors.is(err) and KINDS[err.kind], "an error object of a known kind")
  assert(type(err.message) == "string" and type(tostring(err)) == "string", "a message")
  for _, name in ipairs({ "retryable", "throttled", "ambiguous" }) do
    assert(type(err[name]) == "boolean", name .. " is true or false")
  end
  assert(err.code == nil or type(err.code) == "string" and err.code ~= "", "a code is a text")
  assert(type(inspect.inspect(err)) == "string", "an error is shown")
  local policy = retry.new({ random = function() return 0.5 end, now = function() return 0 end })
  local delay, cost = policy:plan(1, err)
  assert(delay == nil and type(cost) == "string" or delay >= 0 and delay < 60, "a delay of some seconds")
  assert(errors.is(idempotency.unwrap(err)), "an error object")
end

local function run(text)
  local first, rest = text:match("^([^\n]*)\n?(.*)$")
  local name, status, flags = first:match("^(%a*) ?(%d*) ?(.*)$")
  local head, body = rest:match("^(.-)\n\n(.*)$")
  status = tonumber(status) or 400
  if status < 200 or status > 599 then status = 400 end
  local operation = operations[name] or operations.GetItem
  local http = receive(status, flags or "", head or "", body or rest)
  if not http then return end
  service_clock.observe(service_clock.new(), http, 0, 1)
  local result, err = response.read(http, http:status(), operation)
  if result then
    assert(type(result) == "table" and err == nil, "a result and an error")
    assert(type(inspect.inspect(result)) == "string", "a result is shown")
  else
    check_error(err)
  end
end

return { run = run }
