local provider = dofile("spec/support/provider.lua")
local token = require("dynamodb.credentials.token")

describe("credentials.token", function()
  after_each(provider.remove)

  it("reads a cache and writes it back with all that it has", function()
    local kit = provider.kit({ files = { ["/t"] = '{"a":"1","more":{"x":"y"}}' } })
    local file = assert(token.read(kit, "/t", "log in"))
    assert.same({ a = "1", more = { x = "y" } }, file.members)
    file.members.a = "2"
    assert.is_nil(token.write(kit, file))
    assert.same({ a = "2", more = { x = "y" } }, require("cjson").decode(kit.written[1].text))
    assert.same({ a = "2", more = { x = "y" } }, token.read(kit, "/t", "log in").members)
  end)

  local bad = {
    { "no file", {}, "/t is not there; log in" },
    { "a file that is not JSON", { ["/t"] = "secret" }, "/t is not JSON; log in" },
    { "a file that cannot be read", { ["/t"] = false }, "/t: Permission denied" },
  }
  for _, case in ipairs(bad) do
    it("tells of " .. case[1], function()
      assert.same({ nil, case[3] }, { token.read(provider.kit({ files = case[2] }), "/t", "log in") })
    end)
  end

  it("keeps what cannot be written until somebody else writes", function()
    local system = require("dynamodb.system")
    local files = { ["/t"] = '{"a":"1"}' }
    local kit = provider.kit({ files = files })
    local file = token.read(kit, "/t", "log in")
    file.members.a = "2"
    system.write_file = function() return nil, "read-only" end
    assert.equal("/t cannot be written: read-only", token.write(kit, file))
    assert.equal("2", token.read(kit, "/t", "log in").members.a)
    files["/t"] = '{"a":"3"}'
    assert.equal("3", token.read(kit, "/t", "log in").members.a)
  end)

  it("names what is missing", function()
    assert.equal("b", token.missing({ a = "x" }, { "a", "b" }))
    assert.equal("a", token.missing({ a = "" }, { "a" }))
    assert.equal("a", token.missing({ a = 5 }, { "a" }))
    assert.is_nil(token.missing({ a = "x" }, { "a" }))
  end)
end)
