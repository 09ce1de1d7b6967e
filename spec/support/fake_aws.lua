--- Starts spec/support/fake_aws.js: the services that give credentials, faked on loopback, whose responses are the
--- spec's. One process serves them all.

local cjson = require("cjson")
local files = dofile("spec/support/files.lua")

local fakes = {}

--- -> { port, url(service), answer{ service = list of responses }, asked() -> lines, stop() }
function fakes.start()
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  -- A sanitizer that is preloaded into Lua must not be preloaded into node.
  local process = assert(io.popen(("exec env -u LD_PRELOAD node spec/support/fake_aws.js '%s'"):format(folder)))
  local pid, port = assert(process:read("*l"), "fake_aws.js does not start"):match("^(%d+) (%d+)$")
  local server, scripts = { port = tonumber(port) }, 0

  function server.url(service) return ("http://127.0.0.1:%s/%s"):format(port, service) end

  function server.answer(answers)
    scripts = scripts + 1
    files.write(folder .. "/log", "")
    files.write(folder .. "/script.json", cjson.encode({ id = scripts, answers = answers }))
  end

  function server.asked()
    local lines = {}
    for line in io.lines(folder .. "/log") do lines[#lines + 1] = line end
    return lines
  end

  function server.stop()
    os.execute("kill " .. pid)
    process:close()
    os.execute("rm -rf " .. folder)
  end

  return server
end

return fakes
