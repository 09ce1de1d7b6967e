-- Parsing of JSON documents with credentials, and of their timestamps.
local document = require("dynamodb.credentials.document")

describe("credentials.document", function()
  -- { text, seconds since 1970 }
  local times = {
    { "1970-01-01T00:00:00Z", 0 },
    { "2000-02-29T12:00:00Z", 951825600 },
    { "2023-11-14T22:13:20Z", 1700000000 },
    { "2023-11-14T22:13:20.123456Z", 1700000000 },
    { "2023-11-14t22:13:20z", 1700000000 },
    { "2023-11-14 22:13:20", 1700000000 },
    { "2023-11-14T22:13:20UTC", 1700000000 }, -- old AWS CLIs
    { "2023-11-15T00:13:20+02:00", 1700000000 },
    { "2023-11-14T16:43:20-0530", 1700000000 },
    { "2100-03-01T00:00:00Z", 4107542400 },
    { "2023-11-14T22:13:20 CET" },
    { "2023-11-14" },
    { "1700000000" },
    { "" },
    { 1700000000 },
    { nil },
  }
  for _, case in ipairs(times) do
    it("parses the time " .. tostring(case[1]), function()
      assert.equal(case[2], document.time(case[1]))
    end)
  end

  it("formats times in the same form", function()
    for _, time in ipairs({ 0, 951782399, 951782400, 1700000000, 1709164800, 4102444799, 7258118400 }) do
      assert.equal(time, document.time(document.text(time)))
    end
    assert.equal("2023-11-14T22:13:20Z", document.text(1700000000.9))
  end)

  it("decodes objects only", function()
    assert.same({ a = "b" }, document.decode('{"a":"b"}'))
    for _, text in ipairs({ "", "{", "5", '"text"', "null", "<html>" }) do assert.is_nil(document.decode(text)) end
    assert.same({ a = 1 }, document.decode(document.encode({ a = 1 })))
  end)

  it("takes NaN and infinity for no JSON, and writes a number that is too large as null", function()
    for _, text in ipairs({ '{"a":NaN}', '{"a":Infinity}', '{"a":-inf}', '{"a":0x10}' }) do
      assert.is_nil(document.decode(text), text)
    end
    assert.equal('{"a":null}', document.encode(document.decode('{"a":1e999}')))
    assert.equal(1 / 0, require("cjson").decode("Infinity")) -- the options of others are left alone
  end)

  it("accepts only numbers that can be seconds", function()
    assert.equal(0, document.count(0))
    assert.equal(1e12, document.count(1e12))
    for _, value in ipairs({ -1, 1e15, 0 / 0, "5", {} }) do assert.is_nil(document.count(value)) end
  end)

  local NAMES = { key = "K", secret = "S", token = "T", expires = "E", account = "A" }
  local OPTIONAL = { key = "K", secret = "S", token = "T", expires = "E", account = "A", optional = true }
  local all = { K = "k", S = "s", T = "t", E = "2023-11-14T22:13:20Z", A = "123456789012" }

  it("reads credentials by given names", function()
    assert.same({ aws_access_key_id = "k", aws_secret_access_key = "s", aws_session_token = "t",
      account_id = "123456789012", expires = 1700000000 }, document.keys(all, NAMES, "it"))
    assert.same({ aws_access_key_id = "k", aws_secret_access_key = "s" }, document.keys({ K = "k", S = "s" }, OPTIONAL, "it"))
  end)

  local bad = {
    { { S = "s", T = "t" }, "it has no K" },
    { { K = "k", T = "t" }, "it has no S" },
    { { K = "k", S = "s" }, "it has no T" },
    { { K = "", S = "s", T = "t" }, "it has no K" },
    { { K = "k", S = 5, T = "t" }, "it has no S" },
    { { K = "k", S = "s", T = require("cjson").null }, "it has no T" },
    { { K = "k", S = "s", T = "t", E = "soon" }, "it has a bad E" },
  }
  for _, case in ipairs(bad) do
    it("refuses what " .. case[2], function()
      assert.same({ nil, case[2] }, { document.keys(case[1], NAMES, "it") })
    end)
  end
end)
