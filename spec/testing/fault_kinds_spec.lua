-- The kinds of faults as data: names, options, plans. spec/testing/faults_spec.lua shows what a client sees of them.

local kinds = require("dynamodb.testing.fault_kinds")
local messages = require("dynamodb.testing.messages")

local function request(operation, body)
  return assert(messages.read_request(("POST / HTTP/1.1\r\nx-amz-target: DynamoDB_20120810.%s\r\nx-amz-date: 20240101T000000Z\r\n"
    .. "content-length: %d\r\n\r\n%s"):format(operation, #body, body)))
end

describe("the kinds of faults", function()
  it("are the options of a rule, with those that select requests", function()
    local names = {}
    for name in pairs(kinds.rule_options) do names[#names + 1] = name end
    assert.equal(#kinds.names + 5, #names)
    for _, name in ipairs(kinds.names) do assert.is_function(kinds[name].plan) end
  end)

  it("take entries of several tables from a batch, the last table first", function()
    local batch = request("BatchGetItem", '{"RequestItems":{"a":{"Keys":[{"id":{"S":"1"}}],"ConsistentRead":true},'
      .. '"b":{"Keys":[{"id":{"S":"2"}},{"id":{"S":"3"}}]}}}')
    local plan = kinds.unprocessed.plan(3, batch)
    assert.truthy(plan.reply:find('"UnprocessedKeys":{"a":{"ConsistentRead":true,"Keys":[{"id":{"S":"1"}}]},"b":', 1, true))
    assert.is_nil(plan.send)
    plan = kinds.unprocessed.plan(2, batch)
    assert.truthy(plan.send:find('{"RequestItems":{"a":{"ConsistentRead":true,"Keys":[{"id":{"S":"1"}}]}}}', 1, true))
    plan = kinds.unprocessed.plan(1, batch)
    assert.truthy(plan.send:find('"b":{"Keys":[{"id":{"S":"2"}}]}}}', 1, true))
    assert.equal(#plan.send:match("\r\n\r\n(.*)$"), tonumber(plan.send:match("content%-length: (%d+)")))
  end)

  it("add to what the service itself left unprocessed, and leave its errors alone", function()
    local batch = request("BatchWriteItem", '{"RequestItems":{"a":[{"DeleteRequest":{"Key":{"id":{"S":"1"}}}},'
      .. '{"DeleteRequest":{"Key":{"id":{"S":"2"}}}}]}}')
    local plan = kinds.unprocessed.plan(1, batch)
    local function changed(status, body)
      local sent = messages.response(status, { ["content-type"] = "application/x-amz-json-1.0" }, body)
      local transport = { receive = function() return sent end }
      return plan.change(assert(messages.receive(transport, {}, 1)))
    end
    local one, two = '{"DeleteRequest":{"Key":{"id":{"S":"1"}}}}', '{"DeleteRequest":{"Key":{"id":{"S":"2"}}}}'
    assert.truthy(changed(200, '{"UnprocessedItems":{"a":[' .. one .. "]}}"):find('{"a":[' .. one .. "," .. two .. "]}", 1, true))
    assert.truthy(changed(200, "{}"):find('{"UnprocessedItems":{"a":[' .. two .. "]}}", 1, true))
    assert.truthy(changed(400, '{"__type":"x"}'):find('{"__type":"x"}', 1, true))
  end)

  it("refuse signatures for another time than the service's", function()
    local get = request("GetItem", "{}")
    local signed = messages.signed_time(get)
    assert.equal(1704067200, signed)
    local plan, refused = kinds.plan_by_clock(get, signed + 300)
    assert.same({ true, false }, { plan.send, refused })
    plan, refused = kinds.plan_by_clock(get, signed + 301)
    assert.is_true(refused)
    assert.matches("date: Mon, 01 Jan 2024 00:05:01 GMT", plan.reply, 1, true)
  end)
end)
