--- Tables on the server for one spec file, a connection that records its requests, and assertions for specs of tables.

local assert = require("luassert") -- busted sets the global only in spec files
local core = require("dynamodb.core")
local helper = dofile("spec/support/helper.lua")
local recording = dofile("spec/support/recording_transport.lua")

local load_text = loadstring or load
local unpack = table.unpack or unpack -- luacheck: ignore 143 113

local fixture = {}

--- Connects, and creates a table for each key (helper.HASH, helper.HASH_RANGE) -> connection, its recording
--- transport, tables.
function fixture.open(...)
  local sent, tables = recording.new(), {}
  local conn = helper.connect({ transport = sent })
  for i, key in ipairs({ ... }) do tables[i] = helper.create_table(conn, key) end
  return conn, sent, unpack(tables)
end

--- Creates a table whose attribute 'v' counts the versions of its items.
function fixture.create_versioned(conn)
  local tbl = assert(conn:create_table({ name = helper.table_name(), schema = conn:create_schema(helper.HASH),
    version_attribute = "v" }))
  assert(tbl:wait_until_active())
  return tbl
end

--- Deletes the tables and closes the connection.
function fixture.close(conn, ...)
  for _, tbl in ipairs({ ... }) do assert(tbl:delete()) end
  conn:close()
end

--- Returns a background queue and a table without a network, the transport, the list of what on_drop was told, and the
--- connection.
function fixture.offline_queue(response, given, connect)
  local transport, dropped = helper.fake(response or function() return helper.response(200, "{}") end), {}
  local conn = helper.offline(transport, connect)
  local options = { on_drop = function(entry, err) dropped[#dropped + 1] = { entry, err } end }
  for name, value in pairs(given or {}) do options[name] = value end
  return conn:background(options), conn:table("t", { hash_key = "id" }), transport, dropped, conn
end

--- Makes a function that returns another id at each call: "p1", "p2".
function fixture.id_generator(prefix)
  local count = 0
  return function()
    count = count + 1
    return prefix .. count
  end
end

--- Asserts that two values are equal as DynamoDB values.
function fixture.same(expected, found)
  assert.is_true(core.equal(expected, found), helper.deep_text(found))
end

--- Returns an assertion (text, f, ...): f(...) raises an error that contains the text and a line of the spec file.
--- A chunk with the name of that file calls f, because an error has the position of the caller of the library.
---@param file string such as "batch_spec.lua"
function fixture.raises_in(file)
  local call = assert(load_text("return function(f, ...) local ok, err = pcall(f, ...) return ok, err end",
    "@" .. file))()
  return function(text, f, ...)
    local ok, err = call(f, ...)
    assert.is_false(ok, "accepted: " .. tostring(err))
    assert.is_truthy(tostring(err):find(text, 1, true), tostring(err))
    assert.is_truthy(tostring(err):find(file:gsub("%p", "%%%0") .. ":%d+: "), tostring(err))
  end
end

return fixture
