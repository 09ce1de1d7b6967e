-- The script that tools/torture.c runs: calls with fixed responses, and values of every type.

if jit then jit.off() end -- the compiler of LuaJIT does not survive allocation failures

local dynamodb = require("dynamodb")
dynamodb.preload() -- so that every run makes the same allocations

local core = require("dynamodb.core")
local pem = dofile("spec/vectors/es256.lua").good.SEC1

local HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: %d\r\n\r\n%s"

local bodies = {
  GetItem = '{"Item":{"id":{"S":"a"},"e":{"S":"a\\u00e9"},"n":{"N":"12345678901234567890.5"},'
    .. '"l":{"L":[{"M":{}},{"NULL":true}]},"s":{"SS":["x","y"]},"b":{"B":"AAEC"},"f":{"N":"26.34"}}}',
  PutItem = "{}",
  UpdateItem = "{}",
  DeleteItem = '{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","message":"no"}',
}

local asked
local transport = {
  connect = function() return {} end,
  send = function(_, bytes)
    asked = bytes:match("DynamoDB_20120810%.(%w+)")
    return true
  end,
  receive = function()
    local text = HEAD:format(#bodies[asked], bodies[asked])
    return asked == "DeleteItem" and text:gsub("200 OK", "400 Bad Request") or text
  end,
  idle = function() return true end,
  close = function() end,
  now = function() return 0 end,
  time = function() return 1440938160 end,
  sleep = function() end,
}

-- Uses the functions of the core that credential requests need.
local function other_requests()
  local signer = assert(core.signer("us-east-1", "sts"))
  assert(signer:credentials("AKIDEXAMPLE", "secret", ("token"):rep(20)))
  assert(signer:sign("POST", "h", "/", ("q"):rep(300), { "a", "b" }, "Action=A", 0))
  assert(core.request("GET", "/", { "host", "h", "authorization", ("token"):rep(20) }, ""))
  assert(#core.es256(pem, core.base64url(core.sha256("a"))) == 86)
  assert(#core.ec_jwk(pem) == 43)
  assert(core.random() < 1)
end

-- Values on their own: arithmetic, JSON in both forms, text.
local function use_values(item)
  local n = dynamodb.number("12345678901234567890") * 2 + 1
  assert(tostring(n / 4 - n % 7) and tostring(-n))
  local values = { item, n, dynamodb.set({ "b", "a" }), dynamodb.binary("\0"), dynamodb.list() }
  local text = dynamodb.json.encode(values)
  assert(dynamodb.json.encode(assert(dynamodb.json.decode(text))))
  assert(dynamodb.json.typed_decode(dynamodb.json.typed_encode(item)).id == item.id)
  assert(tostring(item) and dynamodb.inspect(item) and dynamodb.item_size(item) > 0)
end

return function()
  other_requests()
  local connection = dynamodb.connect({
    aws_access_key_id = "AKIDEXAMPLE",
    aws_secret_access_key = "secret",
    aws_session_token = ("token"):rep(20),
    endpoint_url = "http://localhost:8000",
    transport = transport,
  })
  local messages = connection:table("messages", { hash_key = "id" })
  local item = assert(messages:get_item("a"))
  item.long = ("x"):rep(5000)
  item.l[3] = { deep = dynamodb.set({ 1, 2.5 }), binary = dynamodb.binary("\0\1") }
  use_values(item)
  assert(item:save())
  assert(item:put())
  local done, err = item:delete()
  assert(not done and err.code == "ConditionalCheckFailedException", err)
  assert(messages:new_item("b", nil, { n = dynamodb.number("1E-100") }):put())
  connection:close()
end
