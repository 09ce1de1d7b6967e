--- A stand-in for nginx's global table, for what a real nginx does not do on demand.

local fake = {}

local ROOMS = { "dynamodb.transport.nginx", "dynamodb.transport.auto", "dynamodb.transport.curl" }

--- A cosocket: its functions return what 'answers' has by their names, a list of results or a function; else 1.
function fake.cosocket(results)
  local sock = { calls = {} }
  for _, name in ipairs({ "close", "connect", "getreusedtimes", "receiveany", "receiveuntil", "send", "setclientcert",
    "setkeepalive", "setoption", "settimeout", "sslhandshake" }) do
    sock[name] = function(_, ...)
      sock.calls[#sock.calls + 1] = { name, ... }
      local result = results[name]
      if type(result) == "function" then return result(...) end
      if result then return (table.unpack or unpack)(result, 1, 3) end -- luacheck: ignore 113 143
      return name == "getreusedtimes" and 0 or 1
    end
  end
  return sock
end

--- Runs a function while the rooms of the transports see this nginx: with new copies of them.
function fake.with(ngx, call)
  local loaded, before = {}, rawget(_G, "ngx")
  for _, name in ipairs(ROOMS) do loaded[name], package.loaded[name] = package.loaded[name], nil end
  rawset(_G, "ngx", ngx)
  local ok, why = pcall(call)
  rawset(_G, "ngx", before)
  for _, name in ipairs(ROOMS) do package.loaded[name] = loaded[name] end
  if not ok then error(why, 0) end
end

--- Such a table, in a phase, whose cosockets are the given one.
function fake.ngx(phase, sock)
  local ngx = { phase = phase, pid = 1, slept = 0 }
  ngx.get_phase = function() return ngx.phase end
  ngx.socket = { tcp = function() return sock end }
  ngx.worker = { pid = function() return ngx.pid end }
  ngx.sleep = function(seconds) ngx.slept = ngx.slept + seconds end
  ngx.encode_base64 = function(text) return "<" .. text .. ">" end
  ngx.shared = { known = {} }
  return ngx
end

return fake
