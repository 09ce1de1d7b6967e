-- The pages as a test: whatever users can call, set or read is on one, and what README shows runs.

local core = require("dynamodb.core")

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function missing(page, names, form)
  local text, list = read("doc/" .. page .. ".md"), {}
  for name in pairs(names) do
    if not text:find(form:format(name), 1, true) then list[#list + 1] = name end
  end
  return list
end

describe("documentation", function()
  local dynamodb = require("dynamodb")

  for page, class in pairs({ connection = core.connection_class, table = core.table_class, item = core.item_class }) do
    it("has every method of " .. page, function()
      local prefix = ({ connection = "conn", table = "tbl", item = "item" })[page]
      assert.same({}, missing(page, class.methods, prefix .. ":%s"))
    end)
  end

  it("has every method of number and set", function()
    for _, value in ipairs({ dynamodb.number(1), dynamodb.set({ 1 }) }) do
      local prefix = tostring(core.typename(value)):sub(-1) == "t" and "set" or "n"
      assert.same({}, missing("values", debug.getmetatable(value).methods, prefix .. ":%s("))
    end
  end)

  it("has every option of connect", function()
    assert.same({}, missing("connection", require("dynamodb.connection").options, "`%s`"))
  end)

  it("has every operation that call knows", function()
    local text = read("doc/connection.md"):match("Known: ([^.]+)%.")
    local known = {}
    for name in text:gmatch("%w+") do known[name] = true end
    for name in pairs(require("dynamodb.operations")) do
      assert.is_true(known[name], name)
      known[name] = nil
    end
    assert.same({}, known)
  end)

  it("has everything that the module gives", function()
    local text = read("doc/values.md") .. read("doc/connection.md") .. read("doc/errors.md")
    for name in pairs(dynamodb) do
      if name ~= "_VERSION" then assert.truthy(text:find("dynamodb." .. name, 1, true), name) end
    end
  end)

  it("has every room of the source on the map", function()
    local text = read("doc/source.md")
    local pipe = io.popen("find csrc lua/dynamodb -name '*.c' -o -name '*.lua'")
    for path in pipe:lines() do
      local room = path:match("credentials/") and "credentials/" or path:match("([%w_]+)%.%w+$")
      assert.truthy(text:find(room, 1, true), path)
    end
    pipe:close()
  end)

  it("shows an example in README that runs", function()
    local example = read("README.md"):match("```lua\n(.-)```")
    local endpoint = assert(os.getenv("DYNAMODB_ENDPOINT"), "DYNAMODB_ENDPOINT is not set")
    local code, changed = example:gsub('region = "eu%-west%-1"', ('endpoint_url = %q'):format(endpoint))
    assert.equal(1, changed)
    assert((loadstring or load)(code:gsub('"messages"', '"readme_messages"'), "@README.md"))()
  end)

  it("links to pages that exist", function()
    for _, page in ipairs({ "README.md", "doc/connection.md", "doc/table.md", "doc/item.md", "doc/errors.md" }) do
      local folder = page:match("^(.*/)") or ""
      for target in read(page):gmatch("%]%(([%w/._-]+)%)") do read(folder .. target) end
    end
  end)
end)
