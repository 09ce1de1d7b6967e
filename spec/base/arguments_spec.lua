-- Checks of calls: how many arguments, colon or dot, lists, and keys before options.
local arguments = require("dynamodb.base.arguments")
local dynamodb = require("dynamodb")
local options = require("dynamodb.base.options")

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local function raises(text, f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  assert.equal(text, (err:gsub("^[^:]+arguments_spec%.lua:%d+: ", "")))
end

describe("arguments", function()
  it("of methods are counted, nil included, and passed on", function()
    local signatures = { [0] = "", "a", "a, b", "a, b, c", "a, b, c, d" }
    local class, methods, takes = {}, {}, {}
    for count, names in pairs(signatures) do
      takes["m" .. count] = names
      methods["m" .. count] = function(...) return { n = select("#", ...), ... } end
    end
    arguments.check_methods(methods, "it", { {}, class }, takes)
    local object = setmetatable({}, class)
    for count, names in pairs(signatures) do
      local method, name = methods["m" .. count], "m" .. count
      local given = { 1, 2, 3, 4 }
      local got = method(object, unpack(given, 1, count))
      assert.same({ n = count + 1, object, unpack(given, 1, count) }, got)
      local parameters = count == 0 and "no arguments" or "(" .. names .. ")"
      raises(("%s takes %s: %d argument%s given"):format(name, parameters, count + 1, count == 0 and "" or "s"),
        function() method(object, unpack({}, 1, count + 1)) end)
      raises(("it.%s() needs a colon: it:%s()"):format(name, name), function() method() end)
      raises(("it.%s() needs a colon: it:%s()"):format(name, name), function() method("text") end)
      raises(("it.%s() needs a colon: it:%s()"):format(name, name), function() method({}) end)
    end
  end)

  it("of functions are counted, and take no colon", function()
    local module = { f = function(...) return ... end, g = function(...) return select("#", ...) end }
    arguments.check_functions(module, "module", "of ", { f = "a", g = "a, ..." })
    assert.equal(5, module.f(5))
    assert.equal(3, module.g(1, nil, nil))
    raises("of f takes (a): 2 arguments given", function() module.f(1, nil) end)
    raises("module.f takes no colon", function() module:f() end)
    raises("module.g takes no colon", function() module:g(1) end)
  end)

  it("that are lists have no holes and nothing else", function()
    local list = { 1, 2 }
    assert.equal(list, arguments.check_list(list, "f", "keys"))
    assert.same({}, arguments.check_list({}, "f", "keys"))
    raises("f: list of keys expected, got nil", function() arguments.check_list(nil, "f", "keys") end)
    raises("f: list of keys expected, got table", function() arguments.check_list({ a = 1 }, "f", "keys") end)
    raises("f: list of keys expected, got dynamodb.action", function()
      arguments.check_list(dynamodb.increment(1), "f", "keys")
    end)
    raises("f: list of keys expected, got a member 'a'", function()
      arguments.check_list({ 1, a = 1 }, "f", "keys")
    end)
    raises("f: list of keys expected, got a list with holes", function()
      arguments.check_list({ 1, 2, nil, 4 }, "f", "keys")
    end)
  end)

  it("may be a key before a table of options", function()
    local given = { consistent_read = true }
    local function read(...)
      local found, hash, range = arguments.with_key("f", ...)
      return { found == given and "given" or found == options.NONE and "none" or found, hash, range }
    end
    assert.same({ "given" }, read(given))
    assert.same({ "none" }, read())
    assert.same({ "none", "h" }, read("h"))
    assert.same({ "none", "h" }, read("h", nil, nil))
    assert.same({ "none", "h", "r" }, read("h", "r"))
    assert.same({ "given", "h" }, read("h", given))
    assert.same({ "given", "h" }, read("h", nil, given))
    assert.same({ "given", "h", "r" }, read("h", "r", given))
    assert.same({ 5, "h", "r" }, read("h", "r", 5)) -- options.check refuses it
    local test = dynamodb.begins_with("a")
    assert.same({ "none", "h", test }, read("h", test))
    local follows = "f takes (options) or (hash_key, range_key, options): nothing may follow a table of options"
    raises(follows, function() read(given, {}) end)
    raises(follows, function() read(given, nil, {}) end)
    for _, name in ipairs({ "hash_key", "key", "range_key" }) do
      raises(("f: option '%s' excludes a positional key"):format(name), function() read("h", { [name] = 1 }) end)
    end
  end)
end)
