-- No argument is dropped: every public method and function, found at run time, raises at the caller's line for one
-- argument more than it takes, and for a dot instead of a colon.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")
local kit = dofile("spec/support/kit_objects.lua")
local methods_of = dofile("spec/support/public_methods.lua")
local testing = require("dynamodb.testing")

local unpack = table.unpack or unpack -- luacheck: ignore 113 143

local MANY = 20
local HERE = "^spec/scenarios/surplus_arguments_spec%.lua:%d+: "

local transport = helper.fake()
local conn = helper.offline(transport)
local tbl = conn:table("t", { hash_key = "id", range_key = "at" })
local task = dynamodb.loop.spawn(function() end)
dynamodb.loop.run()

-- The objects that users hold, by what messages call them.
local objects = {
  conn = conn,
  tbl = tbl,
  item = tbl:new_item("a", "b"),
  results = tbl:scan(),
  ["concurrent results"] = tbl:scan({ segments = 2, concurrency = 2 }),
  ["results of each"] = conn:each("ListBackups"),
  writer = tbl:batch_writer(),
  lock = helper.lock(),
  loader = tbl:loader(),
  queue = conn:background(),
  ["batch list"] = conn:new_batch_list(),
  ["batch write list"] = conn:new_batch_write_list(),
  task = task,
  number = dynamodb.number(1),
  set = dynamodb.set({ 1 }),
  binary = dynamodb.binary("a"),
  attr = dynamodb.attr("a"),
  condition = dynamodb.eq(1),
  action = dynamodb.increment(1),
  update = dynamodb.update(),
  schema = conn:create_schema("id", "S"),
  clock = kit.clock,
  faults = kit.faults,
  guard = kit.guard,
  recording = kit.recording,
  replay = kit.replay,
  server = kit.server,
  error = select(2, helper.offline(helper.fake(helper.response(400, "{}"))):list_tables()),
}

local modules = { dynamodb = dynamodb, json = dynamodb.json, loop = dynamodb.loop, testing = testing }

-- Functions that take any number of arguments.
local variadic = { dynamodb = { all = true, any = true, where = true }, json = {}, loop = { run = true, spawn = true },
  testing = {} }

-- Returns the functions of a module.
local function functions_of(module)
  local found = {}
  for name, value in pairs(module) do
    if type(value) == "function" then found[name] = value end
  end
  return found
end

local function error_of(f, ...)
  local args = { n = select("#", ...), ... }
  local ok, err = pcall(function()
    local result = f(unpack(args, 1, args.n))
    return result
  end)
  return ok and "nothing was raised" or tostring(err)
end

-- Returns what is wrong with the check of a method | nil. Arguments beyond the object are nil.
local function flaw(name, f, ...)
  local given = { ... }
  local function call(count) return error_of(f, unpack(given, 1, #given + count)) end
  local err = call(MANY)
  local takes = err:match(HERE .. "[%w_.]*" .. name .. " takes (.*): " .. MANY .. " arguments given$")
  if not takes then return err end
  local count = takes == "no arguments" and 0 or 1 + select(2, takes:gsub(",", ""))
  local one_more = call(count + 1)
  return not one_more:find(" takes ", 1, true) and one_more or nil
end

-- The methods of a room whose class must be found in this way, so that the spec does not pass over all of them.
local known = { conn = "batch_get", tbl = "get_item", item = "put", results = "next", writer = "flush", set = "add" }

describe("a surplus argument", function()
  teardown(function() conn:close() end)

  for subject, object in pairs(objects) do
    it("raises in every method of " .. subject, function()
      local flaws, methods = {}, methods_of(object)
      assert.is_true(not known[subject] or methods[known[subject]] ~= nil)
      for name, f in pairs(methods) do flaws[name] = flaw(name, f, object) end
      assert.same({}, flaws)
      assert.equal(0, transport.opened)
    end)
  end

  for subject, module in pairs(modules) do
    it("raises in every function of " .. subject, function()
      local flaws = {}
      for name, f in pairs(functions_of(module)) do
        if not variadic[subject][name] then flaws[name] = flaw(name, f) end
      end
      assert.same({}, flaws)
    end)

    it("raises in every function of " .. subject .. " that is called with a colon", function()
      local flaws = {}
      for name, f in pairs(functions_of(module)) do
        local err = error_of(f, module, unpack({}, 1, MANY))
        if not err:find(HERE .. "[%w_.]*" .. name .. " takes ") then flaws[name] = err end
      end
      assert.same({}, flaws)
    end)
  end

  it("would be found in a method that is added without the check", function()
    core.table_class.methods.added = function() return true end
    local found = flaw("added", methods_of(tbl).added, tbl)
    core.table_class.methods.added = nil
    assert.equal("nothing was raised", found)
  end)
end)

describe("a dot for a colon", function()
  -- What messages call the objects of these.
  local names = { ["concurrent results"] = "results", ["results of each"] = "results", ["batch list"] = "list",
    ["batch write list"] = "list" }

  for subject, object in pairs(objects) do
    it("is told in every method of " .. subject, function()
      local called, flaws = names[subject] or subject, {}
      for name, f in pairs(methods_of(object)) do
        local expected = ("%s.%s() needs a colon: %s:%s()"):format(called, name, called, name)
        for _, args in ipairs({ { n = 0 }, { n = 1, "text" }, { n = 1, {} }, { n = 2, true, {} } }) do
          local err = error_of(f, unpack(args, 1, args.n))
          if not err:find(HERE) or not err:find(expected, 1, true) then flaws[name] = err end
        end
      end
      assert.same({}, flaws)
    end)
  end

  it("and a colon for a dot", function()
    assert.error_matches(function() dynamodb:connect({}) end, "dynamodb.connect takes no colon", 1, true)
    assert.error_matches(function() dynamodb.loop:sleep(1) end, "loop.sleep takes no colon", 1, true)
  end)
end)
