--- Runs a local DynamoDB until it is interrupted, and prints how to use it: lua tools/server.lua PORT

local testing = require("dynamodb.testing")

local started, server = pcall(testing.server, { directory = "spec/support",
  port = assert(tonumber(arg[1]), "usage: tools/server.lua PORT") })
if not started then
  io.stderr:write((server:gsub("^%S+:%d+: ", "")), "\n") -- without the place in this file
  os.exit(1)
end
print(("A local DynamoDB (%s) runs at %s. Ctrl-C ends it. In the shell of a program that uses it:\n"):format(
  server.engine, server.endpoint_url))
print(("export AWS_ENDPOINT_URL_DYNAMODB=%s AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"):format(
  server.endpoint_url))
io.stdout:flush()
pcall(server.wait, server) -- Ctrl-C raises
server:stop()
