-- Secrets never appear in tostring, errors, tracebacks or the output of a deep printer.

local scripted = dofile("spec/support/scripted_server.lua")
local cjson = require("cjson")
local curl = require("dynamodb.transport.curl")
local dynamodb = require("dynamodb")
local fake_system = dofile("spec/support/fake_system.lua")
local fakes = dofile("spec/support/fake_aws.lua")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local hooks = require("dynamodb.request.hooks")
local merge = require("dynamodb.base.options").merge
local system = require("dynamodb.base.system")
local world = dofile("spec/support/credential_scenario.lua")

local KEY, SECRET, TOKEN = helper.KEY, helper.SECRET, helper.TOKEN

local function check(where, text, hidden)
  for what, value in pairs(hidden) do
    assert.is_nil(text:find(value, 1, true), ("%s shows the %s"):format(where, what))
  end
end

local HIDDEN = { secret = SECRET, token = TOKEN }

-- Calls f and checks its results or its error with the traceback.
local function check_call(where, f, hidden)
  local traceback
  local results = { xpcall(f, function(err)
    traceback = debug.traceback(tostring(err))
    return err
  end) }
  check(where, helper.deep_text(results), hidden or HIDDEN)
  if traceback then check(where, traceback, hidden or HIDDEN) end
  return results
end

local function with_keys(given)
  given.aws_access_key_id, given.aws_secret_access_key, given.aws_session_token = KEY, SECRET, TOKEN
  return given
end

local FILE = ("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n")
  :format(KEY, SECRET, TOKEN)

-- Sources of credentials: options, environment and files.
local sources = {
  options = { given = with_keys({}) },
  environment = { environment = { AWS_ACCESS_KEY_ID = KEY, AWS_SECRET_ACCESS_KEY = SECRET,
    AWS_SESSION_TOKEN = TOKEN } },
  ["credentials file"] = { environment = { AWS_SHARED_CREDENTIALS_FILE = "/c" }, files = { ["/c"] = FILE } },
  ["config file"] = { environment = { AWS_CONFIG_FILE = "/f" }, files = { ["/f"] = FILE } },
  ["boto's file"] = { environment = { BOTO_CONFIG = "/b" },
    files = { ["/b"] = FILE:gsub("default", "Credentials") } },
}

-- Calls f with only this environment and these files, and without instance metadata.
local function within(source, f)
  local getenv, read_file = system.getenv, system.read_file
  system.getenv = function(name)
    if name == "AWS_EC2_METADATA_DISABLED" then return "true" end
    return (source.environment or {})[name]
  end
  system.read_file = function(path)
    local text = (source.files or {})[path]
    return text, not text and path .. ": No such file" or nil
  end
  local ok, err = pcall(f)
  system.getenv, system.read_file = getenv, read_file
  if not ok then error(err, 0) end
end

local function connect(source, given)
  return dynamodb.connect(merge({ region = "us-east-1" }, source.given, given))
end

local responses = {
  { "a service error", helper.response(400, '{"__type":"x#ValidationException","message":"no"}') },
  { "a wrong signature", helper.response(403, '{"__type":"x#InvalidSignatureException","message":"no"}') },
  { "an inner error", helper.response(500, "{}") },
  { "a text", helper.response(503, "<html>busy</html>") },
  { "a truncated body", (helper.response(200, '{"Item":{"id":{"S":"a"}}}'):sub(1, -5)) },
  { "a truncated head", "HTTP/1.1 200 OK\r\ncontent-ty" },
  { "no HTTP", "\21\3\1\0\2\2\70 you speak HTTP to a TLS port" },
  { "broken JSON", helper.response(200, '{"Item":') },
  { "a wrong shape", helper.response(200, '{"Item":{"id":{"Q":"a"}}}') },
  { "a wrong checksum", helper.response(200, "{}", { ["x-amz-crc32"] = "1" }) },
  { "another type", (helper.response(200, "{}"):gsub("x%-amz%-json", "x-other")) },
}

-- Correct and wrong uses of a connection, as functions of the connection.
local uses = {
  list_tables = function(conn) return conn:list_tables() end,
  get_item = function(conn) return conn:table("t", { hash_key = "id" }):get_item("a") end,
  put = function(conn)
    return conn:table("t", { hash_key = "id" }):new_item("a", nil, { b = { 1 } }):put()
  end,
  wait = function(conn) return conn:table("t", { hash_key = "id" }):wait_until_active({ timeout = 0.1 }) end,
  wrong_operation = function(conn) conn:call("GetSecrets") end,
  wrong_option = function(conn) conn:list_tables({ secret = 1 }) end,
  wrong_key = function(conn) conn:table("t", { hash_key = "id" }):get_item(5) end,
  wrong_value = function(conn) conn:table("t", { hash_key = "id" }):put_item({ id = "a", f = print }) end,
  wrong_field = function(conn) conn.aws_secret_access_key = 1 end,
  wrong_self = function(conn) conn.list_tables({}) end,
  show = function(conn)
    local tbl = conn:table("t", { hash_key = "id" })
    return tostring(conn), conn.endpoint_url, conn.region, conn.credentials, conn.aws_secret_access_key,
      tbl.connection,
      tbl, tbl:new_item("a"), conn
  end,
}

describe("secrets", function()
  for name, source in pairs(sources) do
    it("are used and hidden: " .. name, function()
      within(source, function()
        local fake = helper.fake(helper.response(200, '{"TableNames":[]}'))
        assert(connect(source, { transport = fake }):list_tables())
        assert.is_truthy(fake.requests[1]:find("Credential=" .. KEY, 1, true))
        assert.is_truthy(fake.requests[1]:find("x-amz-security-token: " .. TOKEN, 1, true))
        assert.is_nil(fake.requests[1]:find(SECRET, 1, true))
      end)
    end)

    for use, f in pairs(uses) do
      it(("stay hidden with every response: %s, %s"):format(name, use), function()
        within(source, function()
          for _, response in ipairs(responses) do
            local conn = connect(source, { transport = helper.fake(response[2]) })
            check_call(response[1], function() return f(conn) end)
            conn:close()
            check_call("closed, " .. response[1], function() return f(conn) end)
          end
        end)
      end)
    end
  end

  it("stay hidden without a hook, and when TLS fails", function()
    local plain_port = helper.endpoint():match(":(%d+)") -- the server speaks HTTP, so TLS fails
    for _, url in ipairs({ "http://127.0.0.1:1", "https://127.0.0.1:1", "https://127.0.0.1:" .. plain_port,
      "http://name.invalid" }) do
      local conn = dynamodb.connect(with_keys({ endpoint_url = url, connect_timeout = 2,
        region = "us-east-1" }))
      for name, use in pairs(uses) do check_call(name, function() return use(conn) end) end
      local results = check_call(url, function() return conn:list_tables() end)
      assert.is_nil(results[2])
      assert.are.equal("network", results[3].kind)
    end
  end)

  it("stay hidden in errors of the real server", function()
    local conn = helper.connect(with_keys({}))
    local results = check_call("server", function() return conn:get_table(helper.table_name("missing")) end)
    assert.is_nil(results[2])
    assert.are.equal("service", results[3].kind)
    conn:close()
  end)

  it("are rejected, and not shown, if they contain bytes that end a header", function()
    for _, byte in ipairs({ "\r", "\n", "\0", "\r\nx-evil: 1" }) do
      for _, name in ipairs({ "aws_access_key_id", "aws_secret_access_key", "aws_session_token" }) do
        local fake = helper.fake()
        local given = with_keys({ transport = fake, region = "us-east-1" })
        given[name] = given[name]:sub(1, 10) .. byte .. given[name]:sub(11)
        local hidden = { start = given[name]:sub(1, 10), rest = given[name]:sub(-10) }
        local results = check_call(name, function() return dynamodb.connect(given):list_tables() end, hidden)
        if results[1] then
          assert.is_nil(results[2])
          assert.are.equal("credentials", results[3].kind)
        end
        assert.are.equal(0, fake.opened)
      end
    end
  end)

  -- Mistakes in the options. These errors hide the key id as well.
  local private = { key = KEY, secret = SECRET, token = TOKEN }
  local mistakes = {
    { "swapped with nothing", { aws_secret_access_key = SECRET } },
    { "no secret", { aws_access_key_id = KEY, aws_session_token = TOKEN } },
    { "only a token", { aws_session_token = TOKEN } },
    { "misspelled secret", { aws_access_key_id = KEY, aws_secret_acces_key = SECRET } },
    { "boto3's names", { aws_access_key = KEY, aws_secret_key = SECRET, aws_token = TOKEN } },
    { "another spelling", { AWS_ACCESS_KEY_ID = KEY, AWS_SECRET_ACCESS_KEY = SECRET } },
    { "secrets as list", { KEY, SECRET, TOKEN } },
    { "the secret in a table", { aws_access_key_id = KEY, aws_secret_access_key = { SECRET } } },
    { "the secret as region", { aws_access_key_id = KEY, aws_secret_access_key = SECRET, region = SECRET } },
    { "the secret as port", { host = "h", port = SECRET } },
    { "the secret as timeout", { connect_timeout = SECRET } },
    { "the secret as transport", { transport = SECRET } },
    { "the secret as profile and host", { profile = "none", host = "h", is_secure = TOKEN } },
    { "a password in the URL", { endpoint_url = "https://" .. KEY .. ":" .. SECRET .. "@localhost" } },
    { "a password in a URL without scheme", { endpoint_url = KEY .. ":" .. SECRET .. "@localhost" } },
    { "a password in a URL with one slash",
      { endpoint_url = "https:/" .. KEY .. ":" .. SECRET .. "@localhost" } },
    { "a password in the host", { host = KEY .. ":" .. SECRET .. "@localhost" } },
  }
  for _, mistake in ipairs(mistakes) do
    it("are not shown by errors of connect: " .. mistake[1], function()
      local results = check_call("connect", function() return dynamodb.connect(mistake[2]) end, private)
      assert.is_false(results[1])
    end)
  end

  it("are not shown when given as numbers or by position", function()
    check_call("number", function() return dynamodb.connect({ aws_access_key_id = KEY,
      aws_secret_access_key = 31415926535 }) end, { secret = "31415926535", key = KEY })
    check_call("position", function() return dynamodb.connect(KEY, SECRET) end, private)
    check_call("position", function() return dynamodb.connect(SECRET) end, private)
  end)

  local broken_files = {
    { "a line without a name", "[default]\n" .. SECRET .. "\n" },
    { "no section", "aws_secret_access_key = " .. SECRET .. "\n" },
    { "the secret as section", "[" .. SECRET .. "\naws_access_key_id = " .. KEY .. "\n" },
    { "half a pair", "[default]\naws_secret_access_key = " .. SECRET .. "\n" },
    { "the other half",
      "[default]\naws_access_key_id = " .. KEY .. "\naws_session_token = " .. TOKEN .. "\n" },
    { "a NUL within",
      "[default]\naws_access_key_id = " .. KEY .. "\naws_secret_access_key = " .. SECRET .. "\0x\n" },
  }
  for _, broken in ipairs(broken_files) do
    it("are not shown from a file with " .. broken[1], function()
      for _, variable in ipairs({ "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "BOTO_CONFIG" }) do
        local text = broken[2]
        if variable == "BOTO_CONFIG" then text = text:gsub("default", "Credentials") end
        within({ environment = { [variable] = "/f" }, files = { ["/f"] = text } }, function()
          local fake = helper.fake()
          local results = check_call(variable, function()
            return dynamodb.connect({ transport = fake, region = "us-east-1" }):list_tables()
          end, private)
          assert.is_true(results[1])
          assert.is_nil(results[2])
          assert.are.equal("credentials", results[3].kind)
          assert.are.equal(0, fake.opened)
        end)
      end
    end)
  end

  -- Responses and faults -> the kind of error that they cause.
  local function failing_transport(kind)
    local fake = helper.fake(kind == "service" and responses[1][2] or kind == "response" and responses[8][2] or nil)
    if kind == "network" then function fake.connect() return nil, "network", "refused" end end
    if kind == "timeout" then function fake.connect() return nil, "timeout", "no response" end end
    return fake
  end

  for _, kind in ipairs({ "service", "network", "timeout", "response", "credentials" }) do
    it("are not in errors of this kind, their tracebacks, inspections and events: " .. kind, function()
      local list, given = {}, with_keys({ transport = failing_transport(kind), region = "us-east-1", max_attempts = 2 })
      local function show(where, ...)
        for _, value in ipairs({ ... }) do
          list[#list + 1] = { where, select(2, pcall(helper.deep_text, value)) } -- results have no pairs
          list[#list + 1] = { where .. ", inspected", dynamodb.inspect(value) }
          list[#list + 1] = { where .. ", short", dynamodb.inspect({ value, [value] = value }, { max_depth = 3 }) }
        end
      end
      given.hooks = {}
      for name in pairs(hooks.events) do given.hooks[name] = function(event) show("hook " .. name, event) end end
      given.log = function(line) show("log", line) end
      if kind == "credentials" then given.aws_session_token = TOKEN .. "\n" end
      local conn = dynamodb.connect(given)
      local tbl = conn:table("t", { hash_key = "id" })
      local item, rows = tbl:new_item("a"), tbl:scan()
      local _, err = item:put()
      assert.equal(kind, err.kind)
      show("error", err, err .. "", debug.traceback(tostring(err)))
      local function raising() rows:next() error(select(2, rows:next())) end
      show("raised", select(2, xpcall(raising, function(raised) return debug.traceback(raised .. "") end)))
      show("raised object", select(2, pcall(raising)), select(2, pcall(assert, item:put())))
      local task = coroutine.create(function() error(select(2, item:put())) end)
      coroutine.resume(task)
      show("traceback of a task", debug.traceback(task), debug.traceback(task, err .. ""))
      for name, object in pairs({ conn = conn, tbl = tbl, item = item, rows = rows, stats = conn:stats(), library = { dynamodb },
        config = dynamodb.config(), settings = dynamodb.config("default") or "none" }) do
        show(name, object)
      end
      conn:close()
      for name, object in pairs({ conn = conn, tbl = tbl, item = item, rows = rows }) do show("closed " .. name, object) end
      for _, each in ipairs(list) do check(each[1], each[2], HIDDEN) end
      assert.is_true(#list > 40)
    end)
  end

  it("reach no child process", function()
    local folder = files.output_of("mktemp -d"):gsub("\n", "")
    local command = ("cat /proc/self/environ /proc/$$/cmdline /proc/$PPID/cmdline >>%s/seen; cat %s/keys"):format(folder, folder)
    files.write(folder .. "/keys", ('{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s","SessionToken":"%s",'
      .. '"Expiration":"2023-11-14T23:00:00Z"}'):format(KEY, SECRET, TOKEN))
    local source = { environment = { AWS_CONFIG_FILE = "/f" },
      files = { ["/f"] = "[default]\ncredential_process = " .. command .. "\n" } }
    within(source, function()
      local fake = helper.fake(helper.response(200, '{"TableNames":[]}'))
      local conn = connect(source, { transport = fake })
      assert(conn:list_tables())
      function fake.time() return 1700000000 + 2500 end -- the keys have to be replaced soon
      assert(conn:list_tables())
      assert.equal(2, conn:stats().credential_refreshes)
    end)
    local seen = files.read(folder .. "/seen")
    files.output_of("rm -r " .. folder)
    assert.truthy(seen:find("PATH=", 1, true) and seen:find("sh", 1, true))
    check("environment and arguments of a child", seen, HIDDEN)
  end)

  it("would be found by these checks", function()
    for _, shown in ipairs({ SECRET, { deep = { SECRET } }, { [SECRET] = 1 },
      setmetatable({}, { __index = { SECRET } }),
      setmetatable({}, { __tostring = function() return "key " .. SECRET end }) }) do
      assert.is_false(pcall(check_call, "returned", function() return shown end))
      assert.is_false(pcall(check_call, "raised", function() error(shown, 0) end))
    end
  end)
end)

-- {===== Everything =====

-- The secrets of spec/vectors/credentials.lua and of this file.
local PATTERNS = { "secret%-of%-", "token%-of%-", "jwt%-of%-the%-pod", "access%-%l", "refresh%-%l", "refresh%-of%-",
  "client%-secret", "PRIVATE KEY", "METATOKEN", "agent%-token" }

local function check_nothing(shown)
  for _, each in ipairs(shown) do
    for _, pattern in ipairs(PATTERNS) do
      local at = each[2]:find(pattern)
      assert.is_nil(at, at and ("%s shows %s: %s"):format(each[1], pattern, each[2]:sub(math.max(at - 200, 1), at + 60)))
    end
  end
end

-- Truncates a text within its secret or before its end.
local function cut(text)
  local at = text:find("secret%-of%-") or text:find("token%-of%-") or text:find("access%-") or #text - 20
  return text:sub(1, at + 11)
end

local function changed(list, change)
  local copy = {}
  for name, value in pairs(list or {}) do copy[name] = change(value) end
  return copy
end

-- Damages to the system of a scenario: functions that change it, or return false if there is nothing to change.
local worse = {
  ["as they are"] = function() end,
  ["with services whose responses are truncated"] = function(w)
    if not w.responses then return false end
    w.responses = changed(w.responses, function(list)
      return changed(list, function(response)
        local body = type(response.body) == "table" and cjson.encode(response.body) or response.body
        return { status = response.status, headers = response.headers, body = body and cut(body), drop = response.drop }
      end)
    end)
  end,
  ["with services that repeat the request"] = function(w)
    if not w.responses then return false end
    local echo = { status = 400, echo = true }
    w.responses = {}
    for _, service in ipairs({ "sts", "sso", "oidc", "signin", "container", "metadata" }) do
      w.responses[service] = { echo, echo, echo, echo, echo, echo }
    end
  end,
  ["with files and programs that are cut"] = function(w)
    if not w.files and not w.run then return false end
    w.run = type(w.run) == "string" and cut(w.run) or w.run
    w.files = changed(w.files, function(content)
      if content == false then return false end
      return type(content) == "table" and cut(cjson.encode(content)) or (content:gsub("(aws_secret_access_key) *= *", "%1 "))
    end)
  end,
}

local scenarios = dofile("spec/vectors/credentials.lua")
local KEYS = "[default]\naws_access_key_id = AKIDSHARED\naws_secret_access_key = secret-of-AKIDSHARED\n"
for name, url in pairs({ ["a proxy's password"] = "http://me:secret-of-proxy@127.0.0.1:{port}",
  ["a proxy's password, and no proxy"] = "http://me:secret-of-proxy@127.0.0.1:1",
  ["a proxy's password in what is no URL"] = "me:secret-of-proxy@:" }) do
  scenarios[#scenarios + 1] = { name = name, environment = { http_proxy = url }, files = { credentials = KEYS } }
  scenarios[#scenarios + 1] = { name = name .. ", given", given = { proxy = url }, files = { credentials = KEYS } }
end
for _, variable in ipairs({ "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "AWS_EC2_METADATA_SERVICE_ENDPOINT" }) do
  scenarios[#scenarios + 1] = { name = "a password in " .. variable, files = { credentials = KEYS },
    environment = { [variable] = "http://me:secret-of-url@127.0.0.1" } }
end

describe("secrets of every source", function()
  local server, service

  setup(function()
    server = fakes.start()
    local wait = { wait = "request" }
    local function response(...) return { send = scripted.response(...) } end
    service = scripted.start({}, { rest = { wait, response("{}"), wait,
      response('{"__type":"x#ExpiredTokenException","message":"expired"}', 400), wait, response("{}", 500), wait,
      response("<html>", 200, { ["Content-Type"] = "text/html" }), wait, response("{}"), wait, { close = true } } })
  end)
  teardown(function()
    server.stop()
    scripted.stop()
  end)
  after_each(fake_system.remove)

  -- Options of a connection whose hooks and log pass everything to 'show'.
  local function options(w, scenario, show)
    local transport, list = {}, {}
    for name, f in pairs(curl) do transport[name] = f end
    transport.time = w.transport.time
    function transport.sleep() end
    for name in pairs(hooks.events) do
      list[name] = function(event) show("hook " .. name, event) end
    end
    local given = { transport = transport, endpoint_url = service.endpoint_url, hooks = list, deadline = 3,
      log = function(line) show("log", line) end }
    for name, value in pairs(world.fill(server, scenario.given or {})) do given[name] = value end
    return given
  end

  local function play(scenario)
    local shown = {}
    local function show(where, ...) shown[#shown + 1] = { where, helper.deep_text({ ... }) } end
    local w = world.install(server, scenario)
    local given = options(w, scenario, show)
    local made, conn = pcall(dynamodb.connect, given)
    show("connect", made or conn)
    if not made then return shown end
    for _, step in ipairs(scenario.steps or { "get" }) do
      if type(step) == "number" then w.passed = w.passed + step end
      if type(step) == "function" then step(w.environment, w.files) end
      for _ = 1, type(step) == "string" and 3 or 0 do
        show("call", xpcall(conn.call, function(err) return debug.traceback(tostring(err)) end, conn, "GetItem",
          { TableName = "t", Key = { id = "a" } }))
      end
    end
    show("stats", conn:stats())
    show("connection", pcall(helper.deep_text, conn))
    show("fields", pcall(function() return conn.region, conn.endpoint_url, conn.credentials end))
    show("config", pcall(dynamodb.config, given.profile))
    conn:close()
    return shown
  end

  for _, scenario in ipairs(scenarios) do
    for how, change in pairs(worse) do
      local w = { given = scenario.given, environment = changed(scenario.environment, function(value)
        return (value:gsub("^Basic x$", "agent-token-1"))
      end), files = changed(scenario.files, function(content) return content == "jwt" and "jwt-of-the-pod" or content end),
        responses = scenario.responses, run = scenario.run, steps = scenario.steps }
      if change(w) ~= false then
        it(("are never shown: %s, %s"):format(scenario.name, how), function()
          local shown = play(w)
          assert.is_true(#shown > 0)
          check_nothing(shown)
        end)
      end
    end
  end

  it("are sent in one header only", function()
    for _, request in ipairs(service.requests()) do
      check_nothing({ { "a request", (request:gsub("\r\nx%-amz%-security%-token: [^\r]*", "")) } })
    end
  end)

  it("would be found by these checks", function()
    assert.is_false(pcall(check_nothing, { { "it", helper.deep_text({ a = { "the secret-of-KEY" } }) } }))
  end)
end)

-- ===================== }
