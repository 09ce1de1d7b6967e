-- The pages as a test: whatever users can call, set or read is on one, and what README shows runs.

local core = require("dynamodb.core")

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- Every page, as one text.
local function every_page()
  local pipe, texts = io.popen("ls doc/*.md"), {}
  for path in pipe:lines() do -- a table of operations explains no method
    if path ~= "doc/operations.md" then texts[#texts + 1] = read(path) end
  end
  pipe:close()
  return table.concat(texts)
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
      local list, text = {}, every_page()
      for name in pairs(class.methods) do
        if not text:find(prefix .. ":" .. name .. "%f[^%w_]") then list[#list + 1] = name end
      end
      assert.same({}, list)
    end)
  end

  it("has every method of number and set", function()
    for _, value in ipairs({ dynamodb.number(1), dynamodb.set({ 1 }) }) do
      local prefix = tostring(core.typename(value)):sub(-1) == "t" and "set" or "n"
      assert.same({}, missing("values", debug.getmetatable(value).methods, prefix .. ":%s("))
    end
  end)

  it("has every option of connect", function()
    local settings = require("dynamodb.config.settings").options -- have a page of their own
    local list = {}
    for _, name in ipairs(missing("connection", require("dynamodb.connection").options, "`%s`")) do
      if not settings[name] then list[#list + 1] = name end
    end
    assert.same({}, list)
  end)

  -- The first five cells of the setting's row in doc/settings.md.
  local function settings_row(row)
    local function cell(name, same)
      if not name then return "" end
      return name == same and "yes" or "`" .. tostring(name) .. "`"
    end
    local variables = {}
    for i, name in ipairs(row.env) do variables[i] = cell(name) end
    local default = row.default ~= nil and cell(tostring(row.default)) or ""
    local cells = { cell(row.name), cell(row.code, row.name), cell(row.key, row.name), table.concat(variables, ", "), default }
    return ("| " .. table.concat(cells, " | ") .. " |"):gsub("  +", " ")
  end

  it("has every setting as the data has it, and no others", function()
    local text, rows, count = read("doc/settings.md"), 0, 0
    for _, row in ipairs(require("dynamodb.config.catalogue")) do
      local cells = settings_row(row)
      assert.truthy(text:find("\n" .. cells, 1, true), cells)
      count = count + 1
    end
    for _ in text:gmatch("\n| `") do rows = rows + 1 end
    assert.equal(count, rows)
  end)

  describe("of operations", function()
    local rows = {}
    for name, methods, specs in read("doc/operations.md"):gmatch("\n| (%u%a+) | ([^|]+) | ([^|]+) |") do
      assert(not rows[name], name .. " has two rows")
      rows[name] = { methods = methods, specs = specs }
    end
    local classes = { conn = core.connection_class, tbl = core.table_class, item = core.item_class }

    it("has each that the client knows, and no others", function()
      local operations = require("dynamodb.base.operations")
      for name in pairs(operations) do assert.is_table(rows[name], name) end
      for name in pairs(rows) do assert.is_table(operations[name], name) end
    end)

    for name, row in pairs(rows) do
      it("names methods and specs of " .. name, function()
        local proofs, pages = "", require("dynamodb.base.operations")[name].pages ~= nil
        for spec in row.specs:gmatch("[%w_/]+") do proofs = proofs .. read("spec/" .. spec .. "_spec.lua") end
        assert.equal(pages, row.methods:find("`conn:each`", 1, true) ~= nil)
        for owner, method in row.methods:gmatch("`(%l+):([%w_]+)`") do
          assert.is_function(classes[owner].methods[method], method)
          assert.truthy(proofs:find('[%.:"]' .. method .. '%f[^%w_]'), "no spec of the row has " .. method)
        end
        assert.is_truthy(dofile("spec/vectors/operations.lua")[name])
      end)
    end
  end)

  it("has everything that the module gives", function()
    local text = every_page()
    for name in pairs(dynamodb) do
      if name ~= "_VERSION" then assert.truthy(text:find("dynamodb%." .. name .. "%f[^%w_]"), name) end
    end
  end)

  it("has every room of the source on the map", function()
    local text = read("doc/source.md")
    local pipe = io.popen("find csrc lua/dynamodb -name '*.c' -o -name '*.lua'")
    for path in pipe:lines() do
      local room = path:match("([%w_]+)%.%w+$")
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
    local pipe = io.popen("ls README.md doc/*.md")
    for page in pipe:lines() do
      local folder = page:match("^(.*/)") or ""
      for target, place in read(page):gmatch("%]%(([%w/._-]+)#?([%w-]*)%)") do
        local headings = "\n" .. read(folder .. target):lower():gsub("[^%w%s#-]", ""):gsub(" ", "-")
        assert.truthy(place == "" or headings:find("\n#+%-" .. place:gsub("%-", "%%-") .. "\n"), page .. ": " .. place)
      end
    end
    pipe:close()
  end)
end)
