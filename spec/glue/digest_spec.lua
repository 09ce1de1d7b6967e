-- Digests, random numbers, UUIDs, base64url and ES256 signatures by their Lua functions.
local core = require("dynamodb.core")

local vectors = dofile("spec/vectors/es256.lua")

describe("core.sha256", function()
  it("is the digest in hexadecimal", function() -- FIPS 180's example
    assert.equal("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", core.sha256("abc"))
    assert.equal("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", core.sha256(""))
    assert.has_error(function() core.sha256({}) end)
  end)
end)

describe("core.sha1", function()
  it("is the digest in hexadecimal", function() -- FIPS 180's example
    assert.equal("a9993e364706816aba3e25717850c26c9cd0d89d", core.sha1("abc"))
    assert.equal("da39a3ee5e6b4b0d3255bfef95601890afd80709", core.sha1(""))
    assert.has_error(function() core.sha1({}) end)
  end)
end)

describe("core.random", function()
  it("is distributed over 0 to 1", function()
    local tenths, last = {}, nil
    for _ = 1, 1000 do
      local number = core.random()
      assert.is_true(number >= 0 and number < 1)
      assert.not_equal(last, number)
      last = number
      tenths[math.floor(number * 10)] = true
    end
    for tenth = 0, 9 do assert.is_true(tenths[tenth]) end
  end)
end)

describe("core.uuid", function()
  it("is a different UUID of version 4 each time", function()
    local seen = {}
    for _ = 1, 200 do
      local uuid = core.uuid()
      assert.matches("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$", uuid)
      assert.is_nil(seen[uuid])
      seen[uuid] = true
    end
  end)
end)

describe("core.base64url", function()
  it("has no padding, and - and _", function()
    assert.equal("", core.base64url(""))
    assert.equal("-_8", core.base64url("\251\255"))
    assert.equal(133334, #core.base64url(("x"):rep(100000)))
  end)
end)

describe("core.es256", function()
  local pem = vectors.good.SEC1

  it("is a signature in base64url", function()
    local signature = assert(core.es256(pem, "header.payload"))
    assert.equal(86, #signature)
    assert.matches("^[%w_-]+$", signature)
    assert.not_equal(signature, core.es256(pem, "header.payload"))
  end)

  it("matches the public key that core.ec_jwk returns", function()
    assert.same({ vectors.x, vectors.y }, { core.ec_jwk(pem) })
  end)

  it("does not show a rejected key", function()
    local wrong = vectors.refused["one on P-384"]
    local expected = { nil, "PEM of an EC private key on P-256 expected" }
    assert.same(expected, { core.es256(wrong, "m") })
    assert.same(expected, { core.ec_jwk(wrong) })
    assert.has_error(function() core.es256(pem) end)
  end)
end)
