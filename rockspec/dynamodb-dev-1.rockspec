rockspec_format = "3.0"
package = "dynamodb"
version = "dev-1"
source = { url = "." }
description = {
  summary = "A DynamoDB client with a C core",
  detailed = "Tables and items as boto's Layer2 gave them, and everything else that today's service offers.",
  license = "MIT",
  labels = { "aws", "database", "dynamodb", "nginx", "openresty" },
}
supported_platforms = { "unix" }
dependencies = { "lua >= 5.1, < 5.6", "lua-cjson" }
external_dependencies = {
  CURL = { library = "curl" },
  CRYPTO = { library = "crypto" },
  Z = { library = "z" },
}
build = {
  type = "make",
  build_variables = {
    LUA_INCDIR = "$(LUA_INCDIR)",
    CFLAGS = "$(CFLAGS)",
    B = "build$(LUA_INCDIR)",
  },
  install_variables = {
    LUA_INCDIR = "$(LUA_INCDIR)",
    LUA_CMOD = "$(LIBDIR)",
    LUA_LMOD = "$(LUADIR)",
    LUA_TYPES = "$(PREFIX)/types",
    B = "build$(LUA_INCDIR)",
  },
}
test = { type = "command", command = "make test" }
