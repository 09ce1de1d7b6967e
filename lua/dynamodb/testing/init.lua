--- The testing kit: what `require "dynamodb.testing"` returns. `require "dynamodb"` does not load it.

local arguments = require("dynamodb.base.arguments")
local assertions = require("dynamodb.testing.assertions")
local clock = require("dynamodb.testing.clock")
local faults = require("dynamodb.testing.faults")
local recording = require("dynamodb.testing.recording")
local server = require("dynamodb.testing.server")
local tables = require("dynamodb.testing.tables")

require("dynamodb") -- adds the methods of connections and tables

assertions.register()

local testing = {
  clock = clock.clock,
  faults = faults.faults,
  ["load"] = tables.load,
  record = recording.record,
  replay = recording.replay,
  server = server.server,
  table = tables.table,
}

arguments.check_functions(testing, "testing", "testing.", {
  clock = "transport", faults = "transport", ["load"] = "table, fixtures", record = "path, transport",
  replay = "path", server = "options", table = "connection, definition",
})

return testing
