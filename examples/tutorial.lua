-- The DynamoDB tutorial of boto in Lua. `make demo` runs it with a local server;
-- AWS_ENDPOINT_URL_DYNAMODB selects another server. Without it the tutorial uses AWS. It creates and deletes
-- two tables.

local dynamodb = require("dynamodb")

local step_number = 0
local function step(text)
  step_number = step_number + 1
  print(("\n%2d. %s"):format(step_number, text))
end

local function say(format, ...)
  print("    " .. format:format(...))
end

-- Formats a list or a set as "{ a, b }", any other value with tostring.
local function text(value)
  local list = type(value) == "table" and value or type(value) == "userdata" and value:values()
  if not list then return tostring(value) end
  local texts = {}
  for i, element in ipairs(list) do texts[i] = tostring(element) end
  if list ~= value then table.sort(texts) end -- a set has no order
  return "{ " .. table.concat(texts, ", ") .. " }"
end

local function show(item)
  local names = {}
  for name in item:pairs() do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do say("%-12s = %s", name, text(item:get(name))) end
end

print("DynamoDB from " .. (jit and jit.version or _VERSION) .. ", dynamodb " .. dynamodb._VERSION)

step("Connect, with keys given")
local given = dynamodb.connect({
  aws_access_key_id = os.getenv("AWS_ACCESS_KEY_ID") or "AKIDEXAMPLE",
  aws_secret_access_key = os.getenv("AWS_SECRET_ACCESS_KEY") or "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
})
say("%s, region %s", tostring(given), given.region)
given:close()

step("Connect, without: keys come from the environment, ~/.aws or ~/.boto")
local conn = dynamodb.connect()
say("%s", tostring(conn))

step("List the tables")
local names = assert(conn:list_tables())
say("%d tables: %s", #names, table.concat(names, ", "))

step("Describe the key: a hash key and a range key, both strings")
local message_schema = conn:create_schema({
  hash_key_name = "forum_name",
  hash_key_proto_value = "S",
  range_key_name = "subject",
  range_key_proto_value = "S",
})
say("%s", tostring(message_schema))

step("Create the table 'messages', with 10 read and 10 write units")
local messages = assert(conn:create_table({
  name = "messages",
  schema = message_schema,
  read_units = 10,
  write_units = 10,
}))
say("%s is %s", tostring(messages), messages.status)
assert(messages:wait_until_active())
say("%s is %s", tostring(messages), messages.status)

step("List again, and get the table by its name")
say("%s", table.concat(assert(conn:list_tables()), ", "))
messages = assert(conn:get_table("messages"))
say("%s: key %s, %d read and %d write units", tostring(messages), tostring(messages.schema),
  messages.read_units, messages.write_units)

step("Describe the table")
local description = assert(conn:describe_table("messages"))
say("%s has %d items and %d bytes", description.Table.TableArn or description.Table.TableName,
  messages.item_count, messages.size_bytes)

step("Make a new item")
local item = messages:new_item({
  hash_key = "LOLCat Forum",
  range_key = "Check this out!",
  attrs = {
    Body = "http://url_to_lolcat.gif",
    SentBy = "User A",
    ReceivedTime = "12/9/2011 11:36:03 PM",
    Views = 0,
    Tags = dynamodb.set({ "cats", "fun" }),
    Ratings = { 5, 4.5, 5 },
  },
})
show(item)

step("An item is a table: add an attribute, and remove it")
item.a_new_key = "testing"
say("a_new_key    = %s", item.a_new_key)
item.a_new_key = nil
say("a_new_key    = %s", tostring(item.a_new_key))

step("Put the item")
assert(item:put())
say("%s is stored", tostring(item))

step("Get it back, by a consistent read")
local got = assert(messages:get_item({
  hash_key = "LOLCat Forum",
  range_key = "Check this out!",
  consistent_read = true,
}))
show(got)
assert(got == item, "what was read is what was put")

step("Change an attribute and put the item again")
got.SentBy = "User B"
assert(got:put())
say("SentBy       = %s", assert(messages:get_item("LOLCat Forum", "Check this out!")).SentBy)

step("Change one more and save: only the change is sent")
got.Views = got.Views + 1
say("to be sent: %s", next(got:changes().set))
assert(got:save())
say("Views        = %d", assert(messages:get_item("LOLCat Forum", "Check this out!")).Views)

step("Delete the item")
assert(got:delete())
say("is it there? %s", tostring(messages:has_item("LOLCat Forum", "Check this out!")))

step("Delete the table, through the connection")
assert(conn:delete_table(messages))
assert(messages:wait_until_deleted())
say("%s is gone", tostring(messages))

step("Create another one, on demand this time, and delete it through the table")
local other = assert(conn:create_table({ name = "messages_too", schema = message_schema }))
assert(other:wait_until_active())
assert(other:delete())
assert(other:wait_until_deleted())
say("%s is gone", tostring(other))

conn:close()
print("\nDone.")
