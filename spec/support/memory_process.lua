-- Makes calls with credentials from a file, ends them as told, and writes this process's memory into a file:
-- memory_process.lua "END CREDENTIALS OUTPUT". END is open, closed or collected.

local how, credentials_file, output_file = arg[1]:match("^(%S+) (%S+) (%S+)$")

local dynamodb = require("dynamodb")

-- The Lua strings of the credentials are referenced by nothing once the connection is collected.
local function credentials()
  local file = assert(io.open(credentials_file))
  local key, secret, token = file:read("*a"):match("(%S+)\n(%S+)\n(%S+)")
  file:close()
  return { aws_access_key_id = key, aws_secret_access_key = secret, aws_session_token = token }
end

local RESPONSE = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: 2\r\n\r\n{}"
local transport = { connect = function() return {} end, send = function() return true end,
  receive = function() return RESPONSE end, close = function() end, idle = function() return true end, sleep = function() end,
  now = function() return 1000 end, time = function() return 1700000000 end }

local function connect()
  return dynamodb.connect({ region = "eu-west-1", transport = transport, credentials = credentials })
end

-- Small and large requests, since buffers of large ones are not kept.
local function use(conn)
  local tbl = conn:table("t", { hash_key = "id" })
  for _, size in ipairs({ 10, 3000, 200000, 10 }) do assert(tbl:put_item({ id = "a", text = ("x"):rep(size) })) end
end

local function dump()
  local memory, output = assert(io.open("/proc/self/mem", "rb")), assert(io.open(output_file, "wb"))
  memory:setvbuf("no")
  for line in io.lines("/proc/self/maps") do
    local from, to = line:match("^(%x+)%-(%x+) rw")
    if from and not line:find("%[v") then
      local position, last = tonumber(from, 16), tonumber(to, 16)
      while position < last do
        local size = math.min(last - position, 65536)
        memory:seek("set", position)
        output:write(memory:read(size) or "")
        position = position + size
      end
    end
  end
  output:close()
end

local conn = connect()
use(conn)
if how == "closed" then conn:close() end -- nothing is collected
if how == "collected" then
  conn = nil
  collectgarbage()
  collectgarbage()
end
dump()
print(conn and "kept" or "gone")
