-- Error objects: their fields, their text, and what raising one shows.
local errors = require("dynamodb.error")
local options = require("dynamodb.base.options")
local schema = require("dynamodb.table.schema")

local function line_of(f) return debug.getinfo(f, "S").linedefined end

local function failure(fields)
  fields = fields or {}
  fields.kind, fields.message = fields.kind or "network", fields.message or "connection closed"
  return errors.new(fields)
end

describe("an error object", function()
  it("has its three flags, false unless given", function()
    local err = failure()
    assert.same({ false, false, false }, { err.retryable, err.throttled, err.ambiguous })
    err = failure({ retryable = true, throttled = true, ambiguous = true })
    assert.same({ true, true, true }, { err.retryable, err.throttled, err.ambiguous })
  end)

  it("keeps the given fields", function()
    local err = failure({ status = 400, code = "X", request_id = "r", operation = "GetItem", attempts = 1 })
    local found = { err.status, err.code, err.request_id, err.operation, err.attempts }
    assert.same({ 400, "X", "r", "GetItem", 1 }, found)
  end)

  local texts = {
    { { kind = "network" }, "network: connection closed" },
    { { kind = "service", code = "ValidationException", message = "no" }, "ValidationException: no" },
    { { kind = "response", message = "" }, "response: " },
  }
  for _, case in ipairs(texts) do
    it("is printed as " .. case[2], function()
      assert.equal(case[2], tostring(failure(case[1])))
    end)
  end

  it("joins texts", function()
    local err, text = failure(), "network: connection closed"
    assert.equal("so: " .. text, "so: " .. err)
    assert.equal(text .. "!", err .. "!")
    assert.equal(text .. "7", err .. 7)
    assert.equal(text .. text, err .. err)
    assert.equal("a" .. text .. "b", "a" .. err .. "b")
  end)

  it("passes through assert and pcall unchanged", function()
    local err = failure()
    local ok, raised = pcall(_G.assert, nil, err) -- Lua's assert, not busted's
    assert.is_false(ok)
    assert.is_true(rawequal(err, raised))
  end)

  it("is recognized by errors.is, which returns false for other values", function()
    assert.is_true(errors.is(failure()))
    for _, value in ipairs({ "network: connection closed", {}, 1, true, setmetatable({}, {}), io.stdout }) do
      assert.is_false(errors.is(value))
    end
    assert.is_false(errors.is(nil))
  end)
end)

describe("errors.raise", function()
  -- Calls a function that raises a string with a position in this file -> line number, message.
  local function raised(f, ...)
    local ok, message = pcall(f, ...)
    assert.is_false(ok)
    local file, line, text = message:match("^(.*):(%d+): (.*)$")
    assert.matches("error_spec%.lua$", file)
    return tonumber(line), text
  end

  local function direct() errors.raise("%s of %d", "one", 7) end
  local function through_two() schema.create({ hash_key_name = "a" }, "create_schema") end
  local function through_three() schema.create({ hash_key = "a" }, "create_schema") end
  local function inner() options.check({}, { a = 1 }, "inner") end
  local function outer()
    inner()
    return true
  end

  local cases = {
    { "by its only caller", direct, direct, "one of 7" },
    { "through one room", through_two, through_two,
      "create_schema: options 'hash_key_name' and 'hash_key_proto_value' expected together" },
    { "through two rooms", through_three, through_three, "create_schema: unknown option 'hash_key': "
      .. "did you mean 'hash_key_name'? (known: hash_key_name, hash_key_proto_value, range_key_name, range_key_proto_value)" },
    { "not by the caller's caller", outer, inner, "inner: unknown option 'a' (known: )" },
  }
  for _, case in ipairs(cases) do
    it("gives the position when called " .. case[1], function()
      local line, text = raised(case[2])
      assert.equal(line_of(case[3]), line)
      assert.equal(case[4], text)
    end)
  end

  it("gives the position within a coroutine", function()
    local ok, message = coroutine.resume(coroutine.create(outer))
    assert.is_false(ok)
    assert.matches("error_spec.lua:" .. line_of(inner) .. ": inner", message, 1, true)
  end)

  it("gives the position through C functions in between", function()
    local function sort() table.sort({ 2, 1 }, function() options.check({}, { a = 1 }, "sort") end) end
    assert.equal(line_of(sort), (raised(sort)))
  end)

  it("gives the text alone when there is no traceback", function()
    local ok, message = coroutine.resume(coroutine.create(errors.raise), "alone: %s", "x")
    assert.is_false(ok)
    assert.equal("alone: x", message)
  end)

  it("raises a string, not an error object", function()
    local _, message = pcall(direct)
    assert.is_string(message)
  end)
end)
