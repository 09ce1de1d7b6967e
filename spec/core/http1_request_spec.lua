-- Serialization of HTTP/1.1 requests in the C core, and rejected requests.
local http1 = require("probe").http1

local every_token_character = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

describe("a request", function()
  it("is serialized completely", function()
    assert.are.equal("POST / HTTP/1.1\r\nhost: h:8000\r\nX-Amz-Target: T\r\ncontent-length: 2\r\n\r\n{}",
      http1.request("POST", "/", { { "host", "h:8000" }, { "X-Amz-Target", "T" } }, "{}"))
    assert.are.equal("GET /a%20b?c=d~ HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
      http1.request("GET", "/a%20b?c=d~", {}, ""))
    assert.are.equal("PUT ! HTTP/1.1\r\na: \r\ncontent-length: 5\r\n\r\n\0\r\n\255x",
      http1.request("PUT", "!", { { "a", "" } }, "\0\r\n\255x"))
    assert.are.equal("A / HTTP/1.1\r\nb: \tc\255 d\r\ncontent-length: 0\r\n\r\n",
      http1.request("A", "/", { { "b", "\tc\255 d" } }, ""))
  end)

  it("takes exactly the token characters in methods and names", function()
    for byte = 0, 255 do
      local c = string.char(byte)
      local is_token = every_token_character:find(c, 1, true) ~= nil
      assert.are.equal(is_token, (http1.request(c, "/", {}, "")) ~= nil, byte)
      assert.are.equal(is_token, (http1.request("GET", "/", { { "x" .. c, "" } }, "")) ~= nil, byte)
    end
  end)

  it("takes exactly visible ASCII in targets, and all but CR, LF and NUL in values", function()
    for byte = 0, 255 do
      local c = string.char(byte)
      assert.are.equal(byte > 32 and byte < 127, (http1.request("GET", "/" .. c, {}, "")) ~= nil, byte)
      assert.are.equal(byte ~= 0 and byte ~= 10 and byte ~= 13,
        (http1.request("GET", "/", { { "x", "a" .. c .. "b" } }, "")) ~= nil, byte)
    end
  end)

  it("has the length of its body", function()
    for _, n in ipairs { 0, 9, 10, 99, 100, 12345, 67890, 1000000 } do
      local bytes = http1.request("POST", "/", {}, ("x"):rep(n), 2000000)
      assert.are.equal("POST / HTTP/1.1\r\ncontent-length: " .. n .. "\r\n\r\n" .. ("x"):rep(n), bytes)
    end
  end)

  it("is appended to the buffer", function()
    assert.are.equal("beforeGET / HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
      http1.request("GET", "/", {}, "", 100, "before"))
  end)

  local no_method = "request method is not a token"
  local bad_target = "request target holds a space or a character not ASCII"
  local function value(name) return ("request header '%s' has CR, LF or NUL in its value"):format(name) end
  local function own(name) return ("request header '%s' is not for the caller to give"):format(name) end
  local function name_after(text)
    return ("request header name holds a forbidden character after '%s'"):format(text)
  end
  local long = ("n"):rep(70)
  local refused = {
    { "", "/", {}, no_method },
    { "PO ST", "/", {}, no_method },
    { "POST\r\n", "/", {}, no_method },
    { "POST", "", {}, "request target is empty" },
    { "POST", "/a b", {}, bad_target },
    { "POST", "/a\r\nb", {}, bad_target },
    { "POST", "\t/", {}, bad_target },
    { "POST", "/", { { "", "x" } }, "request header with an empty name" },
    { "POST", "/", { { "host", "h" }, { "a b", "x" } }, name_after("a") },
    { "POST", "/", { { "a:", "x" } }, name_after("a") },
    { "POST", "/", { { "abc\r\nd", "x" } }, name_after("abc") },
    { "POST", "/", { { "\195\164", "x" } }, name_after("") },
    { "POST", "/", { { long .. "\0", "x" } }, name_after(long:sub(1, 64)) },
    { "POST", "/", { { long, "x\n" } }, value(long:sub(1, 64)) },
    { "POST", "/", { { "X-Amz-Security-Token", "secret\r\nevil: 1" } }, value("X-Amz-Security-Token") },
    { "POST", "/", { { "a", "secret\r" } }, value("a") },
    { "POST", "/", { { "a", "\nsecret" } }, value("a") },
    { "POST", "/", { { "a", "sec\0ret" } }, value("a") },
    { "POST", "/", { { "content-length", "5" } }, own("content-length") },
    { "POST", "/", { { "Content-Length", "5" } }, own("Content-Length") },
    { "POST", "/", { { "TRANSFER-encoding", "chunked" } }, own("TRANSFER-encoding") },
    { "POST", "/", { { "transfer-encoding", "chunked" }, { "host", "h" } }, own("transfer-encoding") },
  }
  for i, case in ipairs(refused) do
    it(("is refused: case %d, %s"):format(i, case[4]), function()
      local ok, text, status, left = http1.request(case[1], case[2], case[3], "body", 1000, "before")
      assert.are.same({ n = 4, nil, case[4], 3, "before" }, { n = 4, ok, text, status, left })
    end)
  end

  it("accepts names that only resemble the two it writes itself", function()
    assert.is_string(http1.request("POST", "/", { { "content-lengths", "1" }, { "content_length", "" } }, ""))
  end)

  it("leaves the buffer unchanged if it does not fit", function()
    local whole = http1.request("POST", "/", { { "a", "b" } }, "body")
    for room = 1, #whole do
      local ok, text, status, left = http1.request("POST", "/", { { "a", "b" } }, "body", room, "-")
      assert.are.same({ n = 4, nil, "request: too large", 2, "-" }, { n = 4, ok, text, status, left })
    end
    assert.are.equal("-" .. whole, http1.request("POST", "/", { { "a", "b" } }, "body", 1 + #whole, "-"))
  end)
end)
