-- The recipes: doc/recipes.md shows each program as it is, each has a test that is made with the testing kit only, and
-- together the tests use every fault of the kit.

local files = dofile("spec/support/files.lua")
local kinds = require("dynamodb.testing.fault_kinds")

local FOLDER = "examples/recipes/"

local names = {}
for path in files.output_of("ls " .. FOLDER .. "*.lua"):gmatch("[^\n]+") do
  local name = path:match("([%w_]+)%.lua$")
  if not name:find("_spec$") then names[#names + 1] = name end
end

local page = files.read("doc/recipes.md")

-- The part of the page under the heading of a recipe.
local function section(name)
  local title = name:gsub("_", " ")
  for heading, text in (page:gsub("\n## ", "\n\1%0") .. "\1"):gmatch("\n## ([^\n]+)(.-)\1") do
    if heading:lower() == title then return text end
  end
end

-- The faults of a text: "throttle", "unprocessed of BatchGetItem", ...
local function faults_of(text)
  local found = {}
  for rule in text:gmatch("faults:add(%b())") do
    local operation = rule:match('operation = "(%u%a+)"')
    for _, name in ipairs(kinds.names) do
      if rule:find("[{ ]" .. name .. " = ") then
        found[name == "unprocessed" and name .. " of " .. tostring(operation) or name] = true
      end
    end
    if rule:find("[{ ]delay = ") then found.delay = true end
  end
  return found
end

describe("the recipes", function()
  for _, name in ipairs(names) do
    local program = files.read(FOLDER .. name .. ".lua")

    describe(name, function()
      it("is on the page as it is, with a use, reasons and risks", function()
        local text = assert(section(name), "no section")
        assert.truthy(text:find("\n```lua\n" .. program .. "```\n", 1, true), "the page shows another program")
        local use = text:match("\n```lua\n.-\n```\n\n```lua\n(.-)\n```\n")
        assert.truthy(use and use:find('dofile("' .. FOLDER .. name .. '.lua")', 1, true) and use:find("-->", 1, true), "no use")
        assert.truthy(text:find("\n**Why it is done so**\n", 1, true))
        assert.truthy(text:find("\n**What can go wrong**\n", 1, true))
      end)

      it("is small", function()
        local count = select(2, program:gsub("\n", ""))
        assert.is_true(count >= 30 and count <= 90, count .. " lines")
      end)

      it("is in the table of the page", function()
        local title = name:gsub("_", " ")
        assert.truthy(page:lower():find(("\n| [%s](#%s) |"):format(title, (title:gsub(" ", "-"))), 1, true))
      end)

      it("has a test that is made with the testing kit only", function()
        local text = files.read(FOLDER .. name .. "_spec.lua")
        for _, module in ipairs({ "require", "dofile" }) do
          for path in text:gmatch(module .. '%("(.-)"%)') do
            local is_own = path == FOLDER .. name .. ".lua"
            assert.is_true(is_own or path == "dynamodb" or path == "dynamodb.testing", path)
          end
        end
        assert.truthy(text:find("testing.server(", 1, true))
        assert.truthy(text:find("testing.table(", 1, true))
        assert.is_truthy(next(faults_of(text)), "no fault")
      end)
    end)
  end

  it("are tested with every fault of the kit", function()
    local used, missing = {}, {}
    for _, name in ipairs(names) do
      for fault in pairs(faults_of(files.read(FOLDER .. name .. "_spec.lua"))) do used[fault] = true end
    end
    local wanted = { "delay", "unprocessed of BatchGetItem", "unprocessed of BatchWriteItem" }
    for _, name in ipairs(kinds.names) do
      if name ~= "unprocessed" then wanted[#wanted + 1] = name end
    end
    for _, fault in ipairs(wanted) do
      if not used[fault] then missing[#missing + 1] = fault end
    end
    assert.same({}, missing)
  end)
end)
