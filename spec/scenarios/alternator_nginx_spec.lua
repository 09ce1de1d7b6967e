-- Nodes of Alternator in a real nginx: light threads share what a worker knows, and looking for nodes blocks nothing else.

local clusters = dofile("spec/support/alternator_cluster.lua")
local curl = require("dynamodb.transport.curl")
local nginx = dofile("spec/support/nginx_server.lua")

if nginx.is_pending(pending, "Alternator in nginx") then return end

local A, B, C = "127.0.0.21", "127.0.0.22", "127.0.0.23"

local INIT = [[
  app = require("nginx_handlers")
  local dynamodb = require("dynamodb")
  local conn = dynamodb.connect({ region = "us-east-1", aws_access_key_id = "AKIDCANNED",
    aws_secret_access_key = "SECRETEXAMPLE", connect_timeout = 1, attempt_timeout = 1,
    alternator = { nodes = { "URL" }, refresh = 0.5, quarantine = 60 } })
  local tbl = conn:table("t", { hash_key = "id" })
  function nodes_of(count)
    local calls, found, names = {}, {}, {}
    for i = 1, count do
      calls[i] = function()
        local node = assert(tbl:get_item("x")).node
        found[node] = (found[node] or 0) + 1
      end
    end
    local _, errs = dynamodb.gather(calls)
    if errs then return tostring(select(2, next(errs))) end
    for node, times in pairs(found) do names[#names + 1] = node .. "=" .. times end
    table.sort(names)
    return table.concat(names, " ")
  end
]]

local SERVER = [[
location = /nine { content_by_lua_block { app.say(nodes_of, 9) } }
location = /one { content_by_lua_block { app.say(nodes_of, 1) } }
]]

describe("Alternator in nginx", function()
  local cluster, server

  setup(function()
    cluster = clusters.start({ A, B, C })
    cluster.lists({ [""] = { A, B, C } })
    server = nginx.start({ init = INIT:gsub("URL", cluster.url(A)), server = SERVER })
  end)

  teardown(function()
    nginx.stop()
    cluster.stop()
  end)

  it("spreads the requests of light threads over the nodes", function()
    server.get("/one") -- finds the nodes
    assert.same({ 200, ("%s=3 %s=3 %s=3"):format(A, B, C) }, { server.get("/nine") })
    for _, entry in ipairs(cluster.log()) do assert.equal(entry[2] == "GetItem", entry[3]) end -- signed for its node
  end)

  it("looks for nodes without blocking other requests, and goes on without a node that failed", function()
    cluster.silent(B)
    cluster.lists({ [""] = { A, C } })
    curl.sleep(0.6)
    local began, finish = curl.now(), {}
    for i = 1, 4 do finish[i] = server.ask("/nine") end
    for _ = 1, 5 do assert.equal(200, (server.get("/up"))) end
    assert.is_true(curl.now() - began < 0.5)
    for i = 1, 4 do
      local status, text = finish[i]()
      assert.equal(200, status)
      assert.matches("^127%.0%.0%.21=%d 127%.0%.0%.23=%d$", text)
    end
    curl.sleep(0.6)
    server.get("/one") -- refreshes the list, in which B is not
    cluster.down(B)
    began = curl.now()
    assert.matches("^127%.0%.0%.21=%d 127%.0%.0%.23=%d$", select(2, server.get("/nine")))
    assert.is_true(curl.now() - began < 0.5)
  end)
end)
