--- What the local servers lack that specs need. A spec begins with engines.need(pending, "transactions"); on a server that
--- lacks them the spec is pending, with the reason. doc/engines.md lists all. DYNAMODB_ENGINE names the server;
--- spec/support/emulator.sh sets it. Without it nothing is assumed to be lacking.

local engines = {}

--- Features that not every server has.
engines.features = {
  failed_items = "ReturnValuesOnConditionCheckFailure",
  document_conditions = "conditions on lists, maps, sets, booleans and absent attributes",
  index_order = "the order of items with equal keys in an index",
  multi_attribute_indexes = "indexes with more than two key attributes",
  on_demand_indexes = "new indexes of on-demand tables",
  partiql = "PartiQL",
  streams = "streams",
  table_settings = "streams, maximum throughput, class and deletion protection of tables",
  time_to_live = "time to live",
  transactions = "transactions",
  vectors = "vector indexes and SearchVectors",
}

--- The servers: name -> feature that it lacks -> what it does.
engines.lacks = {
  dynoxide = {},
  dynalite = {
    failed_items = "leaves the item out of the error",
    document_conditions = "compares them by other rules, and ends when IN names an absent attribute",
    index_order = "has another order than Dynoxide; the service promises none",
    multi_attribute_indexes = "refuses them",
    on_demand_indexes = "requires units",
    partiql = "has no ExecuteStatement, BatchExecuteStatement and ExecuteTransaction",
    streams = "has no operations of streams",
    table_settings = "ignores them in CreateTable, refuses them in UpdateTable",
    time_to_live = "has no UpdateTimeToLive",
    transactions = "has no TransactGetItems and TransactWriteItems",
    vectors = "has no SearchVectors",
  },
}

--- Returns why the server lacks a feature | nil when it has it.
---@param engine? string the server's name; nil or "" for an unknown one
function engines.reason(feature, engine)
  local title = engines.features[feature] or error(("unknown feature '%s'"):format(tostring(feature)), 2)
  if not engine or engine == "" then return nil end
  local lacks = engines.lacks[engine] or error(("DYNAMODB_ENGINE: dynalite or dynoxide expected, got '%s'"):format(engine), 0)
  return lacks[feature] and ("%s, %s: %s"):format(engine, title, lacks[feature])
end

--- Makes the running spec pending when the server lacks one of the features.
---@param pending function busted's function of that name, which only spec files and specs have
function engines.need(pending, ...)
  for _, feature in ipairs({ ... }) do
    local reason = engines.reason(feature, os.getenv("DYNAMODB_ENGINE"))
    if reason then pending(reason) end
  end
end

return engines
