-- One request over a pooled connection, with a fake transport. spec/http/pool_spec.lua uses real sockets.

local helper = dofile("spec/support/helper.lua")
local pool = require("dynamodb.http.pool")
local round_trip = require("dynamodb.http.round_trip")

local REQUEST = "POST / HTTP/1.1\r\nhost: spec\r\ncontent-length: 2\r\n\r\n{}"
local RESPONSE = helper.response(200, "{}")

local function new_pool(transport)
  return pool.new(transport, { url = "http://spec" }, { connect_timeout = 1, attempt_timeout = 5 })
end

-- Sends a request -> connection | nil, failure, sends.
local function ask(own, may_resend, call, deadline)
  local done, result, _, sends = round_trip.send(own, REQUEST, #REQUEST, may_resend and { may_resend = may_resend },
    call, deadline)
  return done and result or nil, not done and result or nil, sends
end

-- Sends once, so that the pool has an idle connection.
local function warm(own)
  pool.release(own, (assert(ask(own))))
end

describe("round_trip.send", function()
  it("returns the connection with the complete response, and how often it sent", function()
    local fake = helper.fake(RESPONSE)
    local connection, failure, sends = ask(new_pool(fake))
    assert.equal(200, connection.response:status())
    assert.is_nil(failure)
    assert.equal(1, sends)
    assert.same({ REQUEST }, fake.requests)
  end)

  it("sends nothing after the deadline", function()
    local fake = helper.fake(RESPONSE)
    local connection, failure, sends = ask(new_pool(fake), nil, nil, fake.clock)
    assert.is_nil(connection)
    assert.same({ kind = "timeout", message = "no time left", sent = false, permanent = false }, failure)
    assert.equal(0, sends)
  end)

  -- A transport whose idle connections are closed before a response.
  local function stale()
    local fake = helper.fake(function(_, n) return n ~= 2 and RESPONSE or nil end)
    local own = new_pool(fake)
    warm(own)
    fake.clock = fake.clock + 1
    return own, fake
  end

  it("looks at a kept connection unless it was used a moment ago and the request may be sent again", function()
    local function looks(seconds, may_resend)
      local fake, count = helper.fake(RESPONSE), 0
      function fake.idle() count = count + 1 return true end
      local own = new_pool(fake)
      warm(own)
      fake.clock = fake.clock + seconds
      assert.is_true(assert(ask(own, may_resend)).timing.reused)
      return count
    end
    local function yes() return true end
    local function no() return false end
    assert.same({ 0, 1, 1, 1, 1 }, { looks(0.05, yes), looks(0.2, yes), looks(0.05, no), looks(0.2, no), looks(0.05) })
  end)

  it("sends again when a connection that it did not look at was closed", function()
    local own, fake = stale()
    fake.clock = fake.clock - 1
    function fake.idle() error("looked at") end
    local connection, _, sends = ask(own, function() return true end)
    assert.is_false(connection.timing.reused)
    assert.equal(2, sends)
  end)

  it("sends again on a new connection when an idle one was closed", function()
    local own, fake = stale()
    local connection, _, sends = ask(own)
    assert.is_false(connection.timing.reused)
    assert.equal(2, sends)
    assert.same({ REQUEST, REQUEST, REQUEST }, fake.requests)
  end)

  it("calls may_resend before it sends again, and only then", function()
    local asked = {}
    local function may_resend(call)
      asked[#asked + 1] = call
      return false
    end
    local own, fake = stale()
    local connection, failure, sends = ask(own, may_resend, "the call")
    assert.is_nil(connection)
    assert.same({ "network", true, 1 }, { failure.kind, failure.sent, sends })
    assert.same({ "the call" }, asked)
    assert.equal(2, #fake.requests)
    assert(ask(new_pool(helper.fake(RESPONSE)), may_resend, "the call"))
    assert.same({ "the call" }, asked)
  end)

  it("does not call may_resend when the request cannot have been received", function()
    local fake = helper.fake(RESPONSE)
    local own, send = new_pool(fake), fake.send
    warm(own)
    function fake.send(socket, bytes)
      if fake.opened == 1 then return nil, "network", "broken pipe" end
      return send(socket, bytes)
    end
    fake.clock = fake.clock + 1
    assert(ask(own, function() error("asked", 0) end))
  end)

  it("refuses a body that ends only with the connection and has no checksum", function()
    local own = new_pool(helper.fake("HTTP/1.1 200 OK\r\n\r\n{}"))
    local connection, failure = ask(own)
    assert.is_nil(connection)
    assert.equal("response", failure.kind)
    assert.matches("truncation could not be noticed", failure.message, 1, true)
    own = new_pool(helper.fake("HTTP/1.1 200 OK\r\nx-amz-crc32: 2745614147\r\n\r\n{}"))
    assert.equal("{}", assert(ask(own)).response:body())
  end)

  it("frees the slot when any function of the transport raises", function()
    for _, name in ipairs({ "connect", "send", "receive", "timings" }) do
      local fake = helper.fake(RESPONSE)
      fake[name] = function() error("raised", 0) end
      local own = new_pool(fake)
      assert.same({ false, "raised" }, { pcall(ask, own) })
      assert.equal(0, pool.count_open(own))
      assert.equal(fake.opened, fake.closed)
    end
  end)
end)
