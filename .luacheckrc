std = "min"
max_line_length = 110
read_globals = { "jit" }
exclude_files = { "spec/support/node_modules" }
files["spec"] = { std = "+busted", max_line_length = 130, read_globals = { "loadstring", "package.searchpath" } }
files["examples/**/*_spec.lua"] = { std = "+busted" }
files["bench"] = { max_line_length = 130 }
files["spec/vectors"] = { max_line_length = false }
files["lua/dynamodb/transport/nginx.lua"] = { std = "ngx_lua" }
files["lua/dynamodb/loop/phase.lua"] = { std = "ngx_lua" }
files["tools/linecov.lua"] = { globals = { "LINECOV", "coroutine.create", "coroutine.wrap", "debug.gethook", "debug.sethook" } }
files["spec/support/nginx_handlers.lua"] = { std = "+ngx_lua" }
files["spec/soak/nginx_round.lua"] = { std = "+ngx_lua" }
files["types"] = { max_line_length = false, ignore = { "212", "241" } } -- functions without bodies
