-- What ends with a block of busted: run in a busted of its own, whose order of events is compared.

local blocks = require("dynamodb.testing.blocks")
local files = dofile("spec/support/files.lua")

-- Runs busted with a spec file of this text -> what it prints.
local function run(text)
  local directory = files.output_of("mktemp -d"):match("[^\n]+")
  files.write(directory .. "/a_spec.lua", text)
  local command = "env -u LD_PRELOAD LUA_PATH='%s' LUA_CPATH='%s' '%s' \"$(command -v busted)\" -o plainTerminal %s 2>&1"
  local output = files.output_of(command:format(package.path, package.cpath, os.getenv("LUA"), directory))
  os.execute("rm -rf " .. directory)
  return output
end

-- The lines that the spec file prints.
local function lines_of(output)
  local list = {}
  for line in output:gmatch("> (%l[^\n]*)") do list[#list + 1] = line end
  return list
end

local HEAD = [[
local blocks = require("dynamodb.testing.blocks")
local function say(text) print("> " .. text) end
local function at_end(name) return blocks.at_end(function() say("end of " .. name) end) end
]]

describe("what is made in a block of busted", function()
  it("ends with the test, the describe block or the file", function()
    local output = run(HEAD .. [[
at_end("file")
describe("outer", function()
  at_end("describe")
  setup(function() at_end("setup") end)
  before_each(function() at_end("before_each") end)
  after_each(function() say("after_each") end)
  teardown(function() say("teardown") end)
  it("one", function()
    at_end("first")
    at_end("second")
    at_end("forgotten")()
    say("test")
  end)
  describe("inner", function()
    lazy_setup(function() at_end("inner") end)
    it("two", function() say("test") end)
  end)
end)
]])
    assert.same({ "test", "end of second", "end of first", "end of before_each", "after_each",
      "test", "end of before_each", "after_each", "end of inner", "teardown", "end of setup", "end of describe", "end of file" },
      lines_of(output))
  end)

  it("ends when a test, its before_each or another ending fails, which is an error of the block", function()
    local output = run(HEAD .. [[
describe("outer", function()
  it("fails", function()
    at_end("first")
    blocks.at_end(function() error("the ending failed") end)
    at_end("third")
    error("the test failed")
  end)
  describe("inner", function()
    before_each(function()
      at_end("before_each")
      error("no")
    end)
    it("does not run", function() say("never") end)
  end)
end)
]])
    assert.same({ "end of third", "end of first", "end of before_each" }, lines_of(output))
    assert.matches("the ending failed", output, 1, true)
    assert.matches("the test failed", output, 1, true)
  end)

  it("ends with busted when a helper makes it", function()
    local output = run([[
package.loaded.x = nil
]] .. HEAD .. [[
it("passes", function() at_end("test") end)
]])
    assert.same({ "end of test" }, lines_of(output))
  end)

  it("ends by itself without busted", function()
    local path = os.tmpname()
    files.write(path, 'local forget = require("dynamodb.testing.blocks").at_end(error)\nprint(forget())')
    local output = files.output_of(("env -u LD_PRELOAD LUA_PATH='%s' LUA_CPATH='%s' '%s' %s 2>&1"):format(package.path,
      package.cpath, os.getenv("LUA"), path))
    os.remove(path)
    assert.equal("\n", output)
  end)

  it("can be forgotten twice", function()
    local forget = blocks.at_end(error)
    forget()
    forget()
  end)
end)
