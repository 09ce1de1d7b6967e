-- Definitions of tables, and the exact CreateTable request for each.

local cjson = require("cjson")
local helper = dofile("spec/support/helper.lua")

local CREATED = helper.response(200, [[{"TableDescription":{"TableName":"messages","TableStatus":"CREATING",
  "KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],"AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}]}}]])

local function key(name, kind) return { AttributeName = name, KeyType = kind } end
local function attribute(name, kind) return { AttributeName = name, AttributeType = kind } end

local BASE_KEY = { key("id", "HASH"), key("at", "RANGE") }
local BASE_ATTRIBUTES = { attribute("at", "N"), attribute("id", "S") } -- sorted by name

local ALL = { ProjectionType = "ALL" }

-- { name, options besides name and schema, additional members of the request }
local cases = {
  { "on-demand when no units are given", {}, {} },
  { "provisioned units", { read_units = 10, write_units = 5 },
    { BillingMode = "PROVISIONED", ProvisionedThroughput = { ReadCapacityUnits = 10, WriteCapacityUnits = 5 } } },
  { "on-demand ceilings", { max_read_units = 100, max_write_units = 50 },
    { OnDemandThroughput = { MaxReadRequestUnits = 100, MaxWriteRequestUnits = 50 } } },
  { "one ceiling", { max_write_units = 50 }, { OnDemandThroughput = { MaxWriteRequestUnits = 50 } } },
  { "a ceiling lifted", { max_read_units = false }, { OnDemandThroughput = { MaxReadRequestUnits = -1 } } },
  { "warm throughput", { warm_throughput = { read = 15000, write = 5000 } },
    { WarmThroughput = { ReadUnitsPerSecond = 15000, WriteUnitsPerSecond = 5000 } } },
  { "a stream", { stream = "NEW_AND_OLD_IMAGES" },
    { StreamSpecification = { StreamEnabled = true, StreamViewType = "NEW_AND_OLD_IMAGES" } } },
  { "no stream", { stream = false }, { StreamSpecification = { StreamEnabled = false } } },
  { "encryption by AWS's key", { encryption = true }, { SSESpecification = { Enabled = true, SSEType = "KMS" } } },
  { "encryption by a key", { encryption = "alias/mine" },
    { SSESpecification = { Enabled = true, SSEType = "KMS", KMSMasterKeyId = "alias/mine" } } },
  { "encryption by the service's own key", { encryption = false }, { SSESpecification = { Enabled = false } } },
  { "a class", { table_class = "STANDARD_INFREQUENT_ACCESS" }, { TableClass = "STANDARD_INFREQUENT_ACCESS" } },
  { "deletion protection", { deletion_protection = true }, { DeletionProtectionEnabled = true } },
  { "tags", { tags = { owner = "me", cost = 12 } },
    { Tags = { { Key = "cost", Value = "12" }, { Key = "owner", Value = "me" } } } },
  { "a version attribute, which only the client knows", { version_attribute = "version" }, {} },
  { "a global index", { global_indexes = { { name = "by_age", hash_key = { "age", "N" } } } },
    { AttributeDefinitions = { attribute("age", "N"), attribute("at", "N"), attribute("id", "S") },
      GlobalSecondaryIndexes = { { IndexName = "by_age", KeySchema = { key("age", "HASH") }, Projection = ALL } } } },
  { "a name alone as key of an index", { global_indexes = { { name = "by_who", hash_key = "who", range_key = "id" } } },
    { AttributeDefinitions = { attribute("at", "N"), attribute("id", "S"), attribute("who", "S") },
      GlobalSecondaryIndexes = { { IndexName = "by_who", KeySchema = { key("who", "HASH"), key("id", "RANGE") },
        Projection = ALL } } } },
  { "an index of 4 + 4 attributes",
    { global_indexes = { { name = "by_all", hash_key = { { "a", "S" }, { "b", "N" }, { "c", "B" }, { "d", "S" } },
      range_key = { { "e", "S" }, { "f", "N" }, { "g", "B" }, { "at", "N" } } } } },
    { AttributeDefinitions = { attribute("a", "S"), attribute("at", "N"), attribute("b", "N"), attribute("c", "B"),
        attribute("d", "S"), attribute("e", "S"), attribute("f", "N"), attribute("g", "B"), attribute("id", "S") },
      GlobalSecondaryIndexes = { { IndexName = "by_all", Projection = ALL, KeySchema = {
        key("a", "HASH"), key("b", "HASH"), key("c", "HASH"), key("d", "HASH"),
        key("e", "RANGE"), key("f", "RANGE"), key("g", "RANGE"), key("at", "RANGE") } } } } },
  { "projections",
    { global_indexes = { { name = "keys", hash_key = "id", projection = "KEYS_ONLY" },
      { name = "some", hash_key = "id", projection = { "Body", "SentBy" } },
      { name = "every", hash_key = "id", projection = "ALL" } } },
    { GlobalSecondaryIndexes = {
      { IndexName = "keys", KeySchema = { key("id", "HASH") }, Projection = { ProjectionType = "KEYS_ONLY" } },
      { IndexName = "some", KeySchema = { key("id", "HASH") },
        Projection = { ProjectionType = "INCLUDE", NonKeyAttributes = { "Body", "SentBy" } } },
      { IndexName = "every", KeySchema = { key("id", "HASH") }, Projection = ALL } } } },
  { "a local index", { local_indexes = { { name = "by_age", range_key = { "age", "N" }, projection = "KEYS_ONLY" } } },
    { AttributeDefinitions = { attribute("age", "N"), attribute("at", "N"), attribute("id", "S") },
      LocalSecondaryIndexes = { { IndexName = "by_age", KeySchema = { key("id", "HASH"), key("age", "RANGE") },
        Projection = { ProjectionType = "KEYS_ONLY" } } } } },
  { "units of indexes: their own, else the table's",
    { read_units = 2, write_units = 1, global_indexes = { { name = "one", hash_key = "id" },
      { name = "two", hash_key = "id", read_units = 7, write_units = 8 } } },
    { BillingMode = "PROVISIONED", ProvisionedThroughput = { ReadCapacityUnits = 2, WriteCapacityUnits = 1 },
      GlobalSecondaryIndexes = {
        { IndexName = "one", KeySchema = { key("id", "HASH") }, Projection = ALL,
          ProvisionedThroughput = { ReadCapacityUnits = 2, WriteCapacityUnits = 1 } },
        { IndexName = "two", KeySchema = { key("id", "HASH") }, Projection = ALL,
          ProvisionedThroughput = { ReadCapacityUnits = 7, WriteCapacityUnits = 8 } } } } },
  { "ceilings and warmth of indexes",
    { global_indexes = { { name = "one", hash_key = "id", max_read_units = 9, max_write_units = 8,
      warm_throughput = { read = 12000, write = 4000 } } } },
    { GlobalSecondaryIndexes = { { IndexName = "one", KeySchema = { key("id", "HASH") }, Projection = ALL,
      OnDemandThroughput = { MaxReadRequestUnits = 9, MaxWriteRequestUnits = 8 },
      WarmThroughput = { ReadUnitsPerSecond = 12000, WriteUnitsPerSecond = 4000 } } } } },
  { "empty lists of indexes", { global_indexes = {}, local_indexes = {} }, {} },
}

local refused = {
  { "an unknown option", { read_unit = 1 }, "create_table: unknown option 'read_unit'" },
  { "no name", { name = false }, "options 'name' and 'schema' expected" },
  { "no schema", { schema = false }, "options 'name' and 'schema' expected" },
  { "a schema that is none", { schema = { hash_key_name = "id" } }, "option 'schema': schema from create_schema expected" },
  { "read units alone", { read_units = 1 }, "'read_units' and 'write_units' expected together" },
  { "write units alone", { write_units = 1 }, "'read_units' and 'write_units' expected together" },
  { "units and ceilings", { read_units = 1, write_units = 1, max_read_units = 5 }, "are for tables without 'read_units'" },
  { "units that are no count", { read_units = 0, write_units = 1 }, "option 'read_units': whole number of at least 1" },
  { "a ceiling that is none", { max_read_units = true }, "option 'max_read_units': whole number of at least 1, or false" },
  { "warmth without a number", { warm_throughput = { read = 1 } }, "option 'warm_throughput'" },
  { "an unknown view", { stream = true }, "option 'stream': KEYS_ONLY" },
  { "an unknown class", { table_class = "GLACIER" }, "option 'table_class': one of STANDARD, STANDARD_INFREQUENT_ACCESS" },
  { "an empty encryption key", { encryption = "" }, "option 'encryption'" },
  { "indexes by name", { global_indexes = { one = { hash_key = "a" } } },
    "create_table: option 'global_indexes': list of indexes expected, got table" },
  { "local indexes by name", { local_indexes = { one = { range_key = "a" } } },
    "create_table: option 'local_indexes': list of indexes expected, got table" },
  { "a list of indexes with a name", { global_indexes = { { name = "one", hash_key = "a" }, two = {} } },
    "create_table: option 'global_indexes': list of indexes expected, got a member 'two'" },
  { "a key of an index by name", { global_indexes = { { name = "one", hash_key = { n = "N" } } } },
    "global_indexes[1]: hash_key: name, { name, type } or a list of these expected, got a table without them" },
  { "tags as a list", { tags = { "a" } }, "create_table: tags: { name = value } of texts expected, got [1] = string" },
  { "tags as AWS has them", { tags = { a = {} } }, "tags: { name = value } of texts expected, got [a] = table" },
  { "an index without a name", { global_indexes = { { hash_key = "a" } } }, "global_indexes[1]: option 'name' expected" },
  { "an index without a key", { global_indexes = { { name = "one" } } }, "global_indexes[1]: option 'hash_key' expected" },
  { "an unknown option of an index", { global_indexes = { { name = "one", hash = "a" } } }, "unknown option 'hash'" },
  { "an index of 5 attributes",
    { global_indexes = { { name = "one",
      hash_key = { { "a", "S" }, { "b", "S" }, { "c", "S" }, { "d", "S" }, { "e", "S" } } } } },
    "global_indexes[1]: hash_key: 5 attributes, at most 4" },
  { "a key attribute of an unknown type", { global_indexes = { { name = "one", hash_key = { "a", "BOOL" } } } },
    [[global_indexes[1]: hash_key: { name, "S", "N" or "B" } expected]] },
  { "a key attribute without a type", { global_indexes = { { name = "one", hash_key = { { "a", "S" }, { 5, "S" } } } } },
    [[global_indexes[1]: hash_key: { name, "S", "N" or "B" } expected]] },
  { "a key attribute that is none", { global_indexes = { { name = "one", hash_key = 5 } } }, "hash_key: name, { name, type }" },
  { "an index that gives the table's key another type", { global_indexes = { { name = "one", hash_key = { "at", "S" } } } },
    "global_indexes[1]: attribute 'at' is of type N elsewhere, not S" },
  { "two indexes that disagree on a type",
    { global_indexes = { { name = "one", hash_key = { "a", "S" } }, { name = "two", hash_key = { "a", "N" } } } },
    "global_indexes[2]: attribute 'a' is of type S elsewhere, not N" },
  { "a projection that is none", { global_indexes = { { name = "one", hash_key = "a", projection = "SOME" } } },
    "option 'projection': 'ALL', 'KEYS_ONLY' or a list of attributes" },
  { "half the units of an index", { global_indexes = { { name = "one", hash_key = "a", read_units = 1 } } },
    "global_indexes[1]: options 'read_units' and 'write_units' expected together" },
  { "a local index with a hash key", { local_indexes = { { name = "one", hash_key = "a", range_key = "b" } } },
    "local_indexes[1]: option 'hash_key': a local index has that of its table" },
}

describe("definition", function()
  local function create(given, fake)
    local conn = helper.offline(fake)
    local options = { name = "messages", schema = conn:create_schema(helper.HASH_RANGE) }
    for name, value in pairs(given) do options[name] = value end
    options.name, options.schema = options.name or nil, options.schema or nil
    return conn:create_table(options)
  end

  for _, case in ipairs(cases) do
    it("makes a request of " .. case[1], function()
      local fake = helper.fake(CREATED)
      local tbl = assert(create(case[2], fake))
      assert.equal("Table(messages)", tostring(tbl))
      assert.equal(1, #fake.requests)
      assert.matches("DynamoDB_20120810%.CreateTable\r\n", fake.requests[1])
      local expected = { TableName = "messages", KeySchema = BASE_KEY, AttributeDefinitions = BASE_ATTRIBUTES,
        BillingMode = "PAY_PER_REQUEST" }
      for name, value in pairs(case[3]) do expected[name] = value end
      assert.same(expected, cjson.decode(fake.requests[1]:match("\r\n\r\n(.*)$")))
    end)
  end

  for _, case in ipairs(refused) do
    it("refuses " .. case[1], function()
      local fake = helper.fake()
      local ok, message = pcall(create, case[2], fake)
      assert.is_false(ok)
      assert.truthy(tostring(message):find(case[3], 1, true), message)
      assert.matches("^spec/admin/table_definition_spec.lua:%d+: create_table: ", message)
      assert.equal(0, fake.opened)
    end)
  end
end)
