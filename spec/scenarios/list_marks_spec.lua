-- Lists outside of attribute values are marked as lists, so that an empty one is [] in JSON.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local helper = dofile("spec/support/helper.lua")

describe("an empty list", function()
  local function answer(body)
    local conn = helper.offline(helper.fake(helper.response(200, body)))
    return conn, conn:table("t", { hash_key = "id" })
  end

  local lists = {
    ["of results:all()"] = function()
      local _, tbl = answer('{"Items":[],"Count":0,"ScannedCount":0}')
      return tbl:scan():all()
    end,
    ["of results:pages()"] = function()
      local _, tbl = answer('{"Items":[],"Count":0,"ScannedCount":0}')
      return tbl:scan():pages()()
    end,
    ["of a page's Items"] = function()
      local _, tbl = answer('{"Items":[],"Count":0,"ScannedCount":0}')
      return tbl:scan():next_response().Items
    end,
    ["of a raw Scan"] = function()
      return (answer('{"Items":[],"Count":0,"ScannedCount":0}')):call("Scan", { TableName = "t" }).Items
    end,
    ["of tables"] = function() return (answer('{"TableNames":[]}')):list_tables() end,
    ["of a raw ListTables"] = function() return (answer('{"TableNames":[]}')):call("ListTables").TableNames end,
    ["of tags"] = function()
      return (answer('{"Tags":[]}')):call("ListTagsOfResource", { ResourceArn = "arn" }).Tags
    end,
    ["of records of a stream"] = function()
      return (answer('{"Records":[]}')):call("GetRecords", { ShardIterator = "i" }).Records
    end,
    ["of an operation that the client does not know"] = function()
      return (answer('{"Things":[]}')):call("ListThings", {}, { unknown = true }).Things
    end,
    ["of items by their keys"] = function()
      local _, tbl = answer('{"Responses":{},"UnprocessedKeys":{}}')
      return tbl:get_items({ "a" })
    end,
    ["of missing keys"] = function()
      local _, tbl = answer('{"Responses":{"t":[{"id":{"S":"a"}}]},"UnprocessedKeys":{}}')
      return (select(2, tbl:get_items({ "a" })))
    end,
    ["of a batch of tables"] = function()
      local conn, tbl = answer('{"Responses":{},"UnprocessedKeys":{}}')
      return conn:batch_get({ [tbl] = { "a" } }).t
    end,
  }
  for what, make in pairs(lists) do
    it(what .. " is marked", function()
      local list = make()
      assert.same({}, list)
      assert.is_true(core.is_list(list))
      assert.equal("[]", dynamodb.json.encode(list))
    end)
  end
end)
