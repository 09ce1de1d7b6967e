-- The growable buffer of the C core: appending, maximum sizes, and failed allocations.
local buf = require("probe").buf

local function filled(max, text)
  local b = buf.new(max)
  buf.add(b, text)
  return b
end

describe("buf", function()
  it("joins what is added", function()
    local b = filled(100, "one")
    buf.add_char(b, ",")
    buf.add_text(b, "two")
    buf.add(b, "\0\255")
    assert.equal("one,two\0\255", buf.text(b))
    assert.equal("no error", buf.status(b))
  end)

  it("allocates nothing before something is added", function()
    local b = buf.new(100)
    buf.add(b, "")
    assert.equal(0, buf.capacity(b))
    buf.add(b, "x")
    assert.is_true(buf.capacity(b) > 0)
  end)

  it("keeps its bytes while it grows", function()
    local b, parts = buf.new(1e6), {}
    for i = 1, 20000 do
      parts[i] = i .. ";"
      buf.add(b, parts[i])
    end
    assert.equal(table.concat(parts), buf.text(b))
  end)

  it("holds exactly its maximum size, and never allocates more", function()
    local b = filled(300, ("x"):rep(299))
    buf.add_char(b, "y")
    assert.equal("no error", buf.status(b))
    assert.equal(300, #buf.text(b))
    assert.is_true(buf.capacity(b) <= 300)
    buf.add_char(b, "z")
    assert.equal("too large", buf.status(b))
    assert.equal(("x"):rep(299) .. "y", buf.text(b))
  end)

  it("appends a piece completely or not at all", function()
    local b = filled(5, "abc")
    buf.add(b, "def")
    assert.equal("abc", buf.text(b))
    assert.equal("too large", buf.status(b))
  end)

  it("rejects all additions after a failure", function()
    local b = filled(5, "abc")
    buf.add(b, "def")
    buf.add(b, "d")
    buf.add_char(b, "d")
    buf.add_text(b, "d")
    assert.is_false(buf.reserve(b, 0))
    assert.equal("abc", buf.text(b))
    assert.equal("too large", buf.status(b))
  end)

  it("holds nothing with a maximum size of zero", function()
    local b = buf.new(0)
    buf.add(b, "")
    assert.equal("no error", buf.status(b))
    buf.add_char(b, "x")
    assert.equal("too large", buf.status(b))
  end)

  it("reserves space without using it", function()
    local b = filled(1000, "abc")
    assert.is_true(buf.reserve(b, 997))
    assert.equal("abc", buf.text(b))
    assert.equal(1000, buf.capacity(b))
    assert.is_false(buf.reserve(b, 998))
  end)

  it("rejects sizes that would overflow", function()
    local b = filled(1000, "abc")
    assert.is_false(buf.reserve_everything(b))
    assert.equal("too large", buf.status(b))
    assert.equal("abc", buf.text(b))
  end)

  it("reports a lack of memory, and stays usable", function()
    local b = buf.new(2 ^ 62)
    assert.is_false(buf.reserve(b, 2 ^ 60))
    assert.equal("out of memory", buf.status(b))
    buf.clear(b, 0)
    buf.add(b, "abc")
    assert.equal("abc", buf.text(b))
  end)

  it("clears its content and its failure, and keeps a limited amount of memory", function()
    local b = filled(600, ("x"):rep(500))
    buf.add(b, ("x"):rep(500))
    local capacity = buf.capacity(b)
    buf.clear(b, capacity)
    assert.same({ "", "no error", capacity }, { buf.text(b), buf.status(b), buf.capacity(b) })
    buf.clear(b, capacity - 1)
    assert.same({ "", "no error", 0 }, { buf.text(b), buf.status(b), buf.capacity(b) })
    buf.add(b, "again")
    assert.equal("again", buf.text(b))
  end)

  it("keeps its maximum size after clear and free", function()
    local b = buf.new(3)
    buf.clear(b, 0)
    buf.free(b)
    buf.add(b, "abcd")
    assert.equal("too large", buf.status(b))
  end)

  for _, make in ipairs({ "new", "new_secret" }) do
    it("can be freed twice, and used again: " .. make, function()
      local b = buf[make](10)
      buf.add(b, "secret")
      buf.free(b)
      buf.free(b)
      assert.same({ "", 0 }, { buf.text(b), buf.capacity(b) })
      buf.add(b, "more")
      assert.equal("more", buf.text(b))
      buf.add(b, "than ten bytes")
      assert.equal("too large", buf.status(b))
    end)
  end

  it("accepts a struct of zeroes in free", function()
    local b = buf.zeroed()
    buf.free(b)
    assert.same({ "", 0, "no error" }, { buf.text(b), buf.capacity(b), buf.status(b) })
  end)

  -- spec/scenarios/secrets_in_memory_spec.lua looks for what it leaves behind.
  it("keeps the bytes of a secret while it grows", function()
    local b, parts = buf.new_secret(1e6), {}
    for i = 1, 5000 do
      parts[i] = i .. ";"
      buf.add(b, parts[i])
    end
    assert.equal(table.concat(parts), buf.text(b))
    buf.clear(b, 0)
    assert.equal(0, buf.capacity(b))
  end)
end)
