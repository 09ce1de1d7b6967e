-- Correction of clock skew by the Date header of responses.
local service_clock = require("dynamodb.http.service_clock")

-- A response with these headers.
local function response(date, age)
  return { header = function(_, name) return ({ date = date, age = age })[name] end }
end

describe("clock", function()
  -- { text by `date -u -d @SECONDS`, seconds }
  local dates = {
    { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
    { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
    { "Tue, 29 Feb 2000 23:59:59 GMT", 951868799 },
    { "Wed, 01 Mar 2000 00:00:00 GMT", 951868800 },
    { "Fri, 31 Dec 1999 23:59:59 GMT", 946684799 },
    { "Wed, 25 Nov 2026 12:00:00 GMT", 1795608000 },
    { "Mon, 01 Mar 2100 00:00:00 GMT", 4107542400 },
  }
  for _, case in ipairs(dates) do
    it("reads " .. case[1], function()
      assert.equal(case[2], service_clock.parse(case[1]))
    end)
  end

  local others = { "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nox 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT", "1795608000", "Sun, 06 Nov 1994 08:49:37 +0100" }
  for _, text in ipairs(others) do
    it(("does not read '%s'"):format(text), function()
      assert.is_nil(service_clock.parse(text))
    end)
  end

  local DATE, AT = "Wed, 25 Nov 2026 12:00:00 GMT", 1795608000

  it("equals the local clock at first", function()
    assert.equal(0, service_clock.new().offset)
  end)

  it("applies the offset of the service", function()
    local own = service_clock.new()
    service_clock.observe(own, response(DATE), AT + 1200, AT + 1200)
    assert.equal(-1200, own.offset)
    service_clock.observe(own, response(DATE), AT - 300, AT - 299)
    assert.equal(299, own.offset)
    service_clock.observe(own, response(DATE), AT, AT)
    assert.equal(0, own.offset)
  end)

  local ignored = {
    ["without a date"] = { response(nil), AT + 500, AT + 500 },
    ["with a date that is none"] = { response("yesterday"), AT + 500, AT + 500 },
    ["out of a cache"] = { response(DATE, "0"), AT + 500, AT + 500 },
    ["that took too long"] = { response(DATE), AT + 500, AT + 500 + 901 },
  }
  for name, case in pairs(ignored) do
    it("ignores a response " .. name, function()
      local own = service_clock.new()
      service_clock.observe(own, case[1], case[2], case[3])
      assert.equal(0, own.offset)
    end)
  end

  it("was corrected when it differs by four minutes from the time of a signature", function()
    local own = service_clock.new()
    service_clock.observe(own, response(DATE), AT + 239, AT + 239)
    assert.is_false(service_clock.corrected(own, 0))
    service_clock.observe(own, response(DATE), AT + 240, AT + 240)
    assert.is_true(service_clock.corrected(own, 0))
    assert.is_false(service_clock.corrected(own, -240))
    assert.is_true(service_clock.corrected(own, 100))
  end)
end)
