std = "min"
max_line_length = 110
files["spec"] = { std = "+busted" }
files["lua/dynamodb/transport/nginx.lua"] = { std = "ngx_lua" }
files["tools/linecov.lua"] = { globals = { "coroutine.create", "coroutine.wrap" } }
