-- A writer inside nginx: nginx_writer.lua NAME DIRECTORY SEED ENDS URL
-- Starts nginx with one worker and asks it for one round after the other. nginx replaces a worker that is killed.

local nginx = dofile("spec/support/nginx_server.lua")

local ROUND = 3 -- seconds

local INIT = ([[soak = dofile("spec/soak/nginx_round.lua")
soak.settings = { name = "%s", directory = "%s", seed = %s, ends = %s, url = "%s" }]]):format(arg[1], arg[2], arg[3], arg[4],
  arg[5])
local HANDLER = [[location = /round { content_by_lua_block { soak.run(soak.settings, %d) ngx.print("done") } }]]

local server = nginx.start({ init = INIT, server = HANDLER:format(ROUND) })
while os.time() < tonumber(arg[4]) do pcall(server.get, "/round") end
server.stop()
