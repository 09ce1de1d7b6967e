--- A simulated service with items at = 1..n under one hash key. It serves Query and Scan with pages of any permitted kind: of
--- any size, without items, and with failures between them.

local simulated_time = dofile("spec/support/simulated_time.lua")
local cjson = require("cjson")
local helper = dofile("spec/support/helper.lua")

local paging = {}

local failures = {
  function() return helper.response(400, '{"__type":"x#ProvisionedThroughputExceededException","message":"slower"}') end,
  function() return helper.response(400, '{"__type":"x#ThrottlingException","message":"slower"}') end,
  function() return helper.response(500, '{"__type":"x#InternalServerError","message":"oops"}') end,
  function() return helper.response(503, "<html>busy</html>") end,
  function() return nil end, -- the connection breaks
  function() return helper.response(200, '{"Items":[{"id":{"S":"h"},"at":{"N":"') end, -- truncated body
}

local function item(at)
  return ('{"id":{"S":"h"},"at":{"N":"%d"},"text":{"S":"t%d"}}'):format(at, at)
end

-- The page of a request -> positions of its items, number of examined items, position of LastEvaluatedKey or nil.
local function page_of(service, request)
  local start = request.ExclusiveStartKey and tonumber(request.ExclusiveStartKey.at.N) or 0
  local given, examined, last = {}, 0, nil
  local size = math.min(request.Limit or math.huge, service.page_size(request))
  for at = start + 1, service.size do
    if not request.TotalSegments or at % request.TotalSegments == request.Segment then
      if examined == size then return given, examined, last end
      examined, last = examined + 1, at
      if not service.hidden[at] then given[#given + 1] = at end
    end
  end
  -- The last page may have a LastEvaluatedKey as well, because the service has not yet seen that no item follows.
  return given, examined, examined > 0 and service.late_end() and last or nil
end

local function respond(service, bytes)
  local request = cjson.decode(bytes:match("\r\n\r\n(.*)$"))
  service.requests[#service.requests + 1] = request
  local failure = service.fails(#service.requests)
  if failure then return failures[failure]() end
  local given, examined, last = page_of(service, request)
  local items = {}
  for i, at in ipairs(given) do items[i] = item(at) end
  local key = last and (',"LastEvaluatedKey":{"id":{"S":"h"},"at":{"N":"%d"}}'):format(last) or ""
  local list = request.Select == "COUNT" and "" or ('"Items":[%s],'):format(table.concat(items, ","))
  return helper.response(200, ('{%s"Count":%d,"ScannedCount":%d,"ConsumedCapacity":{"CapacityUnits":%s}%s}'):format(list,
    #items, examined, examined / 2, key))
end

--- Creates a service and a table object -> service, table. Optional fields of 'given': size; page_size(request); hidden, the
--- set of positions that a filter excludes; late_end(), whether the last page has a LastEvaluatedKey; fails(number), the
--- index of the failure of that request or nil; and latency(), the seconds of a response in simulated time.
function paging.start(given)
  local service = { requests = {}, hidden = {}, size = 10, FAILURES = #failures,
    page_size = function() return 3 end, late_end = function() return false end, fails = function() end }
  for name, value in pairs(given or {}) do service[name] = value end
  service.transport = helper.fake(function(bytes) return respond(service, bytes) end)
  if service.latency then service.transport = simulated_time.new(service.transport, service.latency) end
  local conn = helper.offline(service.transport, { max_attempts = 1 }) -- failures are visible to the spec
  return service, conn:table("t", { hash_key = "id", range_key = "at", range_key_type = "N" })
end

return paging
