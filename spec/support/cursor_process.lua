-- Makes a query whose filter has maps and sets, and prints its cursor, or the error: spec/table/cursor_text_spec.lua.
-- Argument 1 is a cursor that an earlier process made.

local dynamodb = require("dynamodb")

local SECRET = ("s"):rep(32)

local conn = dynamodb.connect({ endpoint_url = "http://127.0.0.1:1", aws_access_key_id = "a", aws_secret_access_key = "b" })
local tbl = conn:table("t", { hash_key = "id", range_key = "at" })
local results, err = tbl:query({
  hash_key = "h",
  filter = {
    texts = dynamodb.set({ "p", "q", "r", "s", "t" }),
    numbers = dynamodb.set({ 1, 2, 3, 4 }),
    bytes = dynamodb.set({ dynamodb.binary("x"), dynamodb.binary("y"), dynamodb.binary("z") }),
    map = { list = { 1, { u = 1, v = 2, w = 3 } }, yes = true, none = dynamodb.null, a = "a", b = "b" },
  },
  cursor = arg[1] ~= "" and arg[1] or nil,
  cursor_key = SECRET,
})
io.write(results and results:cursor(SECRET, { ttl = 1e6 }) or tostring(err))
