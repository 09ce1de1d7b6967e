--- Starts spec/support/fake_aws.js, which fakes the services that issue credentials. The spec sets their responses. One
--- process serves all of them.

local cjson = require("cjson")
local files = dofile("spec/support/files.lua")

local fakes = {}

--- Returns { port, url(service), respond_with{ service = list of responses }, requests() -> lines of the log, stop() }.
function fakes.start()
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  -- A sanitizer that is preloaded into Lua must not be preloaded into node.
  local process = assert(io.popen(("exec env -u LD_PRELOAD node spec/support/fake_aws.js '%s'"):format(folder)))
  local pid, port = assert(process:read("*l"), "fake_aws.js does not start"):match("^(%d+) (%d+)$")
  local server, scripts = { port = tonumber(port) }, 0

  function server.url(service) return ("http://127.0.0.1:%s/%s"):format(port, service) end

  function server.respond_with(responses)
    scripts = scripts + 1
    files.write(folder .. "/log", "")
    files.write(folder .. "/script.json", cjson.encode({ id = scripts, responses = responses }))
  end

  function server.requests()
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
