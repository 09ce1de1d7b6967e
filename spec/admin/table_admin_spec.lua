-- Administration of tables, against the server if it supports the operation, else against a recording transport.

local cjson = require("cjson")
local engines = dofile("spec/support/engines.lua")
local helper = dofile("spec/support/helper.lua")

local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/messages"

-- A description of the table "messages" with these members.
local function description(more)
  local all = { TableName = "messages", TableStatus = "ACTIVE", TableArn = ARN,
    KeySchema = { { AttributeName = "id", KeyType = "HASH" }, { AttributeName = "at", KeyType = "RANGE" } },
    AttributeDefinitions = { { AttributeName = "id", AttributeType = "S" }, { AttributeName = "at", AttributeType = "N" } } }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

local function updated(more) return { TableDescription = description(more) } end
local function described(more) return { Table = description(more) } end
local function failure(code) return { status = 400, __type = "com.amazonaws.dynamodb.v20120810#" .. code, message = "no" } end

local NOT_FOUND = failure("ResourceNotFoundException")

-- Parses a request -> operation, body.
local function parse(bytes)
  return bytes:match("DynamoDB_20120810%.(%a+)"), cjson.decode(bytes:match("\r\n\r\n(.*)$"))
end

-- A table of a service that gives each operation its responses in order and then repeats the last one.
local function service(responses)
  local asked = {}
  local fake = helper.fake(function(bytes)
    local name = parse(bytes)
    asked[name] = (asked[name] or 0) + 1
    local list = assert(responses[name], name)
    local response = list[math.min(asked[name], #list)]
    return helper.response(response.status or 200, cjson.encode(response))
  end)
  local conn = helper.offline(fake)
  return conn:table("messages", { hash_key = "id", range_key = "at", range_key_type = "N" }), fake, conn
end

local BASE = { { AttributeName = "at", AttributeType = "N" }, { AttributeName = "id", AttributeType = "S" } }
local GLOBAL = { { AttributeName = "a", KeyType = "HASH" }, { AttributeName = "b", KeyType = "HASH" },
  { AttributeName = "id", KeyType = "HASH" }, { AttributeName = "d", KeyType = "HASH" },
  { AttributeName = "e", KeyType = "RANGE" }, { AttributeName = "at", KeyType = "RANGE" },
  { AttributeName = "g", KeyType = "RANGE" }, { AttributeName = "h", KeyType = "RANGE" } }

-- { call, parameters of UpdateTable besides the table's name }
local updates = {
  { "update", { read_units = 3, write_units = 4 },
    { BillingMode = "PROVISIONED", ProvisionedThroughput = { ReadCapacityUnits = 3, WriteCapacityUnits = 4 } } },
  { "update", { billing_mode = "PAY_PER_REQUEST" }, { BillingMode = "PAY_PER_REQUEST" } },
  { "update", { billing_mode = "PROVISIONED", read_units = 1, write_units = 2 },
    { BillingMode = "PROVISIONED", ProvisionedThroughput = { ReadCapacityUnits = 1, WriteCapacityUnits = 2 } } },
  { "update", { max_read_units = 5, max_write_units = false },
    { OnDemandThroughput = { MaxReadRequestUnits = 5, MaxWriteRequestUnits = -1 } } },
  { "update", { warm_throughput = { read = 13000, write = 5000 } },
    { WarmThroughput = { ReadUnitsPerSecond = 13000, WriteUnitsPerSecond = 5000 } } },
  { "update", { stream = "KEYS_ONLY" }, { StreamSpecification = { StreamEnabled = true, StreamViewType = "KEYS_ONLY" } } },
  { "update", { stream = false }, { StreamSpecification = { StreamEnabled = false } } },
  { "update", { encryption = "alias/mine" },
    { SSESpecification = { Enabled = true, SSEType = "KMS", KMSMasterKeyId = "alias/mine" } } },
  { "update", { encryption = false }, { SSESpecification = { Enabled = false } } },
  { "update", { table_class = "STANDARD_INFREQUENT_ACCESS" }, { TableClass = "STANDARD_INFREQUENT_ACCESS" } },
  { "update", { deletion_protection = false }, { DeletionProtectionEnabled = false } },
  { "update", { indexes = { by_age = { read_units = 3, write_units = 4 } } },
    { GlobalSecondaryIndexUpdates = { { Update = { IndexName = "by_age",
      ProvisionedThroughput = { ReadCapacityUnits = 3, WriteCapacityUnits = 4 } } } } } },
  { "update", { indexes = { by_age = { max_read_units = 9, warm_throughput = { read = 12000, write = 4000 } } } },
    { GlobalSecondaryIndexUpdates = { { Update = { IndexName = "by_age", OnDemandThroughput = { MaxReadRequestUnits = 9 },
      WarmThroughput = { ReadUnitsPerSecond = 12000, WriteUnitsPerSecond = 4000 } } } } } },
  { "create_index", { name = "by_age", hash_key = { "age", "N" }, projection = "KEYS_ONLY" },
    { AttributeDefinitions = { { AttributeName = "age", AttributeType = "N" }, BASE[1], BASE[2] },
      GlobalSecondaryIndexUpdates = { { Create = { IndexName = "by_age",
        KeySchema = { { AttributeName = "age", KeyType = "HASH" } }, Projection = { ProjectionType = "KEYS_ONLY" } } } } } },
  { "create_index", { name = "by_all", read_units = 1, write_units = 2,
      hash_key = { { "a", "S" }, { "b", "N" }, { "id", "S" }, { "d", "B" } },
      range_key = { { "e", "S" }, { "at", "N" }, { "g", "B" }, { "h", "S" } } },
    { AttributeDefinitions = { { AttributeName = "a", AttributeType = "S" }, BASE[1],
        { AttributeName = "b", AttributeType = "N" }, { AttributeName = "d", AttributeType = "B" },
        { AttributeName = "e", AttributeType = "S" }, { AttributeName = "g", AttributeType = "B" },
        { AttributeName = "h", AttributeType = "S" }, BASE[2] },
      GlobalSecondaryIndexUpdates = { { Create = { IndexName = "by_all", KeySchema = GLOBAL,
        Projection = { ProjectionType = "ALL" },
        ProvisionedThroughput = { ReadCapacityUnits = 1, WriteCapacityUnits = 2 } } } } } },
  { "drop_index", "by_age", { GlobalSecondaryIndexUpdates = { { Delete = { IndexName = "by_age" } } } } },
}

local refused = {
  { "update", {}, "update: at least one option expected" },
  { "update", { name = "other" }, "update: unknown option 'name'" },
  { "update", { read_units = 1 }, "update: options 'read_units' and 'write_units' expected together" },
  { "update", { billing_mode = "FREE" }, "update: option 'billing_mode': one of PAY_PER_REQUEST, PROVISIONED" },
  { "update", { indexes = { by_age = { name = "other" } } }, "update: indexes.by_age: unknown option 'name'" },
  { "update", { indexes = {} }, "update: option 'indexes': { name = { ... } } expected" },
  { "update", { indexes = { by_age = { read_units = 1 } } }, "update: indexes.by_age: options 'read_units' and" },
  { "create_index", { hash_key = "age" }, "create_index: option 'name' expected" },
  { "create_index", { name = "by_at", hash_key = { "at", "S" } }, "create_index: attribute 'at' is of type N elsewhere" },
  { "drop_index", nil, "drop_index: name expected, got nil" },
  { "update_ttl", 5, "update_ttl: attribute name expected, got number" },
  { "tag", nil, "tag: { name = value } expected" },
  { "tag", {}, "tag: { name = value } expected" },
  { "tag", { { Key = "a", Value = "b" } }, "tag: { name = value } of texts expected, got [1] = table" },
  { "untag", {}, "untag: list of names expected" },
  { "refresh", { wait = true }, "refresh: unknown option 'wait'" },
  { "refresh", { wait_for_active = 1 }, "refresh: option 'wait_for_active': boolean expected" },
  { "wait_until_active", { timeout = 0 }, "wait_until_active: option 'timeout': positive number of seconds" },
  { "wait_until_deleted", { time = 1 }, "wait_until_deleted: unknown option 'time'" },
  { "wait_until_ttl_enabled", { time = 1 }, "wait_until_ttl_enabled: unknown option 'time'" },
}

-- Calls of other operations: { method, arguments, operation, request, response, result }.
local TTL = { AttributeName = "until", Enabled = true }
local calls = {
  { "update_ttl", { "until" }, "UpdateTimeToLive", { TableName = "messages", TimeToLiveSpecification = TTL },
    { TimeToLiveSpecification = TTL }, TTL },
  { "update_ttl", { "until", false }, "UpdateTimeToLive",
    { TableName = "messages", TimeToLiveSpecification = { AttributeName = "until", Enabled = false } },
    { TimeToLiveSpecification = { Enabled = false } }, { Enabled = false } },
  { "describe_ttl", {}, "DescribeTimeToLive", { TableName = "messages" },
    { TimeToLiveDescription = { TimeToLiveStatus = "ENABLING" } }, { TimeToLiveStatus = "ENABLING" } },
  { "tag", { { b = 2, a = "1" } }, "TagResource",
    { ResourceArn = ARN, Tags = { { Key = "a", Value = "1" }, { Key = "b", Value = "2" } } }, {}, true },
  { "untag", { { "a" } }, "UntagResource", { ResourceArn = ARN, TagKeys = { "a" } }, {}, true },
  { "tags", {}, "ListTagsOfResource", { ResourceArn = ARN }, { Tags = { { Key = "a", Value = "1" } } }, { a = "1" } },
}

-- Waits: { method, argument, operation, responses, "reached", "timeout", an error code or a part of the message, number of
-- requests }.
local function index(status)
  return described({ GlobalSecondaryIndexes = { { IndexName = "by_age", IndexStatus = status,
    KeySchema = { { AttributeName = "id", KeyType = "HASH" } } } } })
end
local function ttl(status) return { TimeToLiveDescription = { TimeToLiveStatus = status } } end

local waits = {
  { "wait_until_active", nil, "DescribeTable", { described() }, "reached", 1 },
  { "wait_until_active", nil, "DescribeTable",
    { described({ TableStatus = "CREATING" }), described({ TableStatus = "UPDATING" }), described() }, "reached", 3 },
  { "wait_until_active", nil, "DescribeTable", { NOT_FOUND, described() }, "reached", 2 }, -- eventually consistent
  { "wait_until_active", nil, "DescribeTable", { described({ TableStatus = "CREATING" }) }, "timeout" },
  { "wait_until_active", nil, "DescribeTable", { NOT_FOUND }, "timeout" },
  { "wait_until_active", nil, "DescribeTable", { described({ TableStatus = "DELETING" }) }, "is being deleted", 1 },
  { "wait_until_active", nil, "DescribeTable", { described({ TableStatus = "ARCHIVING" }) }, "is being archived", 1 },
  { "wait_until_active", nil, "DescribeTable", { described({ TableStatus = "ARCHIVED" }) }, "is archived", 1 },
  { "wait_until_active", nil, "DescribeTable", { failure("AccessDeniedException") }, "AccessDeniedException", 1 },
  { "wait_until_deleted", nil, "DescribeTable", { described({ TableStatus = "DELETING" }), NOT_FOUND }, "reached", 2 },
  { "wait_until_deleted", nil, "DescribeTable", { described({ TableStatus = "DELETING" }) }, "timeout" },
  { "wait_until_deleted", nil, "DescribeTable", { failure("AccessDeniedException") }, "AccessDeniedException", 1 },
  { "wait_until_index_active", "by_age", "DescribeTable", { index("CREATING"), index("ACTIVE") }, "reached", 2 },
  { "wait_until_index_active", "by_age", "DescribeTable", { index("CREATING") }, "timeout" },
  { "wait_until_index_active", "by_age", "DescribeTable", { index("DELETING") }, "has no index 'by_age'", 1 },
  { "wait_until_index_active", "by_age", "DescribeTable", { described() }, "has no index 'by_age'", 1 },
  { "wait_until_index_active", "by_age", "DescribeTable", { NOT_FOUND }, "ResourceNotFoundException", 1 },
  { "wait_until_ttl_enabled", nil, "DescribeTimeToLive", { ttl("ENABLING"), ttl("ENABLED") }, "reached", 2 },
  { "wait_until_ttl_enabled", nil, "DescribeTimeToLive", { ttl("ENABLING") }, "timeout" },
  { "wait_until_ttl_enabled", nil, "DescribeTimeToLive", { ttl("DISABLED") }, "time to live is not being enabled", 1 },
  { "wait_until_ttl_enabled", nil, "DescribeTimeToLive", { NOT_FOUND }, "ResourceNotFoundException", 1 },
}

describe("admin", function()
  describe("sends", function()
    for i, case in ipairs(updates) do
      it(("the UpdateTable of %s (%d)"):format(case[1], i), function()
        local tbl, fake = service({ UpdateTable = { updated({ TableStatus = "UPDATING" }) } })
        assert.equal(tbl, assert(tbl[case[1]](tbl, case[2])))
        local name, body = parse(fake.requests[1])
        local expected = { TableName = "messages" }
        for member, value in pairs(case[3]) do expected[member] = value end
        assert.equal("UpdateTable", name)
        assert.same(expected, body)
        assert.equal(1, #fake.requests)
        assert.equal("UPDATING", tbl.status) -- the status in the response
      end)
    end

    for i, case in ipairs(calls) do
      it(("the %s of %s (%d)"):format(case[3], case[1], i), function()
        local tbl, fake = service({ [case[3]] = { case[5] }, DescribeTable = { described() } })
        local result = assert(tbl[case[1]](tbl, unpack(case[2], 1, #case[2])))
        local name, body = parse(fake.requests[#fake.requests])
        assert.equal(case[3], name)
        assert.same(case[4], body)
        assert.same(case[6], result)
      end)
    end

    it("at most one DescribeTable, for the table's ARN", function()
      local tbl, fake = service({ TagResource = { {} }, UntagResource = { {} }, DescribeTable = { described() } })
      assert(tbl:tag({ a = 1 }))
      assert(tbl:untag({ "a" }))
      local names = {}
      for i, bytes in ipairs(fake.requests) do names[i] = parse(bytes) end
      assert.same({ "DescribeTable", "TagResource", "UntagResource" }, names)
    end)

    it("a request for each page of tags", function()
      local tbl, fake = service({ DescribeTable = { described() }, ListTagsOfResource = {
        { Tags = { { Key = "a", Value = "1" } }, NextToken = "t" }, { Tags = { { Key = "b", Value = "2" } } } } })
      assert.same({ a = "1", b = "2" }, tbl:tags())
      assert.equal("t", (select(2, parse(fake.requests[3]))).NextToken)
    end)
  end)

  for i, case in ipairs(refused) do
    it(("no request for %s (%d)"):format(case[1], i), function()
      local tbl, fake = service({})
      local ok, message = pcall(tbl[case[1]], tbl, case[2])
      assert.is_false(ok)
      assert.truthy(tostring(message):find(case[3], 1, true), message)
      assert.equal(0, fake.opened)
    end)
  end

  local failing = { refresh = {}, delete = {}, update = { { stream = false } }, create_index = { { name = "x", hash_key = "a" } },
    drop_index = { "x" }, update_ttl = { "until" }, describe_ttl = {}, tag = { { a = 1 } }, untag = { { "a" } }, tags = {} }
  for name, arguments in pairs(failing) do
    it("returns the error: " .. name, function()
      local tbl = service(setmetatable({}, { __index = function() return { NOT_FOUND } end }))
      local ok, err = tbl[name](tbl, unpack(arguments))
      assert.is_nil(ok)
      assert.equal("ResourceNotFoundException", err.code)
    end)
  end

  it("returns an error after the ARN is known", function()
    local tbl = service({ DescribeTable = { described() }, ListTagsOfResource = { NOT_FOUND }, TagResource = { NOT_FOUND } })
    for name, arguments in pairs({ tags = {}, tag = { { a = 1 } } }) do
      local ok, err = tbl[name](tbl, unpack(arguments))
      assert.is_nil(ok)
      assert.equal("ResourceNotFoundException", err.code)
    end
  end)

  describe("waits", function()
    for i, case in ipairs(waits) do
      local method, argument, operation, responses, outcome, questions = case[1], case[2], case[3], case[4], case[5], case[6]
      it(("%s: %s (%d)"):format(method, outcome, i), function()
        local tbl, fake = service({ [operation] = responses })
        local given = { timeout = 90 }
        local ok, err
        if argument then ok, err = tbl[method](tbl, argument, given) else ok, err = tbl[method](tbl, given) end
        if outcome == "reached" then
          assert.is_true(ok)
          assert.is_nil(err)
        else
          assert.is_nil(ok)
          assert.equal(outcome == "timeout" and "timeout" or "service", err.kind)
          assert.truthy(tostring(err):find(outcome, 1, true), tostring(err))
        end
        if questions then
          assert.equal(questions, #fake.requests)
        else -- sleeps of 0.25 to 0.5 seconds, doubled up to 20, until the timeout
          assert.is_true(#fake.requests >= 8 and #fake.requests <= 20, #fake.requests .. " questions")
          assert.is_true(math.abs(fake.clock - 1090) < 1e-6, fake.clock - 1000 .. " seconds")
        end
      end)
    end

    it("300 seconds by default", function()
      local tbl, fake = service({ DescribeTable = { described({ TableStatus = "CREATING" }) } })
      local ok, err = tbl:wait_until_active()
      assert.is_nil(ok)
      assert.equal("wait_until_active messages: timeout: Table(messages): still CREATING after 300 seconds ("
        .. err.where .. ")", tostring(err))
      assert.is_true(math.abs(fake.clock - 1300) < 1e-6)
    end)

    it("in refresh, with a deadline", function()
      local states = { described({ TableStatus = "CREATING" }), described({ ItemCount = 7 }) }
      local tbl, fake = service({ DescribeTable = states })
      assert.equal(tbl, assert(tbl:refresh({ wait_for_active = true })))
      assert.equal(2, #fake.requests)
      assert.equal("ACTIVE", tbl.status)
      assert.equal(7, tbl.item_count)
      tbl, fake = service({ DescribeTable = { states[1] } })
      local ok, err = tbl:refresh({ wait_for_active = true, timeout = 5 })
      assert.is_nil(ok)
      assert.equal("timeout", err.kind)
      assert.is_true(math.abs(fake.clock - 1005) < 1e-6)
    end)

    it("not in refresh alone", function()
      local tbl, fake = service({ DescribeTable = { described({ TableStatus = "CREATING" }) } })
      assert.equal(tbl, assert(tbl:refresh()))
      assert.equal("CREATING", tbl.status)
      assert.equal(1, #fake.requests)
    end)
  end)

  describe("on the server", function()
    local conn

    setup(function() conn = helper.connect() end)
    teardown(function() conn:close() end)

    local function create(given)
      given.name, given.schema = helper.table_name("admin"), conn:create_schema(helper.HASH_RANGE)
      local tbl = assert(conn:create_table(given))
      assert(tbl:wait_until_active())
      return tbl
    end

    local function describe_of(tbl) return assert(conn:describe_table(tbl)).Table end

    it("creates an on-demand table", function()
      local tbl = create({})
      local found = describe_of(tbl)
      assert.equal("PAY_PER_REQUEST", found.BillingModeSummary.BillingMode)
      assert.equal(0, tbl.read_units)
      assert.equal(found.TableArn, tbl.arn)
      assert.same({}, tbl.indexes)
      assert(tbl:delete())
    end)

    it("creates a table with units, indexes, stream, tags, protection and class", function()
      engines.need(pending, "multi_attribute_indexes", "table_settings")
      local tbl = create({
        read_units = 3, write_units = 4, stream = "NEW_IMAGE", tags = { owner = "me" }, deletion_protection = true,
        table_class = "STANDARD_INFREQUENT_ACCESS",
        global_indexes = { { name = "by_age", hash_key = { "age", "N" }, projection = { "Body" } },
          { name = "by_four", hash_key = { { "a", "S" }, { "b", "N" }, { "c", "S" }, { "d", "S" } },
            range_key = { { "e", "S" }, { "f", "N" }, { "g", "B" }, { "h", "S" } } } },
        local_indexes = { { name = "by_size", range_key = { "size", "N" }, projection = "KEYS_ONLY" } },
      })
      local found = describe_of(tbl)
      assert.same({ 3, 4 }, { tbl.read_units, tbl.write_units })
      assert.equal("NEW_IMAGE", found.StreamSpecification.StreamViewType)
      assert.equal(found.LatestStreamArn, tbl.stream_arn)
      assert.is_true(found.DeletionProtectionEnabled)
      assert.equal("STANDARD_INFREQUENT_ACCESS", found.TableClassSummary.TableClass)
      assert.same({ owner = "me" }, tbl:tags())
      local age, four, size = tbl.indexes.by_age, tbl.indexes.by_four, tbl.indexes.by_size
      assert.same({ "global", { "age" }, {} }, { age.kind, age.hash, age.range })
      assert.same({ ProjectionType = "INCLUDE", NonKeyAttributes = { "Body" } }, age.projection)
      assert.same({ { "a", "b", "c", "d" }, { "e", "f", "g", "h" } }, { four.hash, four.range })
      assert.same({ "local", { "id" }, { "size" } }, { size.kind, size.hash, size.range })
      local ok, err = tbl:delete()
      assert.is_nil(ok)
      assert.equal("ValidationException", err.code)
      assert(tbl:update({ deletion_protection = false }))
      assert(tbl:delete())
      assert.is_true(tbl:wait_until_deleted({ timeout = 20 }))
    end)

    describe("changes", function()
      local tbl

      setup(function() tbl = create({}) end)
      teardown(function() assert(tbl:delete()) end)

      -- { option of update, expected members of the description }
      local changes = {
        { { read_units = 5, write_units = 6 }, function(found)
          return { found.ProvisionedThroughput.ReadCapacityUnits, found.ProvisionedThroughput.WriteCapacityUnits }
        end, { 5, 6 } },
        { { billing_mode = "PAY_PER_REQUEST" }, function(found) return found.BillingModeSummary.BillingMode end,
          "PAY_PER_REQUEST" },
        { { max_read_units = 40 }, function(found) return found.OnDemandThroughput.MaxReadRequestUnits end, 40 },
        { { stream = "OLD_IMAGE" }, function(found) return found.StreamSpecification.StreamViewType end, "OLD_IMAGE" },
        { { stream = false }, function(found) return (found.StreamSpecification or {}).StreamEnabled or false end, false },
        { { table_class = "STANDARD_INFREQUENT_ACCESS" }, function(found) return found.TableClassSummary.TableClass end,
          "STANDARD_INFREQUENT_ACCESS" },
        { { deletion_protection = true }, function(found) return found.DeletionProtectionEnabled end, true },
        { { deletion_protection = false }, function(found) return found.DeletionProtectionEnabled end, false },
      }
      for i, case in ipairs(changes) do
        it(("%s (%d)"):format((next(case[1])), i), function()
          if i > 2 then engines.need(pending, "table_settings") end
          assert.equal(tbl, assert(tbl:update(case[1])))
          assert(tbl:wait_until_active({ timeout = 20 }))
          assert.same(case[3], case[2](describe_of(tbl)))
        end)
      end

      it("indexes: creates and deletes one", function()
        engines.need(pending, "on_demand_indexes")
        assert(tbl:put_item({ id = "a", at = 1, age = 30 }))
        assert.equal(tbl, assert(tbl:create_index({ name = "by_age", hash_key = { "age", "N" } })))
        assert.is_true(tbl:wait_until_index_active("by_age", { timeout = 20 }))
        assert.same({ "age" }, tbl.indexes.by_age.hash)
        assert.equal("a", tbl:query({ index = "by_age", hash_key = 30 }):next().id)
        assert(tbl:drop_index("by_age"))
        assert(tbl:wait_until_active({ timeout = 20 }))
        assert(tbl:refresh())
        assert.is_nil(tbl.indexes.by_age)
        local ok, err = tbl:wait_until_index_active("by_age", { timeout = 20 })
        assert.is_nil(ok)
        assert.equal("service", err.kind)
      end)

      it("time to live", function()
        engines.need(pending, "time_to_live")
        assert.equal("DISABLED", assert(tbl:describe_ttl()).TimeToLiveStatus)
        assert.same({ AttributeName = "until", Enabled = true }, tbl:update_ttl("until"))
        assert.is_true(tbl:wait_until_ttl_enabled({ timeout = 20 }))
        assert.same({ AttributeName = "until", TimeToLiveStatus = "ENABLED" }, tbl:describe_ttl())
        assert(tbl:update_ttl("until", false))
        assert.equal("DISABLED", assert(tbl:describe_ttl()).TimeToLiveStatus)
      end)

      it("tags", function()
        assert.same({}, tbl:tags())
        assert.is_true(tbl:tag({ a = "1", b = 2, ["c d"] = "" }))
        assert.same({ a = "1", b = "2", ["c d"] = "" }, tbl:tags())
        assert.is_true(tbl:tag({ a = "3" }))
        assert.is_true(tbl:untag({ "b", "c d" }))
        assert.same({ a = "3" }, tbl:tags())
      end)
    end)

    it("returns nil and the error for a missing table", function()
      local tbl = conn:table(helper.table_name("absent"), { hash_key = "id" })
      for _, name in ipairs({ "refresh", "delete", "describe_ttl", "tags" }) do
        local ok, err = tbl[name](tbl)
        assert.is_nil(ok)
        assert.equal("ResourceNotFoundException", err.code, name)
      end
    end)

    it("forgets the name of a table that it deletes", function()
      local tbl = create({})
      assert.equal(tbl, conn:resolve_table(tbl.name))
      assert(tbl:delete())
      assert(tbl:wait_until_deleted({ timeout = 20 }))
      local found, err = conn:resolve_table(tbl.name)
      assert.is_nil(found)
      assert.equal("ResourceNotFoundException", err.code)
    end)
  end)
end)
