-- Runs examples/tutorial.lua against the server, over HTTP and TLS.
local files = dofile("spec/support/files.lua")

-- The interpreter of this process: the first word of its command line.
local function interpreter()
  local first = 0
  while arg[first - 1] do first = first - 1 end
  return arg[first]
end

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Runs the tutorial with these environment variables -> output, exit code.
local function run(variables)
  local words = { "exec env" }
  for name, value in pairs(variables) do words[#words + 1] = quoted(name .. "=" .. value) end
  words[#words + 1] = quoted(interpreter()) .. " examples/tutorial.lua 2>&1"
  local text, code = files.output_of("(" .. table.concat(words, " ") .. "); echo \"code $?\""):match("^(.*)code (%d+)\n$")
  return text, tonumber(code)
end

describe("the tutorial", function()
  local modules = { LUA_PATH = package.path, LUA_CPATH = package.cpath }
  local titles = {}
  for title in files.read("examples/tutorial.lua"):gmatch('\nstep%("(.-)"%)') do titles[#titles + 1] = title end

  it("has the steps of boto's tutorial", function()
    assert.is_true(#titles >= 15)
  end)

  local ways = {
    HTTP = { AWS_ENDPOINT_URL_DYNAMODB = os.getenv("AWS_ENDPOINT_URL_DYNAMODB") },
    TLS = { AWS_ENDPOINT_URL_DYNAMODB = os.getenv("DYNAMODB_TLS_ENDPOINT"),
      AWS_CA_BUNDLE = os.getenv("DYNAMODB_TLS_CA") },
  }
  for name, variables in pairs(ways) do
    it("runs all steps over " .. name, function()
      assert(variables.AWS_ENDPOINT_URL_DYNAMODB, "run through spec/support/emulator.sh and spec/support/tls_endpoints.sh")
      for variable, value in pairs(modules) do variables[variable] = value end
      local text, code = run(variables)
      assert.equal(0, code, text)
      local at = 1
      for number, title in ipairs(titles) do
        local line = ("\n%2d. %s\n"):format(number, title)
        local first, last = text:find(line, at, true)
        assert.is_number(first, ("no step %q in %s"):format(line, text))
        at = last
      end
      assert.matches("\nDone.\n$", text)
      assert.matches(jit and jit.version or _VERSION, text, 1, true)
      assert.matches("Connection(" .. variables.AWS_ENDPOINT_URL_DYNAMODB .. ")", text, 1, true)
      assert.not_matches("error", text:lower(), 1, true)
    end)
  end

  it("fails with an error if there is no server", function()
    local text, code = run({ AWS_ENDPOINT_URL_DYNAMODB = "http://127.0.0.1:1", LUA_PATH = package.path,
      LUA_CPATH = package.cpath })
    assert.equal(1, code)
    assert.matches("network: ", text, 1, true)
  end)
end)
