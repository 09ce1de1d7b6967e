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

-- Runs the specs in a folder with these files -> the output.
local function run_files(bodies, variables)
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  for name, body in pairs(bodies) do files.write(("%s/%s_spec.lua"):format(folder, name), BODY:format(body)) end
  local command = "env -u LD_PRELOAD RUN= SAN= LIMIT=5 SPEC=%s %s timeout 100 tools/specs.sh %s 2>&1; echo code $?; rm -r %s"
  return files.output_of(command:format(folder, variables or "", os.getenv("LUA"), folder))
end

local function run(body) return run_files({ own = body }) end

describe("tools/specs.sh", function()
  -- { what the spec does, how the specs end, what is named }
  for _, case in ipairs({
    { 'it("hangs", function() os.execute("sleep 99") end)', "124 in", "a group hangs" },
    { 'describe("and", function() setup(function() os.execute("sleep 99") end) it("waits", function() end) end)', "124 in",
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

  it("runs each of many files in a process of its own, so that the others run when one ends", function()
    local bodies = {}
    for i = 1, 12 do bodies["own" .. i] = ('it("is global %d", function() assert.is_nil(seen) seen = %d end)'):format(i, i) end
    bodies.own3 = 'it("crashes", function() os.execute("kill -SEGV $PPID") end)'
    bodies.own4 = 'it("fails", function() error("an error") end)'
    local text = run_files(bodies)
    assert.matches("the specs ended with code 139 in [^\n]*own3_spec.lua:4 a group crashes\n", text)
    assert.matches("own4_spec.lua:4: an error", text, 1, true)
    assert.matches("own5_spec.lua: 3 successes / 0 failures / 0 errors / 0 pending", text, 1, true)
    local repeated = text:match("\nthe ten slowest specs, in seconds:\n(.*)$")
    assert.matches(os.getenv("LUA") .. ": Error %-> [^\n]*own4_spec.lua @ 4\n[^\n]*a group fails\n"
      .. "[^\n]*own4_spec.lua:4: an error\n", repeated)
    assert.matches("\n32 passed, 2 failed\ncode 1\n$", text)
  end)

  it("counts as failures what does not run since no server starts", function()
    local text = run_files({ own = 'it("passes", function() end)' }, "AWS_ENDPOINT_URL_DYNAMODB= DYNAMODB_ENGINE=none")
    assert.matches("\nservers of the specs ended with code 2\n", text)
    assert.matches("\nnot run to the end, since a server or worker ended: " .. os.getenv("LUA") .. " /tmp/", text)
    assert.matches("\n0 passed, 2 failed\ncode 1\n$", text)
  end)
end)
