-- Headers that a caller adds: which are accepted, and what the message says about the others.

local headers = require("dynamodb.base.headers")
local options = require("dynamodb.base.options")

-- Returns the message on headers that are refused.
local function refusal(given)
  local ok, message = pcall(options.check, { headers = options.headers }, { headers = given }, "get_item")
  assert.is_false(ok)
  return (message:match("get_item: option 'headers': (.*)$"))
end

describe("headers of the caller", function()
  it("are accepted", function()
    local long = ("n"):rep(128)
    for _, given in ipairs({ {}, { ["X-App"] = "shop" }, { ["a!#$%&'*+-.^_`|~9"] = "" }, { x = "\ttabs and blanks ~" },
      { [long] = ("v"):rep(16256) }, { hosts = "a", date2 = "b", ["x-am"] = "c", ["x-forwarded-for"] = "d" } }) do
      assert.is_true(headers.are_headers(given))
    end
  end)

  local FORM = "table of texts by header name expected, got "
  local NAME = "header names of up to 128 letters, digits and !#$%&'*+-.^_`|~ expected, got another name"
  local refused = {
    [5] = FORM .. "5", text = FORM .. "'text'",
    ["a list"] = { { "x-app", "shop" }, FORM .. "a member 1" },
    ["no text"] = { { ["X-N"] = 5 }, "texts of visible ASCII, blanks and tabs expected, got number as value of 'x-n'" },
    ["true"] = { { x = true }, "texts of visible ASCII, blanks and tabs expected, got boolean as value of 'x'" },
    ["no name"] = { { [""] = "a" }, NAME }, ["a blank"] = { { ["x y"] = "a" }, NAME }, ["a colon"] = { { ["x:"] = "a" }, NAME },
    ["a line"] = { { ["x\r\ny"] = "a" }, NAME }, ["no ASCII"] = { { ["\195\164"] = "a" }, NAME },
    ["a long name"] = { { [("n"):rep(129)] = "a" }, NAME },
    twice = { { ["X-A"] = "a", ["x-a"] = "b" }, "each header once expected, got 'x-a' twice" },
    bytes = { { x = ("v"):rep(16384) }, "headers of at most 16384 bytes expected, got 16385" },
  }
  for what, case in pairs(refused) do
    it("are refused: " .. tostring(what), function()
      if type(case) == "string" then
        assert.equal(case, refusal(what))
      else
        assert.equal(case[2], refusal(case[1]))
      end
    end)
  end

  it("are refused for every byte that could break a line or is not visible, and the value is not shown", function()
    for byte = 0, 255 do
      local is_fit = byte == 9 or (byte >= 32 and byte <= 126)
      local value = "secret" .. string.char(byte) .. "value"
      if is_fit then
        assert.is_true(headers.are_headers({ x = value }))
      else
        assert.equal("texts of visible ASCII, blanks and tabs expected, got CR, LF, NUL or another character as value of 'x'",
          refusal({ x = value }))
      end
    end
  end)

  it("are refused if the client sets them, in any case", function()
    for _, name in ipairs({ "Host", "Authorization", "Content-Type", "CONTENT-LENGTH", "content-encoding", "Accept-Encoding",
      "User-Agent", "Date", "Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Expect", "X-Amz-Date",
      "x-amz-target", "X-AMZ-anything", "X-Amzn-Trace-Id", "amz-sdk-request", "AMZ-SDK-x", "Proxy-Authorization", "proxy-x" }) do
      assert.equal(("headers that the client does not set itself expected, got '%s'"):format(name:lower()),
        refusal({ [name] = "a" }))
    end
  end)

  it("are refused if they are more than 16", function()
    local many = {}
    for i = 1, 17 do many["x-" .. i] = "a" end
    assert.equal("at most 16 headers expected, got 17", refusal(many))
    many["x-1"] = nil
    assert.is_true(headers.are_headers(many))
  end)

  it("become a sorted list of names in lower case", function()
    assert.same({ "a", "1", "x-app", "shop", "x-b", "" }, headers.list({ ["X-App"] = "shop", A = "1", ["x-B"] = "" }))
    assert.same({ a = "2", b = "3" }, headers.merge({ a = "1" }, { A = "2", B = "3" }))
    assert.same({ a = "1" }, headers.merge({ a = "1" }, nil))
  end)
end)
