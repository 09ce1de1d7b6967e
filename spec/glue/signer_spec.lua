-- The Lua interface of the signer: arguments, replaced keys and errors.
local core = require("dynamodb.core")

local vectors = dofile("spec/vectors/sigv4.lua")

local function signer(service)
  local made = assert(core.signer(vectors.region, service or vectors.service))
  assert(made:credentials(vectors.key_id, vectors.secret))
  return made
end

describe("signer:sign", function()
  local published = vectors.published[1]

  it("creates the published request of the General Reference", function()
    local bytes = assert(signer("iam"):sign("GET", "iam.amazonaws.com", "/", published.query,
      { "content-type", "application/x-www-form-urlencoded; charset=utf-8" }, "", vectors.time))
    assert.equal(table.concat({
      "GET /?Action=ListUsers&Version=2010-05-08 HTTP/1.1",
      "host: iam.amazonaws.com",
      "content-type: application/x-www-form-urlencoded; charset=utf-8",
      "x-amz-date: 20150830T123600Z",
      "authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        .. "SignedHeaders=content-type;host;x-amz-date, Signature=" .. published.signature,
      "content-length: 0", "", "",
    }, "\r\n"), bytes)
  end)

  it("includes body, headers and token", function()
    local made = signer("sts")
    assert(made:credentials(vectors.key_id, vectors.secret, "TOKEN"))
    local bytes = assert(made:sign("POST", "h:1", "/a", "", { "x-other", "1" }, "Action=A&b=c", vectors.time))
    assert.matches("^POST /a HTTP/1.1\r\nhost: h:1\r\nx%-other: 1\r\n", bytes)
    assert.matches("\r\nx-amz-security-token: TOKEN\r\n", bytes, 1, true)
    assert.matches("\r\ncontent-length: 12\r\n\r\nAction=A&b=c", bytes, 1, true)
  end)

  it("signs nothing once it is closed, which may be repeated", function()
    local made = signer()
    made:close()
    made:close()
    local bytes, why = made:sign("GET", "h", "/", "", {}, "", vectors.time)
    assert.is_nil(bytes)
    assert.matches("no region and service", why, 1, true)
  end)

  it("signs requests independently", function()
    local made = signer()
    local first = assert(made:sign("GET", "h", "/a", "b=c", {}, "", vectors.time))
    assert.is_truthy(made:sign("GET", "h", "/", "", {}, "", vectors.time):match("^GET / "))
    assert.equal(first, made:sign("GET", "h", "/a", "b=c", {}, "", vectors.time))
  end)

  -- { name, arguments, part of the error }
  local refused = {
    ["a line break in the query"] = { { "GET", "h", "/", "a\r\nb", {}, "", 0 }, "query" },
    ["a space in the path"] = { { "GET", "h", "/ a", "", {}, "", 0 }, "target" },
    ["a method of two words"] = { { "GET /", "h", "/", "", {}, "", 0 }, "method" },
    ["a line break in a header"] = { { "GET", "h", "/", "", { "a", "b\n" }, "", 0 }, "'a'" },
    ["a date of the caller's"] = { { "GET", "h", "/", "", { "x-amz-date", "now" }, "", 0 }, "x-amz-date" },
    ["a path of 64 KiB"] = { { "GET", "h", "/" .. ("a"):rep(65536), "", {}, "", 0 }, "path" },
  }
  for name, case in pairs(refused) do
    it("refuses " .. name, function()
      local unpack = table.unpack or unpack -- luacheck: ignore 113 143
      local bytes, why = signer():sign(unpack(case[1]))
      assert.is_nil(bytes)
      assert.matches(case[2], why, 1, true)
    end)
  end

  it("raises for headers that are not a flat list of strings", function()
    for _, headers in ipairs({ { "a" }, { "a", 1 }, { 1, "b" }, { "a", {} }, "a", { ("x"):rep(33):byte(1, -1) } }) do
      assert.has_error(function() signer():sign("GET", "h", "/", "", headers, "", 0) end)
    end
  end)

  it("accepts the longest permitted path and query", function()
    local path, query = "/" .. ("a"):rep(65535), ("q"):rep(65536)
    local bytes = assert(signer():sign("GET", "h", path, query, {}, "", vectors.time))
    assert.equal(("GET %s?%s HTTP/1.1\r\n"):format(path, query), bytes:match("^.-\r\n"))
  end)
end)

describe("core.request", function()
  it("writes the request with its Content-Length", function()
    assert.equal("PUT /latest/api/token HTTP/1.1\r\nhost: 169.254.169.254\r\nx: y\r\ncontent-length: 2\r\n\r\nhi",
      core.request("PUT", "/latest/api/token", { "host", "169.254.169.254", "x", "y" }, "hi"))
  end)

  it("rejects request splitting", function()
    for _, case in ipairs({ { "GET", "/a b", {} }, { "GET", "/\r\n", {} }, { "GET\r\n", "/", {} },
      { "GET", "/", { "a", "b\r\nc: d" } }, { "GET", "/", { "content-length", "1" } }, { "GET", "", {} } }) do
      local bytes, why = core.request(case[1], case[2], case[3], "")
      assert.is_nil(bytes)
      assert.is_string(why)
    end
  end)

  it("raises for headers that are no flat list", function()
    assert.has_error(function() core.request("GET", "/", { "a" }, "") end)
    assert.has_error(function() core.request("GET", "/") end)
  end)
end)
