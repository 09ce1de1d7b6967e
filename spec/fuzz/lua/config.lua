-- Target config: the input is both shared files of AWS's tools. Parsing, the settings and the credentials of their
-- profiles give a value or a reason, whatever the files contain.

local fake_system = dofile("spec/support/fake_system.lua")
local profile = require("dynamodb.credentials.profile")
local provider = dofile("spec/support/provider_kit.lua")
local settings = require("dynamodb.config.settings")
local shared_files = require("dynamodb.config.shared_files")

local FILES = { "/home/.aws/config", "/home/.aws/credentials" }

local function check_section(section)
  for name, value in pairs(section) do
    assert(type(name) == "string" and name ~= "" and name == name:lower(), "a name that is empty or has capitals")
    if type(value) == "table" then
      for inner, text in pairs(value) do assert(type(inner) == "string" and type(text) == "string", "a bad block") end
    else
      assert(type(value) == "string" and not value:find("^[ \t]") and not value:find("[ \t]$"), "a value with blanks")
    end
  end
end

local function check_parse(text)
  local sections, why = shared_files.parse(text, "file")
  if not sections then
    local line = tonumber(why:match("^file:(%d+): "))
    assert(line and line <= select(2, text:gsub("\n", "")) + 1, "a line that the file does not have")
    return
  end
  for title, section in pairs(sections) do
    assert(type(title) == "string", "a title that is no text")
    check_section(section)
  end
end

local function check_credentials(own)
  local kit = provider.kit({ responses = { provider.response(500), provider.response(200, "<a>") } })
  local files = { [FILES[1]] = own.text, [FILES[2]] = own.text }
  fake_system.install({}, files, "{}")
  kit.settings, kit.values = own.settings, own.values
  local found, why = profile(kit)
  assert(found and found.aws_access_key_id or type(why) == "string", "neither credentials nor a reason")
end

local function run(text)
  check_parse(text)
  fake_system.install({}, { [FILES[1]] = text, [FILES[2]] = text })
  local own = settings.new({})
  local values, why = own:load()
  assert(type(values) == "table" or type(why) == "string", "neither settings nor a reason")
  local shown, err = settings.config()
  assert((shown == nil) == (values == nil) and (shown or tostring(err)), "load and config differ")
  if values then check_credentials({ settings = own, values = values, text = text }) end
  fake_system.remove()
end

return { run = run }
