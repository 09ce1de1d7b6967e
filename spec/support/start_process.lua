-- Prints, as the text of a Lua table, what a program has loaded and how much memory of Lua it uses after require, after
-- connect, after a pause in a task, and after one get_item. Arguments: the URL of the server, a table, the key of an item.

local URL, NAME, KEY = arg[1]:match("^(%S+) (%S+) (%S+)$")

local function kilobytes()
  collectgarbage()
  collectgarbage()
  return collectgarbage("count")
end

local first = kilobytes()

local function modules()
  local list = {}
  for name in pairs(package.loaded) do
    if name:find("^dynamodb") then list[#list + 1] = name:gsub("^dynamodb%.?", "") end
  end
  table.sort(list)
  return list
end

local function show(name)
  local used, list = kilobytes() - first, modules()
  local maps = assert(io.open("/proc/self/maps"))
  local has_libcurl = maps:read("*a"):find("libcurl", 1, true) ~= nil
  maps:close()
  local curl = package.loaded["dynamodb.curl"]
  io.write(("%s = { modules = %q, count = %d, kilobytes = %.1f, has_libcurl = %s, is_started = %s },\n"):format(name,
    table.concat(list, " "), #list, used, tostring(has_libcurl), tostring(curl ~= nil and curl.is_started())))
end

local dynamodb = require("dynamodb")
show("required")
local conn = dynamodb.connect({ endpoint_url = URL, region = "us-east-1",
  aws_access_key_id = os.getenv("AWS_ACCESS_KEY_ID") or "local",
  aws_secret_access_key = os.getenv("AWS_SECRET_ACCESS_KEY") or "local",
  aws_session_token = os.getenv("AWS_SESSION_TOKEN") })
show("connected")
assert(conn:table(NAME, { hash_key = "id" }):get_item(KEY)) -- decodes nothing
show("got")
conn:close()
