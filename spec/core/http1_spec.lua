-- The HTTP/1.1 response parser of the C core, by the vectors of spec/vectors/http1.lua, in pieces of every size, and
-- with random damage.
local http1 = require("probe").http1
local vectors = dofile("spec/vectors/http1.lua")
local samples = dofile("spec/support/samples.lua")

local function limits_of(case)
  local limits = {}
  for name, value in pairs(vectors.limits) do limits[name] = value end
  for name, value in pairs(case.limits or {}) do limits[name] = value end
  return limits
end

-- Feeds the pieces, then ends the connection if 'close' -> true, or nil and the text of the first error.
local function feed(parser, pieces, close)
  for _, piece in ipairs(pieces) do
    local ok, text = parser:feed(piece)
    if not ok then return nil, text end
  end
  if close then return parser:close() end
  return true
end

local function single_bytes(bytes)
  local pieces = {}
  for i = 1, #bytes do pieces[i] = bytes:sub(i, i) end
  return pieces
end

-- A random number generator with the same sequence on every Lua.
local function generator(seed)
  return function(n)
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end
end

local function random_pieces(bytes, random)
  local pieces, at = {}, 1
  while at <= #bytes do
    local n = random(12)
    pieces[#pieces + 1] = bytes:sub(at, at + n - 1)
    at = at + n
  end
  return pieces
end

local function check_accepted(case, pieces)
  local parser = http1.new(limits_of(case))
  assert(feed(parser, pieces, case.close))
  local state = parser:state()
  assert.is_true(state.done)
  assert.is_true(state.started)
  assert.are.equal(case.status or 200, state.status)
  assert.are.equal(case.body or "", state.body)
  assert.are.equal(case.keep_alive ~= false, state.keep_alive)
  assert.are.equal(case.surplus or 0, state.surplus)
  for name, value in pairs(case.headers or {}) do
    local found = parser:header(name)
    assert.are.equal(value, found or false)
  end
end

describe("an accepted response", function()
  for _, case in ipairs(vectors.accepted) do
    it(case.name, function()
      check_accepted(case, { case.bytes })
      check_accepted(case, single_bytes(case.bytes))
      for i = 1, #case.bytes - 1, samples.step() do
        check_accepted(case, { case.bytes:sub(1, i), case.bytes:sub(i + 1) })
      end
    end)
  end

  it("is not done before its last byte", function()
    for _, case in ipairs(vectors.accepted) do
      local parser = http1.new(limits_of(case))
      for i = 1, #case.bytes - (case.surplus or 0) do
        assert.is_false(parser:state().done, case.name)
        assert(parser:feed(case.bytes:sub(i, i)))
      end
      assert.are.equal(not case.by_close, parser:state().done, case.name)
    end
  end)
end)

describe("a refused response", function()
  for _, case in ipairs(vectors.refused) do
    it(case.name, function()
      for _, pieces in ipairs { { case.bytes }, single_bytes(case.bytes) } do
        local parser = http1.new(limits_of(case))
        local ok, text = feed(parser, pieces, case.close)
        assert.is_nil(ok)
        assert.are.equal(case.text, text)
        local state = parser:state()
        assert.is_false(state.done)
        assert.is_false(state.keep_alive)
      end
    end)
  end

  it("stays refused, whatever follows", function()
    for _, case in ipairs(vectors.refused) do
      local parser = http1.new(limits_of(case))
      feed(parser, { case.bytes }, case.close)
      for _, bytes in ipairs { "", "\r\n\r\n", vectors.accepted[1].bytes } do
        local ok, text = parser:feed(bytes)
        assert.is_nil(ok)
        assert.are.equal("response has failed before", text)
      end
      assert.are.equal("response has failed before", select(2, parser:close()))
      assert.is_false(parser:state().done)
    end
  end)
end)

local generous = { head_bytes = 16384, header_count = 100, informational = 8, body_bytes = 67108864 }

local function response(body, ...)
  local lines = { "HTTP/1.1 200 OK", "Content-Length: " .. #body, ... }
  return table.concat(lines, "\r\n") .. "\r\n\r\n" .. body
end

describe("the parser", function()
  it("has seen nothing at first, nor after an empty feed", function()
    local parser = http1.new(generous)
    assert(parser:feed(""))
    local state = parser:state()
    assert.is_false(state.started)
    assert.is_false(state.done)
    assert.is_false(state.keep_alive)
    assert.are.equal(0, state.status)
    assert.is_nil(parser:header("content-length"))
  end)

  it("shows no header before the final head is complete", function()
    local parser = http1.new(generous)
    assert(parser:feed("HTTP/1.1 100 x\r\nA: early\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 9\r\n"))
    assert.is_nil(parser:header("a"))
    assert(parser:feed("\r\n"))
    assert.are.equal("b", parser:header("a"))
  end)

  it("still shows the headers when the body is refused", function()
    local parser = http1.new(generous)
    assert(parser:feed("HTTP/1.1 200 OK\r\nX-Amzn-RequestId: R\r\nContent-Length: 9\r\n\r\nabc"))
    assert.is_nil((parser:close()))
    assert.are.equal("R", parser:header("x-amzn-requestid"))
  end)

  it("keeps headers apart from what follows them", function()
    local parser = http1.new(generous)
    assert(parser:feed("HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"))
    assert(parser:feed("3\r\nabc\r\n0\r\nA2: c\r\nd"))
    assert.are.equal("b", parser:header("a"))
    assert.is_nil(parser:header("a2"))
  end)

  it("loses keep_alive when the peer closes after a complete response", function()
    local parser = http1.new(generous)
    assert(parser:feed(response("ok")))
    assert.is_true(parser:state().keep_alive)
    assert(parser:close())
    assert.is_true(parser:state().done)
    assert.is_false(parser:state().keep_alive)
  end)

  it("counts surplus of later feeds too", function()
    local parser = http1.new(generous)
    assert(parser:feed(response("ok") .. "12"))
    assert(parser:feed("345"))
    assert.are.equal(5, parser:state().surplus)
    assert.are.equal("ok", parser:state().body)
  end)

  it("counts what comes after a close-delimited body as surplus", function()
    local parser = http1.new(generous)
    assert(parser:feed("HTTP/1.1 200 OK\r\nx-amz-crc32: 1\r\n\r\nabc"))
    assert(parser:close())
    assert(parser:feed("d"))
    assert.are.equal("abc", parser:state().body)
    assert.are.equal(1, parser:state().surplus)
  end)

  it("reads one response after another, whatever became of the last", function()
    local parser = http1.new(vectors.limits)
    local function check_fresh()
      parser:reset()
      local state = parser:state()
      assert.are.same({ false, false, false, 0, 0, "" },
        { state.done, state.started, state.keep_alive, state.status, state.surplus, state.body })
      assert.is_nil(parser:header("x-amz-crc32"))
      assert(parser:feed(response("ok", "B: c")))
      assert.are.equal("ok", parser:state().body)
      assert.is_true(parser:state().keep_alive)
      assert.is_nil(parser:header("a"))
      parser:reset()
    end
    for _, list in ipairs { vectors.accepted, vectors.refused } do
      for _, case in ipairs(list) do
        feed(parser, { case.bytes }, case.close)
        check_fresh()
      end
    end
  end)

  it("forgets the 1xx responses of the last one", function()
    local parser = http1.new(vectors.limits)
    for _ = 1, 5 do
      assert(parser:feed(("HTTP/1.1 100 x\r\n\r\n"):rep(2) .. response("ok")))
      parser:reset()
    end
  end)

  it("keeps memory on reset, but not all of it", function()
    local parser = http1.new(generous)
    assert(parser:feed(response(("x"):rep(1000000))))
    local kept = parser:state().body_capacity
    parser:reset()
    assert.are.equal(kept, parser:state().body_capacity)
    assert.is_true(parser:state().head_capacity > 0)
    assert(parser:feed(response(("x"):rep(5000000))))
    parser:reset()
    assert.are.equal(0, parser:state().body_capacity)
    assert(parser:feed(response("ok")))
    assert.are.equal("ok", parser:state().body)
  end)

  it("gives back a very large head", function()
    local parser = http1.new { head_bytes = 1000000, header_count = 5, informational = 0, body_bytes = 10 }
    assert(parser:feed(response("ok", "A: " .. ("x"):rep(100000))))
    assert.are.equal(100000, #parser:header("a"))
    parser:reset()
    assert.are.equal(0, parser:state().head_capacity)
  end)

  it("reserves a claimed length at once, but trusts it only so far", function()
    local parser = http1.new(generous)
    assert(parser:feed("HTTP/1.1 200 OK\r\nContent-Length: 700000\r\n\r\n"))
    assert.is_true(parser:state().body_capacity >= 700000)
    parser = http1.new(generous)
    assert(parser:feed("HTTP/1.1 200 OK\r\nContent-Length: 60000000\r\n\r\n"))
    assert.is_true(parser:state().body_capacity <= 4 * 1024 * 1024)
  end)

  it("reads a large body in pieces", function()
    local random, parts = generator(5), {}
    for i = 1, 5000 do parts[i] = ("%d,"):format(random(1000000)):rep(100) end
    local body = table.concat(parts)
    local parser, bytes = http1.new(generous), response(body)
    for at = 1, #bytes, 65536 do assert(parser:feed(bytes:sub(at, at + 65535))) end
    assert.is_true(parser:state().done)
    assert.is_true(body == parser:state().body)
  end)

  it("works without limits", function()
    local parser = http1.new { head_bytes = -1, header_count = -1, informational = -1, body_bytes = -1 }
    assert(parser:feed(response(("x"):rep(100000), "A: " .. ("y"):rep(100000))))
    assert.are.equal(("x"):rep(100000), parser:state().body)
  end)

  it("says when memory runs out", function()
    local in_chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
    local only_head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
    for _, piece in ipairs { only_head, in_chunks } do
      for _, what in ipairs { "head", "body" } do
        local parser = http1.new(generous)
        parser:starve(what)
        assert.are.same({ n = 3, nil, "response: out of memory", 1 },
          { n = 3, parser:feed(piece) })
        parser:reset()
        assert(parser:feed(response("ok")))
        assert.are.equal("ok", parser:state().body)
      end
    end
  end)

  it("may be freed twice, used again, and freed when it was only zeroed", function()
    local parser = http1.new(generous)
    assert(parser:feed(response("ok")))
    parser:free()
    parser:free()
    assert.is_nil(parser:header("content-length"))
    assert.are.equal(0, parser:state().body_capacity + parser:state().head_capacity)
    assert(parser:feed(response("again")))
    assert.are.equal("again", parser:state().body)
    parser = http1.zeroed()
    parser:free()
    assert.are.equal("response head exceeds 0 bytes", select(2, parser:feed("H")))
    parser:reset()
    assert.are.equal("connection closed before the first byte of the response", select(2, parser:close()))
  end)
end)

-- An independent, lenient parser of complete responses -> the expected body.
local function reference_chunks(rest)
  local body = {}
  while true do
    local size, after = rest:match("^(%x+)[^\n]*\n()")
    if not size then return nil end
    local n = tonumber(size:match("^0*(%x*)$"):match("^%x+$") or "0", 16)
    if n == 0 then return table.concat(body) end
    body[#body + 1] = rest:sub(after, after + n - 1)
    rest = rest:sub(after + n + 2)
  end
end

local function reference(bytes)
  local status, fields, at = bytes:match("^HTTP/1%.%d (%d%d%d)[^\n]*\n(.-)\r\n()")
  while fields and fields ~= "" and bytes:sub(at - 4, at - 1) ~= "\r\n\r\n" do
    local line, after = bytes:match("^(.-)\r\n()", at)
    if not line then return nil end
    fields, at = fields .. "\r\n" .. line, after
  end
  if not status then return nil end
  if status:sub(1, 1) == "1" then return reference(bytes:sub(at)) end
  if status == "204" or status == "304" then return status, "" end
  local lower = ("\r\n" .. fields .. "\r\n"):lower()
  local length = lower:match("\r\ncontent%-length:[ \t]*(%d+)[ \t]*\r\n")
  if length then return status, bytes:sub(at, at + tonumber(length) - 1), tonumber(length) end
  local rest = bytes:sub(at)
  if lower:find("\r\ntransfer%-encoding:[ \t]*chunked") then rest = reference_chunks(rest) end
  return status, rest
end

local interesting = {
  "\r\n", "\n", "\r", "\0", " ", ":", "0", "9", "f", ";", "\t", "\255", "chunked", "-", "1",
}

-- Replaces, inserts, removes or truncates bytes at a random position.
local function mutated(bytes, random)
  local at, kind = random(#bytes), random(4)
  local before, after = bytes:sub(1, at - 1), bytes:sub(at + 1)
  local piece = interesting[random(#interesting)]
  if kind == 1 then return before .. piece .. after end
  if kind == 2 then return before .. piece .. bytes:sub(at) end
  if kind == 3 then return before .. after end
  return before
end

local function outcome(limits, pieces, close)
  local parser = http1.new(limits)
  local ok, text = feed(parser, pieces, close)
  local state = parser:state()
  return { ok = ok or false, text = text, done = state.done, status = state.status,
           body = ok and state.body, surplus = state.surplus, keep_alive = state.keep_alive }
end

describe("a damaged response", function()
  it("gives the same outcome however it is split, and never a wrong body", function()
    local random, accepted, refused = generator(20260807), 0, 0
    for _ = 1, samples.count(60) do
      for _, case in ipairs(vectors.accepted) do
        local bytes, limits = mutated(case.bytes, random), limits_of(case)
        if random(3) == 1 and bytes ~= "" then bytes = mutated(bytes, random) end
        local whole = outcome(limits, { bytes }, case.close)
        assert.are.same(whole, outcome(limits, single_bytes(bytes), case.close))
        assert.are.same(whole, outcome(limits, random_pieces(bytes, random), case.close))
        if whole.done then
          local status, body, length = reference(bytes)
          assert.are.equal(status, tostring(whole.status), bytes)
          assert.are.equal(body, whole.body, bytes)
          assert.are.equal(length or #body, #whole.body, bytes)
          accepted = accepted + 1
        elseif not whole.ok then
          refused = refused + 1
        end
      end
    end
    assert.is_true(accepted > samples.count(500) and refused > samples.count(500))
  end)

  it("is never done when cut, unless only the close ends it", function()
    for _, case in ipairs(vectors.accepted) do
      if not case.by_close then
        for n = 0, #case.bytes - (case.surplus or 0) - 1, samples.step() do
          local cut = outcome(limits_of(case), { case.bytes:sub(1, n) }, true)
          assert.is_false(cut.ok, case.name)
          assert.is_false(cut.done, case.name)
        end
      end
    end
  end)

  it("does no harm when it is noise", function()
    local random = generator(7)
    for _ = 1, samples.count(2000) do
      local bytes = { "HTTP/1.1 200 OK\r\n" }
      for i = 2, random(30) do bytes[i] = interesting[random(#interesting)] end
      bytes = table.concat(bytes)
      assert.are.same(outcome(vectors.limits, { bytes }, true),
        outcome(vectors.limits, single_bytes(bytes), true))
    end
  end)
end)
