--- Starts spec/support/alternator_cluster.js, a cluster of nodes that come and go.

local cjson = require("cjson")
local dynamodb = require("dynamodb")
local scripted = dofile("spec/support/scripted_server.lua")

local clusters = {}

--- Starts a cluster of these addresses, 127.0.0.x -> cluster: port, url(address), lists(table or JSON), log(), stop(), and
--- commands of the program: up, down, silent (address), status (address, status).
function clusters.start(addresses)
  local process = scripted.commanded("alternator_cluster.js")
  local cluster = { stop = process.stop }
  for _, name in ipairs({ "up", "down", "silent", "status" }) do
    cluster[name] = function(...) return process.send_command(name, ...) end
  end
  for _, address in ipairs(addresses) do cluster.port = tonumber(cluster.up(address)) end
  function cluster.url(address) return ("http://%s:%d"):format(address, cluster.port) end
  function cluster.lists(lists) process.send_command("lists", type(lists) == "string" and lists or cjson.encode(lists)) end
  --- Returns the requests since the last log: a list of { address, what, is it signed for that address }.
  function cluster.log() return cjson.decode(process.send_command("log")) end
  return cluster
end

--- Connects to the nodes at these addresses, with other options of 'alternator' and of connect.
function clusters.connect(cluster, addresses, more, given)
  local options = { region = "us-east-1", aws_access_key_id = "AKIDCANNED", aws_secret_access_key = "SECRETEXAMPLE",
    connect_timeout = 1, attempt_timeout = 1, alternator = { nodes = {} } }
  for i, address in ipairs(addresses) do options.alternator.nodes[i] = cluster.url(address) end
  for name, value in pairs(more or {}) do options.alternator[name] = value end
  for name, value in pairs(given or {}) do options[name] = value end
  return dynamodb.connect(options)
end

return clusters
