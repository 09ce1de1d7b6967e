-- The User-Agent header.
local fake_system = dofile("spec/support/fake_system.lua")
local user_agent = require("dynamodb.http.user_agent")
local version = require("dynamodb.base.version")

describe("user agent", function()
  after_each(fake_system.remove)

  local function made(values, variables)
    fake_system.install(variables or {}, {})
    values.retry_mode = values.retry_mode or "standard"
    return user_agent.new(values)
  end

  it("begins with the client's name and version", function()
    local text = made({})
    assert.equal(("lua-dynamodb/%s ua/2.1 "):format(version), text:sub(1, #version + 21))
    assert.matches(" lang/lua#5%.%d ", text)
    assert.matches(" os/%l+ ", text)
  end)

  it("reports the retry mode in words and as a feature", function()
    assert.matches(" m/E cfg/retry%-mode#standard$", made({}))
    assert.matches(" m/F cfg/retry%-mode#adaptive$", made({ retry_mode = "adaptive" }))
    local off = made({ retry_mode = "off" })
    assert.matches(" cfg/retry%-mode#off$", off)
    assert.not_matches(" m/", off)
  end)

  it("reports a custom endpoint and the account endpoint mode", function()
    assert.matches(" m/E,N,P ", made({ endpoint_url = "http://x", account_id_endpoint_mode = "preferred" }))
    assert.matches(" m/E,Q ", made({ account_id_endpoint_mode = "disabled" }))
    assert.matches(" m/E,R ", made({ account_id_endpoint_mode = "required" }))
  end)

  it("ends with the application's id", function()
    assert.matches(" app/billing$", made({ sdk_ua_app_id = "billing" }))
  end)

  it("reports the execution environment", function()
    assert.matches(" exec%-env/AWS_Lambda_provided%.al2023 ", made({}, { AWS_EXECUTION_ENV = "AWS_Lambda_provided.al2023" }))
  end)

  it("prevents header injection by options", function()
    local text = made({ sdk_ua_app_id = "a b\r\nX-Evil: (1)/é" }, { AWS_EXECUTION_ENV = "x\ny" })
    assert.matches(" app/a%-b%-%-X%-Evil%-%-%-1%-%-%-%-$", text)
    assert.matches(" exec%-env/x%-y ", text)
    assert.not_matches("%c", text)
  end)
end)
