-- Warnings about requests that are probably mistakes: which ones, once for each line, and none without log and hooks.

local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

describe("hints", function()
  helper.ignore_endpoint(setup, teardown)

  local warnings, tbl

  before_each(function()
    warnings = {}
    local fake = helper.fake(helper.response(200, "{}"))
    tbl = helper.offline(fake, { hooks = { warning = function(event) warnings[#warnings + 1] = event.message end } })
      :table("t", { hash_key = "id" })
  end)

  for what, case in pairs({
    ["another client's operator"] = { function() return tbl:scan({ filter = { x = { gt = 5 } } }):all() end,
      'a condition compares with the map { ["gt"] = ... }; a test is written as dynamodb.gt(...)' },
    ["an operator of MongoDB"] = { function() return tbl:scan({ filter = { x = { ["$in"] = { 5 } } } }):all() end,
      'a condition compares with the map { ["$in"] = ... }; a test is written as dynamodb.is_in(...)' },
    ["a sign"] = { function() return tbl:put_item({ id = "a" }, { condition = { n = { [">="] = 5 } } }) end,
      'a condition compares with the map { [">="] = ... }; a test is written as dynamodb.ge(...)' },
    ["boto's suffix"] = { function() return tbl:delete_item("a", { condition = { n__lt = 5 } }) end,
      "an expression names the attribute 'n__lt'; a test of 'n' is written as n = dynamodb.gt(...)" },
    ["a typed value"] = { function() return tbl:put_item({ id = "a", name = { S = "x" } }) end,
      "attribute 'name' is stored as the map { S = ... }; attributes are plain Lua values" },
  }) do
    it("warn of " .. what, function()
      case[1]()
      assert.equal(1, #warnings)
      assert.matches("^spec/request/hints_spec.lua:%d+: ", warnings[1])
      assert.equal(case[2], (warnings[1]:gsub("^[^:]*:%d+: ", "")))
    end)
  end

  it("warn once for each line", function()
    for _ = 1, 3 do assert(tbl:put_item({ id = "a", name = { S = "x" } })) end
    assert(tbl:put_item({ id = "a", name = { S = "x" } }))
    assert.equal(2, #warnings)
  end)

  it("leave usual requests alone", function()
    assert(tbl:put_item({ id = "a", map = { gt = 1 }, S = "x", list = { { S = 1 } }, two = { S = 1, N = 2 }, e = {} }))
    tbl:scan({ filter = { map = { gt = 1, lt = 2 }, x__y = 5, n = dynamodb.gt(5), e = {} } }):all()
    assert(tbl:update_item({ hash_key = "a", update = { a = { b = 1 }, c = dynamodb.increment() } }))
    assert.same({}, warnings)
  end)

  it("reach the log", function()
    local lines = {}
    local fake = helper.fake(helper.response(200, "{}"))
    local conn = helper.offline(fake, { log = function(line) lines[#lines + 1] = line end })
    assert(conn:table("t", { hash_key = "id" }):put_item({ id = "a", name = { S = "x" } }))
    assert.matches("^dynamodb: warning: spec/request/hints_spec.lua:%d+: attribute 'name' is stored as the map", lines[1])
  end)

  it("warn once of a region that no partition has", function()
    for region, count in pairs({ europe = 1, us_east_1 = 0, ["eu-west-1"] = 0, ["eu-north-9"] = 0, ["us-gov-west-1"] = 0,
      ["cn-north"] = 1 }) do
      warnings = {}
      local function note(event) warnings[#warnings + 1] = event.message end
      local given = { hooks = { warning = note }, region = region, aws_access_key_id = helper.KEY,
        aws_secret_access_key = helper.SECRET, transport = helper.fake(helper.response(200, "{}")) }
      local ok, conn = pcall(dynamodb.connect, given)
      if ok then
        for _ = 1, 2 do conn:list_tables() end
        assert.equal(count, #warnings, region)
        local text = ("no partition of AWS has regions like '%s'"):format(region)
        if count > 0 then assert.matches(text, warnings[1], 1, true) end
      end
    end
  end)
end)
