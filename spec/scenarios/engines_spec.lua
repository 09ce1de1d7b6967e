-- What the servers of the specs lack: the table of engines, the page that lists it, and the server that runs now.

local engines = dofile("spec/support/engines.lua")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")

describe("engines", function()
  it("are listed in doc/engines.md with everything that they lack", function()
    local page, rows = files.read("doc/engines.md"), 0
    for engine, lacks in pairs(engines.lacks) do
      for feature, reason in pairs(lacks) do
        local row = ("\n| %s | %s | %s | pending |\n"):format(engine, engines.features[feature], reason)
        assert.truthy(page:find(row, 1, true), row)
        rows = rows + 1
      end
    end
    assert.equal(rows, select(2, page:gsub("| pending |\n", "")))
  end)

  it("make specs pending with the reason, or lack nothing when their name is unknown", function()
    local reason = "dynalite, time to live: has no UpdateTimeToLive"
    assert.equal(reason, engines.reason("time_to_live", "dynalite"))
    assert.is_nil(engines.reason("time_to_live", "dynoxide"))
    assert.is_nil(engines.reason("time_to_live", ""))
    assert.is_nil(engines.reason("time_to_live", nil))
    assert.error_matches(function() engines.reason("time_to_live", "dynalit") end,
      "^DYNAMODB_ENGINE: dynalite or dynoxide expected, got 'dynalit'$")
    assert.error_matches(function() engines.reason("time", "dynoxide") end, "unknown feature 'time'")
  end)

  local operations = { partiql = "ExecuteStatement", streams = "ListStreams", time_to_live = "UpdateTimeToLive",
    transactions = "TransactGetItems", vectors = "SearchVectors" }
  for feature, operation in pairs(operations) do
    it(("lack %s exactly if the table says so"):format(operation), function()
      local conn = helper.connect()
      local _, err = conn:call(operation, {})
      assert.equal(engines.reason(feature, os.getenv("DYNAMODB_ENGINE")) ~= nil,
        err ~= nil and err.code == "UnknownOperationException", tostring(err))
      conn:close()
    end)
  end

  it("are started by their names", function()
    local function run(variables)
      return files.output_of("env -u AWS_ENDPOINT_URL_DYNAMODB -u LD_PRELOAD " .. variables
        .. " spec/support/emulator.sh sh -c 'echo $DYNAMODB_ENGINE' 2>&1")
    end
    assert.equal("DYNAMODB_ENGINE: dynoxide or dynalite expected, got 'local'; other engines need AWS_ENDPOINT_URL_DYNAMODB\n",
      run("DYNAMODB_ENGINE=local"))
    if os.getenv("DYNAMODB_ENGINE") == "dynoxide" then assert.equal("dynoxide\n", run("DYNAMODB_ENGINE=")) end
    assert.equal("local\n", files.output_of("AWS_ENDPOINT_URL_DYNAMODB=http://localhost:1 DYNAMODB_ENGINE=local "
      .. "spec/support/emulator.sh sh -c 'echo $DYNAMODB_ENGINE'"))
  end)
end)
