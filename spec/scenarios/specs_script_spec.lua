-- tools/specs.sh: a process of specs that hangs, crashes or ends itself is a failure that names the spec.

local files = dofile("spec/support/files.lua")

local BODY = [[
-- A spec that fails.
describe("a group", function()
  it("passes", function() end)
  %s
  it("is never reached", function() end)
end)
]]

local function run(body)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  files.write(folder .. "/own_spec.lua", BODY:format(body))
  local command = "env -u LD_PRELOAD RUN= SAN= LIMIT=6 SPEC=%s timeout 100 tools/specs.sh %s 2>&1; echo code $?; rm -r %s"
  return files.output_of(command:format(folder, os.getenv("LUA"), folder))
end

describe("tools/specs.sh", function()
  -- { what the spec does, how the specs end, what is named }
  for _, case in ipairs({
    { 'it("hangs", function() while true do end end)', "124 in", "a group hangs" },
    { 'describe("and", function() setup(function() while true do end end) it("waits", function() end) end)', "124 in",
      "a group and" },
    { 'it("crashes", function() os.execute("kill -SEGV $PPID") end)', "139 in", "a group crashes" },
    { 'it("ends", function() os.exit(0) end)', "0 in", "a group ends" },
    { 'it("ends", function() os.exit(1) end)', "1 in", "a group ends" },
  }) do
    it("counts as a failure and names: " .. case[3] .. ", code " .. case[2]:match("%d+"), function()
      local text = run(case[1])
      assert.matches("the specs ended with code " .. case[2] .. " [^\n]*own_spec.lua:%d+ " .. case[3] .. "\n", text)
      assert.matches("\n0 passed, 1 failed\ncode 1\n$", text)
    end)
  end

  it("adds up what passes, and lists the slowest", function()
    local text = run('it("is slow", function() os.execute("sleep 0.3") end)')
    assert.matches("\nthe ten slowest specs, in seconds:\n0%.[3-9]%d [^\n]*own_spec.lua:4 a group is slow", text)
    assert.matches("\n3 passed, 0 failed\ncode 0\n$", text)
  end)
end)
