-- Closed and collected connections leave no key in memory that the library's C code owned. What only that code makes of
-- the credentials is looked for, since Lua's own strings of them are not overwritten (SECURITY.md).

local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local process = dofile("spec/support/child_process.lua")

local SECRET, TOKEN = "SecretOfTheMemorySpec+0123456789abcdefgh", ("TokenOfTheMemorySpec/%d"):rep(20, "="):format(
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)

local function from_hex(text)
  return (text:gsub("%x%x", function(digits) return string.char(tonumber(digits, 16)) end))
end

-- Returns bytes that only C code makes: name -> bytes.
local function needles()
  local list, count = { ["canonical token"] = "x-amz-security-token:" .. TOKEN .. "\n" }, 0
  local keys = files.output_of("python3 spec/support/derived_keys.py " .. SECRET .. " 20231114 eu-west-1 dynamodb")
  for line in keys:gmatch("[^\n]+") do
    local name, hex = line:match("^(.*) (%x+)$")
    list[name], count = from_hex(hex), count + 1
  end
  assert.equal(25, count)
  return list
end

-- Returns the names of what is in the memory of a process that ended its connection so.
local function found_after(how)
  local folder = files.output_of("mktemp -d"):gsub("\n", "")
  files.write(folder .. "/credentials", ("AKIDMEMORY\n%s\n%s\n"):format(SECRET, TOKEN))
  local printed = process.start("memory_process.lua", ("%s %s/credentials %s/memory"):format(how, folder, folder))()
  local memory = files.read(folder .. "/memory")
  files.output_of("rm -r " .. folder)
  assert.truthy(printed:match("^%l+\n$"), printed)
  local found = {}
  for name, bytes in pairs(needles()) do
    if memory:find(bytes, 1, true) then found[#found + 1] = name end
  end
  table.sort(found)
  return found
end

describe("secrets in memory", function()
  if helper.sanitized() then
    it("are looked for without sanitizers, which map terabytes", function() pending("sanitizer") end)
    return
  end

  it("are found while the connection is open, which proves that the search works", function()
    local known = {}
    for _, name in ipairs(found_after("open")) do known[name] = true end
    for _, name in ipairs({ "secret", "canonical token", "signing key, inner state", "signing key, outer state" }) do
      assert.is_true(known[name], name .. " was not found")
    end
  end)

  it("are gone once the connection is closed", function() assert.same({}, found_after("closed")) end)

  it("are gone once the connection is collected", function() assert.same({}, found_after("collected")) end)
end)
