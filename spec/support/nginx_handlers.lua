--- Functions that the nginx of the specs calls in its phases. Outcomes are stored in the shared dictionary 'notes'.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local transport = require("dynamodb.transport.auto")
local gather = transport.gather

local app = {}

--- A connection to the emulator, made in init_by_lua and used by all workers.
app.connection = dynamodb.connect({ endpoint_url = os.getenv("AWS_ENDPOINT_URL_DYNAMODB"), region = "us-east-1" })

--- Runs a function and stores its outcome in 'notes' under 'name'.
function app.note(name, call, ...)
  local ok, result = pcall(call, ...)
  ngx.shared.notes:set(name, (ok and "ok " or "failed ") .. tostring(result))
  return result
end

--- Runs a function and responds with its result.
function app.say(call, ...)
  local ok, result = pcall(call, ...)
  ngx.status = ok and 200 or 500
  ngx.print(tostring(result))
end

--- Connects to an endpoint with the keys of the specs.
function app.connect(url, options)
  local given = { endpoint_url = url, region = "us-east-1", aws_access_key_id = "AKIDCANNED",
    aws_secret_access_key = "SECRETEXAMPLE", connect_timeout = 2 }
  for name, value in pairs(options or {}) do given[name] = value end
  return dynamodb.connect(given)
end

local connections = {}

--- Returns the worker's connection for the URI of this request.
function app.connection_to(url, options)
  local name = ngx.var.request_uri
  local connection = connections[name]
  if not connection then
    connection = app.connect(url, options)
    connections[name] = connection
  end
  return connection
end

--- Lists tables -> their names, one a line. Raises the error.
function app.list(connection)
  return table.concat(assert((connection or app.connection):list_tables()), "\n")
end

--- Makes calls of many kinds.
function app.many_kinds()
  local conn = app.connection
  local tbl = conn:table("no_such_table", { hash_key = "id" })
  dynamodb.gather({ function() tbl:get_item("a") end, function() conn:list_tables() end })
  for _, call in ipairs({
    function() assert(tbl:put_item({ id = "a" }, { condition = dynamodb.attr("id"):not_exists() })) end,
    function() assert(tbl:update_item("a", { update = { n = dynamodb.increment(1) } })) end,
    function() assert(tbl:query({ hash_key = "a", prefetch = 1 }):all()) end,
    function() assert(tbl:scan({ segments = 2, concurrency = 2 }):all()) end,
    function() assert(tbl:batch_write({ put = { { id = "a" } } })) end,
    function() assert(conn:transact_get({ { get = { table = tbl, key = { id = "a" } } } })) end,
    function() assert(conn:execute("SELECT * FROM no_such_table")) end,
    function() assert(tbl:create_backup("name")) end,
    function() assert(tbl:refresh()) end,
  }) do
    pcall(call) -- there is no such table
  end
  tostring(tbl:new_item("a"))
  return dynamodb.inspect(dynamodb.json.decode("[]"))
end

--- Calls a function -> the names of the modules that it loaded.
function app.modules_loaded_by(call)
  local before, list = {}, {}
  for name in pairs(package.loaded) do before[name] = true end
  call()
  for name in pairs(package.loaded) do
    if not before[name] then list[#list + 1] = name end
  end
  table.sort(list)
  return table.concat(list, " ")
end

--- Returns the connection to the endpoint in the query of the request: ?port=1234, ?url=http://... or ?variable=NAME, an
--- environment variable.
function app.there(options)
  local url = ngx.var.arg_variable and os.getenv(ngx.var.arg_variable) or ngx.var.arg_url
    or "http://127.0.0.1:" .. ngx.var.arg_port
  return app.connection_to(url, options)
end

--- Lists tables at the endpoint of the request -> their names, one a line.
function app.list_there(options)
  return app.list(app.there(options))
end

--- Lists tables with headers, some of them from a function that waits.
function app.with_headers(url)
  return app.list(app.connect(url, { headers = { ["X-App"] = "shop" }, on_request = function(request)
    ngx.sleep(0.001)
    request.headers["x-waited"] = "1"
  end }))
end

--- Lists tables at the endpoint of the request n times concurrently -> number of successes. Raises any error.
function app.many(n, options) return app.many_on(app.there(options), n) end

function app.many_on(connection, n)
  local calls, count = {}, 0
  for i = 1, n do calls[i] = function() return assert(connection:list_tables()) end end
  for _, result in ipairs(gather(calls)) do
    if result[1] then count = count + 1 else error(result[2], 0) end
  end
  return count
end

--- Lists tables and then sends an update that may not be repeated, to the endpoint of the request. Raises the error.
function app.put_once()
  local connection = app.there()
  assert(connection:list_tables())
  assert(connection:table("t", { hash_key = "id" }):update_item({ hash_key = "a",
    update = { n = dynamodb.increment(1) } }))
end

--- Calls the endpoint of the request twice -> the connection timings in the events of both responses.
function app.timings()
  local timings = {}
  local function on_response(event)
    local timing = event.timing
    timings[#timings + 1] = timing.reused and "reused" or ("new, %g s to connect"):format(timing.connect)
  end
  local connection = app.there({ hooks = { response_received = on_response } })
  app.list(connection)
  app.list(connection)
  return table.concat(timings, "; ")
end

-- Gathers n functions -> results, maximum number of functions that ran at the same time.
local function gather_counted(n, concurrency)
  local calls, running, most = {}, 0, 0
  for i = 1, n do
    calls[i] = function()
      running = running + 1
      most = math.max(most, running)
      ngx.sleep(0.01 * (n - i + 1)) -- the last function ends first
      running = running - 1
      if i == concurrency or i == 3 and not concurrency then error("oops", 0) end
      return i
    end
  end
  return gather(calls, concurrency), most
end

--- Gathers functions in light threads -> a summary of the order of results, the errors and the concurrency.
function app.gather()
  local results, most = gather_counted(16)
  local order = {}
  for i, result in ipairs(results) do order[i] = result[1] and result[2] or i end
  local few, most_of_few = gather_counted(16, 4)
  return ("%s; 3: %s, %d at once; 4: %s, %d at once"):format(table.concat(order, " "), results[3][2], most, few[4][2],
    most_of_few)
end

--- Gathers until a deadline -> number of functions that ended, results, errors, whether the deadline was respected.
function app.gather_late()
  local calls, ended, began = {}, 0, transport.now()
  for i = 1, 8 do
    calls[i] = function()
      ngx.sleep(i <= 2 and 0.01 or 60)
      ended = ended + 1
      return i
    end
  end
  local results, errs = dynamodb.gather(calls, { concurrency = 6, deadline = 0.5 })
  local took = transport.now() - began
  return ("%d %d %d %s %s %s"):format(ended, results[1], results[2], tostring(errs[3]), tostring(errs[8]),
    tostring(took < 5))
end

--- Starts a scan of the table of large_table_server.js, which is the endpoint of the request.
function app.scan_there(given)
  return app.there():table("t", { hash_key = "id", range_key = "at", range_key_type = "N" }):scan(given)
end

-- Reads further results until 'most' items were seen. Raises an error for an item that was seen before.
local function read_on(results, seen, most)
  for item in results do
    assert(not seen[item.at], item.at)
    seen[item.at], seen.count = true, (seen.count or 0) + 1
    if seen.count == most then break end
  end
end

--- Scans -> number of items.
function app.scan(given)
  local seen = {}
  read_on(app.scan_there(given), seen)
  return seen.count
end

--- Scans in five light threads that share the results -> number of items.
function app.scan_shared(given)
  local results, seen, calls = app.scan_there(given), {}, {}
  for i = 1, 5 do calls[i] = function() read_on(results, seen) end end
  for _, result in ipairs(gather(calls)) do assert(result[1], result[2]) end
  return seen.count
end

local kept = { seen = {} }

--- Continues a scan that an earlier request has started, for 'count' items, and ends the request within a page.
function app.scan_kept(given, count)
  kept.results = kept.results or app.scan_there(given)
  read_on(kept.results, kept.seen, (kept.seen.count or 0) + count)
  ngx.print(kept.seen.count)
  ngx.exit(200)
end

--- Closes a scan after 10 items and resumes from its state with another scan -> number of items of both.
function app.scan_left(given)
  local seen, results = {}, app.scan_there(given)
  read_on(results, seen, 10)
  results:close()
  given.state = results:state()
  read_on(app.scan_there(given), seen)
  return seen.count
end

--- Scans in a light thread that is killed by a deadline, then continues the scan -> number of items.
function app.scan_killed(given)
  local results, seen = app.scan_there(given), {}
  local _, errs = dynamodb.gather({ function() read_on(results, seen) end }, { deadline = 0.1 })
  assert(errs and errs[1].kind == "timeout")
  read_on(results, seen)
  return seen.count
end

--- Uses a batch writer in a light thread that is killed by a deadline, then continues -> number of written entries.
function app.write_killed()
  local tbl = app.there():table("t", { hash_key = "id" })
  local writer = tbl:batch_writer()
  local _, errs = dynamodb.gather({ function()
    for i = 1, 30 do assert(writer:put({ id = "k" .. i })) end
  end }, { deadline = 0.1 })
  assert(errs and errs[1].kind == "timeout")
  assert(writer:put({ id = "k31" }))
  assert(writer:close())
  return writer.written
end

--- Scans many pages -> number of light threads that were not collected.
function app.scan_threads(given)
  local threads, spawn = setmetatable({}, { __mode = "k" }), ngx.thread.spawn
  ngx.thread.spawn = function(...) -- luacheck: ignore 122
    local thread = spawn(...)
    threads[thread] = true
    return thread
  end
  app.scan(given)
  ngx.thread.spawn = spawn -- luacheck: ignore 122
  collectgarbage()
  collectgarbage()
  local count = 0
  for _ in pairs(threads) do count = count + 1 end
  return count
end

--- Waits once with and once without a wake-up -> the results of wake and wait.
function app.wait_to_be_woken()
  local waiter = transport.waiter()
  return ("%s %s %s"):format(waiter:wake(), waiter:wait(transport.now() + 5), waiter:wait(transport.now() + 0.01))
end

--- Calls loop.run and loop.spawn, which nginx does not support -> both error messages.
function app.loop()
  local _, run = pcall(dynamodb.loop.run, function() end)
  local _, spawn = pcall(dynamodb.loop.spawn, function() end)
  return run .. "; " .. spawn
end

--- Gathers three functions one at a time with a deadline: the first ends, the second is interrupted, the third never starts.
function app.gather_in_time()
  local finished = false
  local function quick() return "quick" end
  local function slow()
    ngx.sleep(1)
    finished = true
  end
  local results = gather({ quick, slow, slow }, 1, core.now() + 0.2)
  ngx.sleep(1)
  return ("%s; %s; %s; %s"):format(results[1][2], tostring(results[2][2]), tostring(results[3][2]), tostring(finished))
end

--- Acquires a lock, holds it for 10 ms and releases it -> its token. Raises when another request holds it meanwhile.
function app.lock(name, key, given)
  local tbl = app.connection:table(name, { hash_key = "id" })
  local lock = assert(tbl:lock(key, given))
  assert(ngx.shared.notes:add("holder of " .. key, lock.token), "another request holds the lock")
  ngx.sleep(0.01)
  ngx.shared.notes:delete("holder of " .. key)
  assert(lock:release())
  return lock.token
end

--- Keeps a lock for longer than its lease -> the code of another attempt, whether time is left, the outcome of the release,
--- the seconds that are left then.
function app.lock_with_heartbeats(name, key)
  local tbl = app.connection:table(name, { hash_key = "id" })
  local lock = assert(tbl:lock(key, { lease = 1.5, heartbeat = 0.2 }))
  local _, err = tbl:lock(key, { wait = 2.5 })
  local is_held = lock:remaining() > 0
  return ("%s %s %s %d"):format(tostring(err and err.code), tostring(is_held), tostring(lock:release()), lock:remaining())
end

--- Acquires a lock with heartbeats and does not release it -> its token.
function app.lock_left(name, key)
  local lock = assert(app.connection:table(name, { hash_key = "id" }):lock(key, { lease = 30, heartbeat = 9 }))
  return lock.token
end

-- Calls functions in light threads -> their first results. Raises the first error.
local function all_of(calls)
  local results, errs = dynamodb.gather(calls)
  if errs then error(select(2, next(errs)), 0) end
  return results
end

--- Gets 64 keys by a loader in 64 light threads, twice -> the numbers of BatchGetItem requests.
function app.load(name)
  local counts, requests = {}, 0
  local connection = dynamodb.connect({ endpoint_url = os.getenv("AWS_ENDPOINT_URL_DYNAMODB"), region = "us-east-1",
    hooks = { request_built = function() requests = requests + 1 end } })
  local loader, calls = connection:table(name, { hash_key = "id" }):loader(), {}
  for i = 1, 64 do
    calls[i] = function() return assert(loader:get("k" .. i)).n end
  end
  for round = 1, 2 do
    requests = 0
    for i, n in ipairs(all_of(calls)) do assert(n == i) end
    counts[round] = requests
  end
  connection:close()
  return table.concat(counts, " ")
end

--- Gets an item of the endpoint of the request, by a connection of the worker that shares reads -> its attribute n.
function app.get_shared()
  local tbl = app.there({ single_flight = true, attempt_timeout = 1 }):table("t", { hash_key = "id" })
  return assert(tbl:get_item("a")).n
end

--- Gets an item in a light thread that is killed after 0.1 s -> "killed".
function app.get_killed()
  local _, errs = dynamodb.gather({ app.get_shared }, { deadline = 0.1 })
  return errs and errs[1].kind == "timeout" and "killed"
end

--- Gets an item in two light threads, of which the first is killed -> the attribute n that the second one gets.
function app.get_after_kill()
  return all_of({ app.get_killed, function()
    ngx.sleep(0.05)
    return app.get_shared()
  end })[2]
end

--- Gets an item of the endpoint of the request n times (1), hedged after 0.05 s or as the request says -> its attributes n, then
--- hedges, those that won, requests and connections that are open.
function app.get_hedged(n)
  local connection = dynamodb.connect({ endpoint_url = "http://127.0.0.1:" .. ngx.var.arg_port, region = "us-east-1",
    hedge = { after = tonumber(ngx.var.arg_after) or 0.05, budget = 1 }, retry_mode = "off" })
  local tbl, found = connection:table("t", { hash_key = "id" }), {}
  for i = 1, n or 1 do found[i] = assert(tbl:get_item("a")).n end
  local stats = connection:stats()
  connection:close()
  return ("%s: %d %d %d %d"):format(table.concat(found, ","), stats.hedges, stats.hedges_won, stats.attempts,
    stats.connections_open)
end

--- Gets a hedged item in a light thread that is killed after 0.2 s -> "killed".
function app.get_hedged_killed()
  local _, errs = dynamodb.gather({ app.get_hedged }, { deadline = 0.2 })
  return errs and errs[1].kind == "timeout" and "killed"
end

--- Gets a hedged item in a light thread, and closes its connection after 0.2 s -> code of the error, seconds since then.
function app.close_hedged()
  local connection = dynamodb.connect({ endpoint_url = "http://127.0.0.1:" .. ngx.var.arg_port, region = "us-east-1",
    hedge = { after = 0.05, budget = 1 } })
  local tbl, closed, err = connection:table("t", { hash_key = "id" }), nil, nil
  dynamodb.gather({ function() err = select(2, tbl:get_item("a")) end, function()
    ngx.sleep(0.2)
    ngx.update_time()
    closed = ngx.now()
    connection:close()
  end })
  ngx.update_time()
  return ("%s %s"):format(err.code, ngx.now() - closed < 0.5)
end

--- Lists tables n times with pauses of 0.1 s -> n. Raises the error.
function app.list_slowly(n)
  for _ = 1, n do
    ngx.sleep(0.1)
    app.list()
  end
  return n
end

--- Lists tables in a phase that permits no requests, and stores the error in 'notes'.
function app.try(phase)
  return app.note(phase, app.list)
end

--- Runs all operations on items with a table of that name -> "done". Raises an error if a result is wrong.
function app.operations(name)
  local connection = app.connection
  local function equal(expected, found) assert(expected == found, tostring(found)) end
  local tbl = assert(connection:create_table({ name = name,
    schema = connection:create_schema("id", "S", "n", "N") }))
  assert(tbl:wait_until_active())
  local item = tbl:new_item({ hash_key = "a", range_key = 1, attrs = { text = "hello", list = {} } })
  assert(item:put())
  equal("hello", assert(tbl:get_item("a", 1)).text)
  item.text = "changed"
  assert(item:save())
  assert(tbl:update_item({ hash_key = "a", range_key = 1, update = { count = dynamodb.increment(5) } }))
  equal(5, assert(tbl:get_item("a", 1)).count)
  local puts = {}
  for i = 2, 60 do puts[#puts + 1] = { id = "a", n = i, blob = ("x"):rep(2000) } end
  assert(tbl:batch_write({ put = puts }))
  local count = 0
  for row in tbl:query({ hash_key = "a", range_key = dynamodb.gt(10), request_limit = 7 }) do
    assert(row.n > 10)
    count = count + 1
  end
  equal(50, count)
  equal(60, #assert(tbl:scan({ request_limit = 13 }):all()))
  equal(3, #assert(tbl:get_items({ { "a", 1 }, { "a", 2 }, { "a", 60 } })))
  assert(connection:transact_write({ { put = tbl:new_item({ hash_key = "t", range_key = 1 }) },
    { delete = true, table = tbl, hash_key = "a", range_key = 60 } }))
  equal(2, #assert(connection:transact_get({ { table = tbl, hash_key = "t", range_key = 1 },
    { table = tbl, hash_key = "a", range_key = 1 } })))
  count = 0
  for _ in connection:execute('SELECT * FROM "' .. name .. '" WHERE id = ?', { "a" }) do count = count + 1 end
  equal(59, count)
  local read = 'SELECT * FROM "' .. name .. '" WHERE id = ? AND n = ?'
  equal(3, assert(connection:execute_batch({ { read, { "a", 3 } } }))[1].item.n)
  equal(4, assert(connection:execute_transaction({ { read, { "a", 4 } } }))[1].n)
  assert(item:delete())
  equal(false, tbl:has_item("a", 1))
  assert(tbl:delete())
  assert(tbl:wait_until_deleted())
  return "done"
end

--- Lets a fake cosocket trust the certificates of a file, and of one that does not exist -> type of the store, same again.
function app.trust(path)
  local trust, stores = require("dynamodb.transport.nginx_trust"), {}
  local sock = { settrustedstore = function(_, store)
    stores[#stores + 1] = store
    return true
  end }
  for _ = 1, 2 do assert(trust.apply(sock, { options = { ca_bundle = path } })) end
  assert(not trust.apply(sock, { options = { ca_bundle = "/nowhere" } }))
  return type(stores[1]) .. " " .. tostring(stores[1] == stores[2])
end

return app
