-- SHA-256, HMAC, hex, base64 and ES256 of the C core, against published vectors and the openssl program.
local crypto = require("probe").crypto
local every_byte = dofile("spec/vectors/every_byte.lua")
local files = dofile("spec/support/files.lua")
local samples = dofile("spec/support/samples.lua")

local function bytes(hex)
  return (hex:gsub("%x%x", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

describe("SHA-256", function()
  -- FIPS 180: the examples of NIST, and the empty message
  local examples = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    {
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    },
    {
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
        .. "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
    },
    { ("a"):rep(1000000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
  }

  for _, example in ipairs(examples) do
    it("gives the published digest of " .. #example[1] .. " bytes", function()
      assert.equal(example[2], crypto.sha256(example[1]))
    end)
  end

  it("computes digests independently", function()
    assert.equal(examples[2][2], crypto.sha256("something", "", "else", "abc"))
  end)
end)

describe("HMAC-SHA-256", function()
  -- RFC 4231, section 4, without test case 5, which truncates the output
  local cases = {
    { bytes(("0b"):rep(20)), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { "Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
    {
      bytes(("aa"):rep(20)),
      bytes(("dd"):rep(50)),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    },
    {
      bytes("0102030405060708090a0b0c0d0e0f10111213141516171819"),
      bytes(("cd"):rep(50)),
      "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    },
    {
      bytes(("aa"):rep(131)),
      "Test Using Larger Than Block-Size Key - Hash Key First",
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    },
    {
      bytes(("aa"):rep(131)),
      "This is a test using a larger than block-size key and a larger than block-size data. "
        .. "The key needs to be hashed before being used by the HMAC algorithm.",
      "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    },
  }

  for i, case in ipairs(cases) do
    it("gives the MAC of RFC 4231, example " .. i, function()
      assert.equal(case[3], crypto.hmac(case[1], case[2]))
    end)
  end

  it("keeps the key for many messages", function()
    local key, message, mac = cases[2][1], cases[2][2], cases[2][3]
    assert.equal(mac, crypto.hmac(key, "", "other", message))
    assert.equal(mac, crypto.hmac(key, message, message, message))
  end)

  it("replaces the key by a longer or shorter one", function()
    for _, old in ipairs({ "", "old", ("o"):rep(64), ("o"):rep(65) }) do
      assert.equal(cases[2][3], crypto.rekeyed(old, cases[2][1], cases[2][2]))
    end
  end)

  it("takes an empty key, and an empty message", function()
    assert.equal("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", crypto.hmac("", ""))
  end)

  it("refuses to work without a key", function()
    assert.equal("invalid input", crypto.unkeyed())
  end)

  it("hashes a key only when it is longer than a block", function()
    local long = ("k"):rep(65)
    assert.equal(crypto.hmac(bytes(crypto.sha256(long)), "m"), crypto.hmac(long, "m"))
    local block = ("k"):rep(64)
    assert.not_equal(crypto.hmac(bytes(crypto.sha256(block)), "m"), crypto.hmac(block, "m"))
  end)
end)

describe("hex", function()
  it("is lower-case, two digits a byte", function()
    assert.equal("", crypto.hex(""))
    assert.equal("00017f80abcdefff", crypto.hex("\0\1\127\128\171\205\239\255"))
    assert.equal(every_byte, bytes(crypto.hex(every_byte)))
  end)
end)

describe("base64", function()
  -- RFC 4648, section 10
  local vectors = {
    [""] = "",
    f = "Zg==",
    fo = "Zm8=",
    foo = "Zm9v",
    foob = "Zm9vYg==",
    fooba = "Zm9vYmE=",
    foobar = "Zm9vYmFy",
  }

  for plain, text in pairs(vectors) do
    it("turns '" .. plain .. "' into '" .. text .. "' and back", function()
      assert.equal(text, crypto.base64_encode(plain))
      assert.equal(plain, crypto.base64_decode(text))
    end)
  end

  it("uses + and /", function()
    assert.equal("+/+/", crypto.base64_encode("\251\255\191"))
    assert.equal("\251\255\191", crypto.base64_decode("+/+/"))
  end)

  it("uses all 64 characters", function()
    local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    assert.equal(alphabet, crypto.base64_encode(crypto.base64_decode(alphabet)))
    assert.equal("00108310518720928b30d38f41149351559761969b71d79f8218a39259a7a29aabb2dbafc31cb3d35db7e39ebbf3dfbf",
      crypto.hex(crypto.base64_decode(alphabet)))
  end)

  it("decodes bytes of every value and length, also in place", function()
    local all = every_byte .. every_byte:reverse()
    for n = 0, #all do
      local text = crypto.base64_encode(all:sub(1, n))
      assert.equal(math.ceil(n / 3) * 4, #text)
      assert.equal(all:sub(1, n), crypto.base64_decode(text))
      assert.equal(all:sub(1, n), crypto.base64_decode_in_place(text))
    end
  end)

  local function refused(text)
    local decoded, status, used = crypto.base64_decode(text)
    assert.is_nil(decoded, text)
    assert.same({ "invalid input", 0 }, { status, used })
  end

  it("refuses a length that is no multiple of four", function()
    for _, text in ipairs({ "Z", "Zg", "Zg=", "Zm9vY", "Zm9vYg", "Zm9vYg=", "=", "==" }) do refused(text) end
  end)

  it("refuses misplaced padding", function()
    local wrong = { "====", "Z===", "=Zg=", "Z=g=", "=m9v", "Z=9v", "Zm=v", "Zg==Zg==", "Zm8=Zm8=", "Zm9v====" }
    for _, text in ipairs(wrong) do refused(text) end
  end)

  it("rejects nonzero unused bits", function()
    for _, text in ipairs({ "Zh==", "Zv==", "Z/==", "Zm9=", "Zm+=", "AAAAAB==", "AAAAAAB=" }) do refused(text) end
    assert.equal("\0", crypto.base64_decode("AA=="))
    assert.equal("\0\0", crypto.base64_decode("AAA="))
  end)

  it("rejects every byte outside the alphabet, at any position", function()
    for byte = 0, 255 do
      local c = string.char(byte)
      if not c:find("^[A-Za-z0-9+/]$") then
        refused(c .. "AAAAAAA")
        refused("A" .. c .. "AAAAAA")
        refused("AA" .. c .. "AAAAA")
        refused("AAA" .. c .. "AAAA")
        refused("AAAA" .. c .. "AAA")
        refused("AAAAA" .. c .. "AA")
        refused("AAAAAA" .. c .. "A")
        if c ~= "=" then
          refused("AAAAAAA" .. c)
          refused("A" .. c .. "==")
          refused("AA" .. c .. "=")
        end
      end
    end
  end)

  it("saturates an overflowing size", function()
    assert.is_true(crypto.base64_overflows())
  end)
end)

describe("base64url", function()
  -- RFC 4648, section 10, without the padding
  local vectors = { [""] = "", f = "Zg", fo = "Zm8", foo = "Zm9v", foob = "Zm9vYg", ["\251\255\191"] = "-_-_" }
  for plain, text in pairs(vectors) do
    it("has '" .. text .. "'", function()
      assert.equal(text, crypto.base64url_encode(plain))
    end)
  end

  it("is base64 but for two characters and the padding", function()
    local all = every_byte
    for n = 0, #all do
      local text = crypto.base64_encode(all:sub(1, n)):gsub("%+", "-"):gsub("/", "_"):gsub("=", "")
      assert.equal(text, crypto.base64url_encode(all:sub(1, n)))
    end
  end)
end)

describe("ES256", function()
  local vectors = dofile("spec/vectors/es256.lua")
  local REFUSAL = "PEM of an EC private key on P-256 expected"

  -- Verifies a signature, converted to DER, with the openssl program.
  local function verify(pem, message, signature)
    local directory = os.tmpname()
    os.remove(directory)
    assert(os.execute("mkdir " .. directory))
    local function integer(text)
      text = text:gsub("^%z+", "")
      if text == "" or text:byte() > 127 then text = "\0" .. text end
      return "\2" .. string.char(#text) .. text
    end
    local pair = integer(signature:sub(1, 32)) .. integer(signature:sub(33))
    files.write(directory .. "/key", pem)
    files.write(directory .. "/message", message)
    files.write(directory .. "/signature", "\48" .. string.char(#pair) .. pair)
    local text = files.output_of(("cd %s && openssl pkey -in key -pubout -out public 2>&1 && "):format(directory)
      .. "openssl dgst -sha256 -verify public -signature signature message 2>&1")
    os.execute("rm -r " .. directory)
    return text
  end

  for name, pem in pairs(vectors.good) do
    it("computes the public key of a key: " .. name, function()
      local point = assert(crypto.es256_public(pem))
      assert.equal(vectors.x, crypto.base64url_encode(point:sub(1, 32)))
      assert.equal(vectors.y, crypto.base64url_encode(point:sub(33)))
    end)

    it("signs with a key: " .. name, function()
      assert.matches("Verified OK", verify(pem, "a message", assert(crypto.es256_sign(pem, "a message"))), 1, true)
    end)
  end

  it("signs messages of any size, never twice alike", function()
    local pem = vectors.good.SEC1
    for _, message in ipairs({ "", "\0", ("m"):rep(100000) }) do
      local signature = assert(crypto.es256_sign(pem, message))
      assert.equal(64, #signature)
      assert.matches("Verified OK", verify(pem, message, signature), 1, true)
      assert.matches("failure", verify(pem, message .. "x", signature):lower(), 1, true)
      assert.not_equal(signature, crypto.es256_sign(pem, message))
    end
  end)

  it("gives 64 bytes, however small the numbers are", function()
    for _ = 1, samples.count(600) do -- 1 in 256 begins with a zero
      assert.equal(64, #crypto.es256_sign(vectors.good.SEC1, "m"))
    end
  end)

  for name, pem in pairs(vectors.refused) do
    it("refuses a key, " .. name, function()
      assert.same({ nil, REFUSAL, "invalid input" }, { crypto.es256_public(pem) })
      assert.same({ nil, REFUSAL, "invalid input" }, { crypto.es256_sign(pem, "m") })
    end)
  end

  it("rejects text that is not a key", function()
    local good = vectors.good.SEC1
    for _, text in ipairs({ "", "\0", "nonsense", good:sub(1, 100), good:gsub("MHcC", "MHcD"), good:gsub("\n", ""),
      (" "):rep(20000) .. "\n" .. good }) do
      assert.same({ nil, REFUSAL, "invalid input" }, { crypto.es256_public(text) })
    end
  end)
end)

describe("cleanse", function()
  it("overwrites every byte", function()
    assert.equal(("\0"):rep(37), crypto.cleanse(("x"):rep(37)))
  end)
end)
