--- A fake of the global table ngx for conditions that a real nginx does not produce on demand.

local fake = {}

local MODULES = { "dynamodb.transport.nginx", "dynamodb.transport.auto", "dynamodb.transport.curl" }

--- Creates a cosocket. results[name] is the list of results of that function, or a function to call; the default result is 1.
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

--- Calls a function with this global ngx and with newly loaded transport modules, then restores both.
function fake.with(ngx, call)
  local loaded, before = {}, rawget(_G, "ngx")
  for _, name in ipairs(MODULES) do loaded[name], package.loaded[name] = package.loaded[name], nil end
  rawset(_G, "ngx", ngx)
  local ok, why = pcall(call)
  rawset(_G, "ngx", before)
  for _, name in ipairs(MODULES) do package.loaded[name] = loaded[name] end
  if not ok then error(why, 0) end
end

--- Creates a table ngx in the given phase. Every ngx.socket.tcp() returns 'sock'.
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
