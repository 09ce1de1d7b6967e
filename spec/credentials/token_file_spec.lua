-- The token files of `aws sso login` and `aws login`: their paths and their replacement.
local provider = dofile("spec/support/provider_kit.lua")
local token_file = require("dynamodb.credentials.token_file")

describe("credentials.token", function()
  after_each(provider.remove)

  it("reads a cache file and writes it back with all members", function()
    local kit = provider.kit({ files = { ["/t"] = '{"a":"1","more":{"x":"y"}}' } })
    local file = assert(token_file.read(kit, "/t", "log in"))
    assert.same({ a = "1", more = { x = "y" } }, file.members)
    file.members.a = "2"
    assert.is_nil(token_file.write(kit, file))
    assert.same({ a = "2", more = { x = "y" } }, require("cjson").decode(kit.written[1].text))
    assert.same({ a = "2", more = { x = "y" } }, token_file.read(kit, "/t", "log in").members)
  end)

  local bad = {
    { "no file", {}, "/t is not there; log in" },
    { "a file that is not JSON", { ["/t"] = "secret" }, "/t is not JSON; log in" },
    { "a file that cannot be read", { ["/t"] = false }, "/t: Permission denied" },
  }
  for _, case in ipairs(bad) do
    it("reports " .. case[1], function()
      assert.same({ nil, case[3] }, { token_file.read(provider.kit({ files = case[2] }), "/t", "log in") })
    end)
  end

  it("keeps an unwritable token in memory until another program writes the file", function()
    local system = require("dynamodb.base.system")
    local files = { ["/t"] = '{"a":"1"}' }
    local kit = provider.kit({ files = files })
    local file = token_file.read(kit, "/t", "log in")
    file.members.a = "2"
    system.write_file = function() return nil, "read-only" end
    assert.equal("/t cannot be written: read-only", token_file.write(kit, file))
    assert.equal("2", token_file.read(kit, "/t", "log in").members.a)
    files["/t"] = '{"a":"3"}'
    assert.equal("3", token_file.read(kit, "/t", "log in").members.a)
  end)

  it("names missing members", function()
    assert.equal("b", token_file.missing({ a = "x" }, { "a", "b" }))
    assert.equal("a", token_file.missing({ a = "" }, { "a" }))
    assert.equal("a", token_file.missing({ a = 5 }, { "a" }))
    assert.is_nil(token_file.missing({ a = "x" }, { "a" }))
  end)
end)
