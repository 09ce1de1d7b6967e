-- Tokens of the C core: AES-256-GCM by published vectors, the bytes of a token computed again, and every damaged token.
local crypto = require("probe").crypto

local function bytes(hex)
  return (hex:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
end

describe("AES-256-GCM", function()
  -- McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16
  local key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
  local cases = {
    { ("00"):rep(32), ("00"):rep(12), "", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
    { ("00"):rep(32), ("00"):rep(12), "", ("00"):rep(16), "cea7403d4d606b6e074ec5d3baf39d18",
      "d0d1c8a799996bf0265b98b5d48ab919" },
    { key, "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
        .. "b16aedf5aa0de657ba637b39",
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
        .. "c5f61e6393ba7a0abcc9f662", "76fc6ece0f4e1768cddf8853bb2d551b" },
  }

  for i, case in ipairs(cases) do
    local secret, nonce, aad, text, encrypted, tag = bytes(case[1]), bytes(case[2]), bytes(case[3]), bytes(case[4]),
      bytes(case[5]), bytes(case[6])

    it("gives the published text and tag of case " .. i, function()
      local found, mac = crypto.gcm_seal(secret, nonce, aad, text)
      assert.equal(encrypted, found)
      assert.equal(tag, mac)
      local status, back = crypto.gcm_open(secret, nonce, aad, encrypted, tag)
      assert.equal("no error", status)
      assert.equal(text, back)
    end)

    it("refuses every changed part of case " .. i .. ", and leaves nothing of the text", function()
      local parts = { secret, nonce, aad, encrypted, tag }
      for which, part in ipairs(parts) do
        for at = 1, #part do
          local changed = { secret, nonce, aad, encrypted, tag }
          changed[which] = part:sub(1, at - 1) .. string.char((part:byte(at) + 1) % 256) .. part:sub(at + 1)
          local status, rest = crypto.gcm_open(changed[1], changed[2], changed[3], changed[4], changed[5])
          assert.equal("invalid input", status)
          assert.equal(("\0"):rep(#encrypted), rest)
        end
      end
    end)
  end
end)

describe("base64url", function()
  it("decodes what it encodes, for every length", function()
    for n = 0, 40 do
      local text = bytes(("fbefbe"):rep(n)):sub(1, n)
      assert.equal(text, crypto.base64url_decode(crypto.base64url_encode(text)))
    end
  end)

  it("refuses padding, the other alphabet, and bits that belong to no byte", function()
    for _, text in ipairs({ "A", "AA=", "AA==", "=", "AAAA=", "A+AA", "A/AA", "AA+", "AAA/", "AB", "AAB", "AAAAA", "A A", "\0AAA",
      "AAAA\n", "AA\255A", "A=AA", "=AAA" }) do
      local found, why, used = crypto.base64url_decode(text)
      assert.is_nil(found, text)
      assert.equal("invalid input", why)
      assert.equal(0, used)
    end
  end)
end)

it("bytes are compared whole", function()
  local text = ("abc"):rep(20)
  assert.is_true(crypto.equal(text, text))
  for at = 1, #text do assert.is_false(crypto.equal(text, text:sub(1, at - 1) .. "x" .. text:sub(at + 1))) end
end)

describe("a token", function()
  local SECRET, CONTEXT, EXPIRES = ("s"):rep(32), "query of a table", 1800000000
  local HEADER = bytes("006b49d200") -- 1800000000
  local MALFORMED, FOREIGN, EXPIRED = 0, 1, 2

  local function derived(label, rest)
    local padded = label .. ("\0"):rep(32 - #label)
    return bytes(crypto.hmac(SECRET, padded .. bytes(crypto.sha256(CONTEXT)) .. rest))
  end

  it("has the documented bytes, and the MAC that is computed again", function()
    local token = crypto.token_seal(SECRET, CONTEXT, "body", EXPIRES, false)
    local start = "\1" .. HEADER .. "body"
    assert.equal(start .. derived("dynamodb token 1 authenticate", start):sub(1, 16), token)
  end)

  it("that is encrypted has a nonce, and the text that is computed again", function()
    local token = crypto.token_seal(SECRET, CONTEXT, "body", EXPIRES, true)
    assert.equal(6 + 16 + 4 + 16, #token)
    local start = token:sub(1, 22)
    assert.equal("\2" .. HEADER, start:sub(1, 6))
    local encrypted, tag = crypto.gcm_seal(derived("dynamodb token 1 encrypt", start), start:sub(-12), start, "body")
    assert.equal(encrypted .. tag, token:sub(23))
    assert.not_equal(token, crypto.token_seal(SECRET, CONTEXT, "body", EXPIRES, true))
  end)

  for kind, encrypt in pairs({ plain = false, encrypted = true }) do
    describe("(" .. kind .. ")", function()
      local token = crypto.token_seal(SECRET, CONTEXT, "the body", EXPIRES, encrypt)

      local function fault(secret, context, changed, now)
        local body, status, found = crypto.token_open(secret, context, changed, now)
        assert.is_nil(body)
        assert.equal("invalid input", status)
        return found
      end

      it("is opened until it expires", function()
        assert.equal("the body", crypto.token_open(SECRET, CONTEXT, token, 0))
        assert.equal("the body", crypto.token_open(SECRET, CONTEXT, token, EXPIRES - 1))
        assert.equal(EXPIRED, fault(SECRET, CONTEXT, token, EXPIRES))
        assert.equal(EXPIRED, fault(SECRET, CONTEXT, token, 2 ^ 40))
      end)

      it("may have bodies of any length", function()
        for _, n in ipairs({ 0, 1, 15, 16, 17, 100000 }) do
          local body = ("\0\255"):rep(n):sub(1, n)
          assert.equal(body, crypto.token_open(SECRET, CONTEXT, crypto.token_seal(SECRET, CONTEXT, body, 5, encrypt), 4))
        end
      end)

      it("is refused with another secret or for another context", function()
        for _, secret in ipairs({ "", SECRET .. "s", ("S"):rep(32), SECRET:sub(2) }) do
          assert.equal(FOREIGN, fault(secret, CONTEXT, token, 0))
        end
        for _, context in ipairs({ "", CONTEXT .. "\0", CONTEXT:upper(), CONTEXT:sub(2) }) do
          assert.equal(FOREIGN, fault(SECRET, context, token, 0))
        end
      end)

      it("is refused when one bit of it is another one", function()
        for at = 1, #token do
          local byte = token:byte(at)
          for bit = 0, 7 do
            local other = math.floor(byte / 2 ^ bit) % 2 == 1 and byte - 2 ^ bit or byte + 2 ^ bit
            fault(SECRET, CONTEXT, token:sub(1, at - 1) .. string.char(other) .. token:sub(at + 1), 0)
          end
        end
      end)

      it("is refused when it is shorter or longer", function()
        for n = 0, #token - 1 do
          fault(SECRET, CONTEXT, token:sub(1, n), 0)
          fault(SECRET, CONTEXT, token:sub(n + 2), 0)
        end
        for _, more in ipairs({ "\0", "x", token }) do assert.equal(FOREIGN, fault(SECRET, CONTEXT, token .. more, 0)) end
        assert.equal(MALFORMED, fault(SECRET, CONTEXT, "", 0))
      end)

      it("of another version is malformed", function()
        for version = 0, 255 do
          if version ~= 1 and version ~= 2 then
            assert.equal(MALFORMED, fault(SECRET, CONTEXT, string.char(version) .. token:sub(2), 0))
          end
        end
        assert.equal(FOREIGN, fault(SECRET, CONTEXT, string.char(encrypt and 1 or 2) .. token:sub(2) .. ("x"):rep(16), 0))
      end)

      it("may not expire after 2^40 - 1", function()
        assert.is_truthy(crypto.token_seal(SECRET, CONTEXT, "b", 2 ^ 40 - 1, encrypt))
        local made, why = crypto.token_seal(SECRET, CONTEXT, "b", 2 ^ 40, encrypt)
        assert.is_nil(made)
        assert.equal("too large", why)
      end)
    end)
  end
end)
