-- conn:ensure_table: creates a missing table, and reports every difference of an existing one without changing it.

local cjson = require("cjson")
local engines = dofile("spec/support/engines.lua")
local helper = dofile("spec/support/helper.lua")

local ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/messages"
local KEY_ARN = "arn:aws:kms:us-east-1:123456789012:key/01"

local function hash(name) return { AttributeName = name, KeyType = "HASH" } end
local function range(name) return { AttributeName = name, KeyType = "RANGE" } end
local function units(read, write) return { ReadCapacityUnits = read, WriteCapacityUnits = write } end

-- The description of the existing table, and options that match it.
local function found()
  return {
    TableName = "messages", TableStatus = "ACTIVE", TableArn = ARN,
    KeySchema = { hash("id"), range("at") },
    AttributeDefinitions = { { AttributeName = "id", AttributeType = "S" }, { AttributeName = "at", AttributeType = "N" },
      { AttributeName = "age", AttributeType = "N" } },
    ProvisionedThroughput = units(3, 4),
    GlobalSecondaryIndexes = { { IndexName = "by_age", IndexStatus = "ACTIVE", KeySchema = { hash("age") },
      Projection = { ProjectionType = "INCLUDE", NonKeyAttributes = { "b", "a" } }, ProvisionedThroughput = units(1, 2) } },
    LocalSecondaryIndexes = { { IndexName = "by_size", KeySchema = { hash("id"), range("age") },
      Projection = { ProjectionType = "KEYS_ONLY" } } },
    StreamSpecification = { StreamEnabled = true, StreamViewType = "NEW_IMAGE" },
    TableClassSummary = { TableClass = "STANDARD_INFREQUENT_ACCESS" },
    DeletionProtectionEnabled = true,
    SSEDescription = { Status = "ENABLED", SSEType = "KMS", KMSMasterKeyArn = KEY_ARN },
    WarmThroughput = { ReadUnitsPerSecond = 12000, WriteUnitsPerSecond = 4000 },
  }
end

local function wanted()
  return {
    name = "messages", schema = helper.HASH_RANGE, read_units = 3, write_units = 4, stream = "NEW_IMAGE",
    table_class = "STANDARD_INFREQUENT_ACCESS", deletion_protection = true, encryption = KEY_ARN, tags = { owner = "me" },
    warm_throughput = { read = 12000, write = 4000 },
    global_indexes = { { name = "by_age", hash_key = { "age", "N" }, projection = { "a", "b" }, read_units = 1,
      write_units = 2 } },
    local_indexes = { { name = "by_size", range_key = { "age", "N" }, projection = "KEYS_ONLY" } },
  }
end

local function on_demand(table)
  table.BillingModeSummary = { BillingMode = "PAY_PER_REQUEST" }
  table.ProvisionedThroughput = units(0, 0)
end

-- { name, change of the existing table, reported differences { what, asked, found } }
local differences = {
  { "no range key", function(table) table.KeySchema = { hash("id") } end, { { "key", "id HASH, at RANGE", "id HASH" } } },
  { "another key", function(table) table.KeySchema = { hash("at"), range("id") } end,
    { { "key", "id HASH, at RANGE", "at HASH, id RANGE" } } },
  { "another type", function(table) table.AttributeDefinitions[2].AttributeType = "S" end, { { "type of at", "N", "S" } } },
  { "a type missing", function(table) table.AttributeDefinitions[3] = nil end, { { "type of age", "N", "none" } } },
  { "on-demand", on_demand,
    { { "billing_mode", "PROVISIONED", "PAY_PER_REQUEST" }, { "read_units", "3", "0" }, { "write_units", "4", "0" } } },
  { "other units", function(table) table.ProvisionedThroughput = units(30, 40) end,
    { { "read_units", "3", "30" }, { "write_units", "4", "40" } } },
  { "no index", function(table) table.GlobalSecondaryIndexes = nil end, { { "index by_age", "age HASH", "none" } } },
  { "an index by something else", function(table) table.GlobalSecondaryIndexes[1].KeySchema = { hash("id") } end,
    { { "index by_age", "age HASH", "id HASH" } } },
  { "an index of more", function(table) table.GlobalSecondaryIndexes[1].Projection = { ProjectionType = "ALL" } end,
    { { "projection of by_age", "INCLUDE a b", "ALL" } } },
  { "an index with other units", function(table) table.GlobalSecondaryIndexes[1].ProvisionedThroughput = units(1, 9) end,
    { { "write_units of by_age", "2", "9" } } },
  { "one more index", function(table)
    table.LocalSecondaryIndexes[2] = { IndexName = "by_hand", KeySchema = { hash("id"), range("hand") } }
  end, { { "index by_hand", "none", "id HASH, hand RANGE" } } },
  { "a local index instead of a global one", function(table)
    table.LocalSecondaryIndexes[2], table.GlobalSecondaryIndexes = table.GlobalSecondaryIndexes[1], nil
  end, { { "index by_age", "age HASH", "none" }, { "index by_age", "none", "age HASH" } } },
  { "no stream", function(table) table.StreamSpecification = nil end, { { "stream", "NEW_IMAGE", "false" } } },
  { "another stream", function(table) table.StreamSpecification.StreamViewType = "KEYS_ONLY" end,
    { { "stream", "NEW_IMAGE", "KEYS_ONLY" } } },
  { "the standard class", function(table) table.TableClassSummary = nil end,
    { { "table_class", "STANDARD_INFREQUENT_ACCESS", "STANDARD" } } },
  { "no protection", function(table) table.DeletionProtectionEnabled = nil end,
    { { "deletion_protection", "true", "false" } } },
  { "no encryption", function(table) table.SSEDescription = { Status = "DISABLED" } end,
    { { "encryption", "true", "false" }, { "encryption key", KEY_ARN, "nil" } } },
  { "another encryption key", function(table) table.SSEDescription.KMSMasterKeyArn = "other" end,
    { { "encryption key", KEY_ARN, "other" } } },
  { "less warmth", function(table) table.WarmThroughput.ReadUnitsPerSecond = 1 end,
    { { "warm read units", "12000", "1" } } },
  { "more warmth", function(table) table.WarmThroughput.WriteUnitsPerSecond = 5000 end,
    { { "warm write units", "4000", "5000" } } },
  { "encryption that is on its way", function(table) table.SSEDescription.Status = "UPDATING" end, {} },
}

-- Other options for a plain on-demand table: options not given are not compared.
local plain = {
  { "nothing more", {}, {} },
  { "no stream", { stream = false }, {} },
  { "no protection", { deletion_protection = false }, {} },
  { "no encryption", { encryption = false }, {} },
  { "the standard class", { table_class = "STANDARD" }, {} },
  { "no ceiling", { max_read_units = false }, {} },
  { "ceilings", { max_read_units = 9, max_write_units = 8 },
    { { "max_read_units", "9", "-1" }, { "max_write_units", "8", "-1" } } },
  { "a stream", { stream = "KEYS_ONLY" }, { { "stream", "KEYS_ONLY", "false" } } },
  { "protection", { deletion_protection = true }, { { "deletion_protection", "true", "false" } } },
  { "units", { read_units = 1, write_units = 2 },
    { { "billing_mode", "PROVISIONED", "PAY_PER_REQUEST" }, { "read_units", "1", "0" }, { "write_units", "2", "0" } } },
  { "other tags", { tags = { owner = "you", cost = "1" } }, { { "tag cost", "1", "none" }, { "tag owner", "you", "me" } } },
}

local function parse(bytes)
  return bytes:match("DynamoDB_20120810%.(%a+)"), cjson.decode(bytes:match("\r\n\r\n(.*)$"))
end

local MISSING = { status = 400, __type = "x#ResourceNotFoundException", message = "no" }

-- A connection to a service that gives each operation its responses in order and then repeats the last one.
local function service(responses)
  local asked_for, names = {}, {}
  responses.ListTagsOfResource = responses.ListTagsOfResource or { { Tags = { { Key = "owner", Value = "me" } } } }
  local fake = helper.fake(function(bytes)
    local name = parse(bytes)
    names[#names + 1] = name
    asked_for[name] = (asked_for[name] or 0) + 1
    local list = assert(responses[name], name)
    local response = list[math.min(asked_for[name], #list)]
    return helper.response(response.status or 200, cjson.encode(response))
  end)
  return helper.offline(fake), names, fake
end

local function ensure(conn, given)
  given.schema = conn:create_schema(given.schema)
  return conn:ensure_table(given)
end

-- The reported differences as rows { what, asked, found }, the form of the expected ones.
local function described(list)
  local all = {}
  for i, each in ipairs(list) do all[i] = { each.what, each.asked, each.found } end
  return all
end

describe("ensure_table", function()
  it("finds no difference in a matching table", function()
    local conn, names = service({ DescribeTable = { { Table = found() } } })
    local tbl, list = assert(ensure(conn, wanted()))
    assert.equal("Table(messages)", tostring(tbl))
    assert.same({}, described(list))
    for _, name in ipairs(names) do assert.matches("^[DL]", name) end -- Describe and List only: no changes
  end)

  for _, case in ipairs(differences) do
    it("reports " .. case[1], function()
      local there = found()
      case[2](there)
      local conn, names = service({ DescribeTable = { { Table = there } } })
      local _, list = assert(ensure(conn, wanted()))
      assert.same(case[3], described(list))
      for _, name in ipairs(names) do assert.matches("^[DL]", name) end
    end)
  end

  for _, case in ipairs(plain) do
    it("compares a plain table with options that have " .. case[1], function()
      local there = { TableName = "messages", TableStatus = "ACTIVE", TableArn = ARN, KeySchema = { hash("id") },
        AttributeDefinitions = { { AttributeName = "id", AttributeType = "S" } } }
      on_demand(there)
      local conn, names = service({ DescribeTable = { { Table = there } } })
      local given = { name = "messages", schema = helper.HASH }
      for name, value in pairs(case[2]) do given[name] = value end
      local _, list = assert(ensure(conn, given))
      assert.same(case[3], described(list))
      assert.equal(given.tags and 4 or 3, #names) -- the option tags costs a request
    end)
  end

  it("creates a missing table and waits for it", function()
    local there = found()
    there.TableStatus = "CREATING"
    local conn, names = service({ CreateTable = { { TableDescription = there } },
      DescribeTable = { MISSING, { Table = there }, { Table = found() } } })
    local tbl, list = assert(ensure(conn, wanted()))
    assert.equal("ACTIVE", tbl.status)
    assert.same({}, described(list))
    assert.same({ "DescribeTable", "CreateTable", "DescribeTable", "DescribeTable", "DescribeTable", "ListTagsOfResource" },
      names)
  end)

  it("accepts a table that another client creates meanwhile", function()
    local conn = service({ DescribeTable = { MISSING, { Table = found() } },
      CreateTable = { { status = 400, __type = "x#ResourceInUseException", message = "exists" } } })
    local tbl, list = assert(ensure(conn, wanted()))
    assert.equal("ACTIVE", tbl.status)
    assert.same({}, described(list))
  end)

  for _, there in ipairs({ "found", "created" }) do
    it("keeps the version attribute of a table that is " .. there, function()
      local conn = service({ DescribeTable = { there == "found" and { Table = found() } or MISSING, { Table = found() } },
        CreateTable = { { TableDescription = found() } } })
      local given = wanted()
      given.version_attribute = "version"
      assert.equal("version", assert(ensure(conn, given)).version_attribute)
    end)
  end

  it("waits no longer than the timeout", function()
    local there = found()
    there.TableStatus = "UPDATING"
    local conn, _, fake = service({ DescribeTable = { { Table = there } } })
    local given = wanted()
    given.timeout = 7
    local tbl, err = ensure(conn, given)
    assert.is_nil(tbl)
    assert.equal("timeout", err.kind)
    assert.is_true(math.abs(fake.clock - 1007) < 1e-6)
  end)

  local ACTIVE, DENIED = { Table = found() }, { status = 400, __type = "x#AccessDeniedException", message = "no" }
  local failing = {
    { "the first look", { DescribeTable = { DENIED } } },
    { "creating", { DescribeTable = { MISSING }, CreateTable = { DENIED } } },
    { "waiting", { DescribeTable = { ACTIVE, DENIED } } },
    { "the second look", { DescribeTable = { ACTIVE, ACTIVE, DENIED } } },
    { "tags", { DescribeTable = { ACTIVE }, ListTagsOfResource = { DENIED } } },
  }
  for _, case in ipairs(failing) do
    it("returns the error: " .. case[1], function()
      local tbl, err = ensure((service(case[2])), wanted())
      assert.is_nil(tbl)
      assert.equal("AccessDeniedException", err.code)
    end)
  end

  it("rejects the options that create_table rejects, and sends nothing", function()
    local conn, _, fake = service({})
    for what, given in pairs({
      ["unknown option 'nmae'"] = { nmae = "a" },
      ["options 'name' and 'schema' expected"] = { name = "a" },
      ["option 'timeout'"] = { timeout = 0 },
    }) do
      local ok, message = pcall(conn.ensure_table, conn, given)
      assert.is_false(ok)
      assert.truthy(message:find("ensure_table: " .. what, 1, true), message)
    end
    assert.equal(0, fake.opened)
  end)

  it("works with the server", function()
    engines.need(pending, "multi_attribute_indexes", "table_settings")
    local counting = helper.counting()
    local conn = helper.connect({ transport = counting })
    local given = { name = helper.table_name("ensure"), schema = conn:create_schema(helper.HASH_RANGE), stream = "NEW_IMAGE",
      tags = { owner = "me" }, deletion_protection = false, table_class = "STANDARD",
      global_indexes = { { name = "by_age", hash_key = { { "age", "N" }, { "who", "S" } },
        range_key = "at_night", projection = { "a" } } },
      local_indexes = { { name = "by_size", range_key = { "size", "N" } } } }
    local created, list = assert(conn:ensure_table(given))
    assert.same({}, described(list))
    assert.equal("ACTIVE", created.status)
    local again
    again, list = assert(conn:ensure_table(given))
    assert.equal(created, again)
    assert.same({}, described(list))
    given.stream, given.read_units, given.write_units, given.local_indexes = "KEYS_ONLY", 1, 1, nil
    again, list = assert(conn:ensure_table(given))
    local what = {}
    for i, each in ipairs(list) do what[i] = each.what end
    table.sort(what)
    assert.same({ "billing_mode", "index by_size", "read_units", "read_units of by_age", "stream", "write_units",
      "write_units of by_age" }, what)
    assert.equal("NEW_IMAGE", conn:describe_table(again).Table.StreamSpecification.StreamViewType)
    assert(conn:delete_table(created))
    conn:close()
  end)
end)
