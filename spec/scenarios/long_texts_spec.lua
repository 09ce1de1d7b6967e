-- The cost of long texts from users, files, the environment and services grows no faster than their length.

local catalogue = require("dynamodb.config.catalogue")
local cost = dofile("spec/support/cost.lua")
local document = require("dynamodb.credentials.document")
local dynamodb = require("dynamodb")
local endpoint = require("dynamodb.http.endpoint")
local fake_system = dofile("spec/support/fake_system.lua")
local helper = dofile("spec/support/helper.lua")
local http_client = require("dynamodb.http.client")
local generate = dofile("spec/support/random_source.lua")
local provider = dofile("spec/support/provider_kit.lua")
local proxy = require("dynamodb.http.proxy")
local service_call = require("dynamodb.credentials.service_call")
local service_clock = require("dynamodb.http.service_clock")
local settings = require("dynamodb.config.settings")
local shared_files = require("dynamodb.config.shared_files")
local text_of = require("dynamodb.base.text")
local update_parser = require("dynamodb.request.update_parser")

local attr, unpack = dynamodb.attr, table.unpack or unpack -- luacheck: ignore 143 113

local SIZES = { 80, 160, 320 } -- units of which a text is made
local SLACK = { 100000, 24000 } -- instructions and bytes: what does not depend on the length
local GROWTH = 2.6 -- of the difference, when the length doubles; 4 for quadratic cost

-- Returns nil when f(size) costs about twice as much for twice the size | what it costs.
local function excess(f)
  local found = {}
  for i, size in ipairs(SIZES) do found[i] = { cost.of(f, size) } end
  for kind, unit in ipairs({ "instructions", "bytes" }) do
    local first, second = found[2][kind] - found[1][kind], found[3][kind] - found[2][kind]
    if first < 0 then first = math.max(found[2][kind], 0) end -- only the shorter text was accepted
    if second > GROWTH * first + SLACK[kind] then
      return ("%d, %d, %d %s"):format(found[1][kind], found[2][kind], found[3][kind], unit)
    end
  end
end

-- Asserts that f(size) costs about twice as much for twice the size. Measures again when it does not, since the bytes include
-- those of Lua's table of all strings, which may happen to grow meanwhile. Strings that f has made cost nothing until they are
-- collected.
local function check_linear(name, f)
  local wrong = excess(f)
  if wrong then
    helper.collect()
    wrong = excess(f)
  end
  assert.is_nil(wrong, ("%s: %s"):format(name, wrong))
end

-- What is repeated in texts; between "a" and "!", and some of it alone.
local UNITS = { " ", "a", "'", ".a", ",", "(", "[0]", "a ", "#", ":", "/", "1", "\n", "\n a", "<", "@", "__", "a=?,", "NOT ",
  "1.1/2,", "<Credentials>", "\"" }
local ALONE = { " ", "a", ".a", "a=?,", "NOT ", "/" }

local function try_units(f)
  for _, unit in ipairs(UNITS) do
    check_linear(("%q within"):format(unit), function(size) f("a" .. unit:rep(size) .. "!") end)
  end
  for _, unit in ipairs(ALONE) do
    check_linear(("%q alone"):format(unit), function(size) f(unit:rep(size)) end)
  end
end

describe("the measure of cost", function()
  local PATTERNS = { "^%s*(.-)%s*$", "%a+", "([^,]*),", "^(.*)@(.*)$", "()[%s,)](%a+)()%f[%s]", "%f[^%w_]",
    "^%^?[]^a-c%-]+$", "[^%c]", "(['\"])(.-)%1", "%d-%.?%d*", "^([+-])(%d%d):?(%d%d)$",
    "a?b?c?", ".-\r?\n", "()", "^%[(.*)%]$", "[%w%-._~]", "%%", "$", "x*" }
  local ALPHABET = { "a", "b", "c", " ", ",", "'", "\"", "1", "2", ".", "-", "+", ":", "[", "]", "^",
    "\n", "\r", "@", "%", "x", "\0", "é" }

  it("matches patterns as Lua does", function()
    local random = generate.new(20261128)
    for _, pattern in ipairs(PATTERNS) do
      for _ = 1, 150 do
        local parts = {}
        for i = 1, random:integer(0, 12) do parts[i] = ALPHABET[random:integer(1, #ALPHABET)] end
        local text = table.concat(parts)
        local first = random:integer(1, math.min(#text + 1, 3))
        local shown = ("%q in %q"):format(pattern, text)
        assert.same({ text:match(pattern, first) }, { cost.counted.match(text, pattern, first) }, shown)
        assert.same({ text:find(pattern, first) }, { cost.counted.find(text, pattern, first) }, shown)
        if not text:find(pattern, #text + 1) then -- versions of Lua differ after empty matches
          assert.same({ text:gsub(pattern, "<%0>") }, { cost.counted.gsub(text, pattern, "<%0>") }, shown)
        end
      end
    end
    assert.same({ ("a=b, c=d"):gsub("(%w)=(%w)", "%2=%1", 1) }, { cost.counted.gsub("a=b, c=d", "(%w)=(%w)", "%2=%1", 1) })
    assert.same({ ("a b"):gsub("%w", { a = "x" }) }, { cost.counted.gsub("a b", "%w", { a = "x" }) })
    local found = {}
    for name, value in cost.counted.gmatch("a=1, b=2", "(%w)=(%w)") do found[#found + 1] = name .. value end
    assert.same({ "a1", "b2" }, found)
  end)

  it("notices backtracking, and copies", function()
    local function fails(f) assert.is_false((pcall(check_linear, "it", f))) end
    fails(function(size) return (("a" .. (" "):rep(size) .. "a"):match("^%s*(.-)%s*$")) end)
    fails(function(size) return (("/"):rep(size) .. "a"):gsub("/+$", "") end)
    fails(function(size)
      local text = ""
      for _ = 1, size do text = text .. "abc" end
    end)
    fails(function(size)
      local sum = 0
      for i = 1, size do for k = 1, size do sum = (sum + i * k) % 1000 end end
    end)
    check_linear("it", function(size) return text_of.trim("a" .. (" "):rep(size) .. "a") end)
  end)
end)

describe("long texts of a user", function()
  local conn = helper.offline(helper.fake(helper.response(200, "{}")))
  local tbl = conn:table("t", { hash_key = "id" })

  local texts = {
    ["a filter"] = function(text) tbl:scan({ filter = text }) end,
    ["a filter with values"] = function(text) tbl:scan({ filter = { text, 1, 2 } }) end,
    ["a path of a filter"] = function(text) tbl:scan({ filter = { [text] = 1 } }) end,
    ["a path of a condition"] = function(text) tbl:scan({ filter = attr(text):gt(1) }) end,
    ["a path given after a text"] = function(text) tbl:scan({ filter = { "# > ?", text, 1 } }) end,
    ["a projection"] = function(text) tbl:scan({ projection = text }) end,
    ["a projection's path"] = function(text) tbl:scan({ projection = { text } }) end,
    ["an update"] = function(text) tbl:update_item({ hash_key = "a", update = { text, 1, 2 } }) end,
    ["an update that sets"] = function(text) tbl:update_item({ hash_key = "a", update = { "SET " .. text, 1 } }) end,
    ["a path of an update"] = function(text) tbl:update_item({ hash_key = "a", update = { [text] = 1 } }) end,
    ["an update of a raw call"] = function(text)
      for _, word in ipairs({ "SET ", "SET a =", "REMOVE ", "ADD " }) do update_parser.steps(word .. text, {}, {}) end
    end,
    ["a statement"] = function(text) conn:execute(text, {}) end,
    ["an option's name"] = function(text) dynamodb.connect({ [text] = 1 }) end,
    ["an operation's name"] = function(text) conn:call(text) end,
    ["an endpoint"] = function(text) dynamodb.connect({ endpoint_url = "http://" .. text }) end,
    ["a host"] = function(text) dynamodb.connect({ host = text }) end,
    ["a region"] = function(text) dynamodb.connect({ region = text }) end,
    ["a proxy"] = function(text) dynamodb.connect({ proxy = text }) end,
    ["a number"] = function(text) dynamodb.number(text) end,
    ["JSON"] = function(text) dynamodb.json.decode(text) end,
    ["a value that is shown"] = function(text) dynamodb.inspect({ [text] = text, dynamodb.binary(text) }) end,
    ["a name in an expression"] = function(text)
      local warned = helper.offline(helper.fake(helper.response(200, "{}")), { hooks = { warning = function() end } })
      warned:call("GetItem", { TableName = "t", Key = { id = "a" }, ExpressionAttributeNames = { ["#a"] = text } })
    end,
  }
  for name, f in pairs(texts) do
    it("cost in proportion to their length: " .. name, function() try_units(f) end)
  end

  -- Expressions of many parts: functions of their number that return a condition, an update or a projection.
  local function chain(f)
    return function(size)
      local made = attr("a"):eq(1)
      for _ = 1, size do made = f(made) end
      return { filter = made }
    end
  end
  local function list(make, key)
    return function(size)
      local parts = {}
      for i = 1, size do parts[i] = make(i) end
      return { [key or "filter"] = parts }
    end
  end
  local function combined(word)
    local parts = list(function(i) return attr("a" .. i):eq(i) end)
    return function(size) return { filter = dynamodb[word](unpack(parts(size).filter)) } end
  end
  local many = {
    ["negate in negate"] = chain(dynamodb.negate),
    ["all in all"] = chain(dynamodb.all),
    ["any of one in negate"] = chain(function(inner) return dynamodb.negate(dynamodb.any(inner)) end),
    ["a condition twice, again and again"] = function(size)
      local made = attr("a"):eq(1)
      for _ = 1, size / 10 do made = dynamodb.all(made, made) end
      return { filter = made }
    end,
    ["all of many"] = combined("all"),
    ["any of many"] = combined("any"),
    ["a list of conditions"] = list(function(i) return attr("a" .. i):exists() end),
    ["tests by path"] = function(size)
      local tests = {}
      for i = 1, size do tests["a" .. i] = i end
      return { filter = tests }
    end,
    ["values of a text"] = function(size)
      return { filter = { ("?,"):rep(size), unpack(list(function(i) return i end)(size).filter) } }
    end,
    ["values of is_in"] = function(size) return { filter = attr("a"):is_in(list(function(i) return i end)(size).filter) } end,
    ["a path of many steps"] = list(function() return "a" end, "projection"),
    ["a path given as a list"] = function(size) return { filter = attr(list(function() return "a" end)(size).filter):eq(1) } end,
    ["a projection of many paths"] = list(function(i) return "a" .. i .. "[0].b" end, "projection"),
  }
  for name, make in pairs(many) do
    it("cost in proportion to their number: " .. name, function()
      check_linear(name, function(size) tbl:scan(make(size)) end)
    end)
  end

  local actions = {
    ["actions of a builder"] = function(size)
      local made = dynamodb.update()
      for i = 1, size do made:increment("a" .. i) end
      return made
    end,
    ["actions by path"] = function(size)
      local made = {}
      for i = 1, size do made["a" .. i .. ".b"] = i end
      return made
    end,
    ["tables in tables"] = function(size)
      local made = {}
      for _ = 1, size do made = { made } end
      return made
    end,
  }
  for name, make in pairs(actions) do
    it("cost in proportion to their number: " .. name, function()
      check_linear(name, function(size) tbl:update_item({ hash_key = "a", update = make(size) }) end)
    end)
  end

  it("are refused where the call is", function()
    local deep = chain(dynamodb.negate)(20000)
    for text, call in pairs({
      ["scan: filter: more than 300 operators"] = function() tbl:scan(deep) end,
      ["put_item: condition: more than 300 operators"] = function() tbl:put_item({ id = "a" }, { condition = deep.filter }) end,
      ["scan: filter: expression of more than 4096 bytes"] = function() tbl:scan({ filter = ("a"):rep(5000, ",") }) end,
      ["scan: document path of more than 32 steps"] = function() tbl:scan({ projection = "a" .. (".b"):rep(16000) }) end,
    }) do
      local ok, err = pcall(call)
      assert.is_false(ok)
      assert.truthy(err:find("^spec/scenarios/long_texts_spec%.lua:%d+: "), err)
      assert.truthy(err:find(text, 1, true), err)
    end
  end)
end)

describe("long texts of the environment and of files", function()
  after_each(fake_system.remove)

  -- One setting of each kind and form.
  local function each_kind(field)
    local known, list = {}, {}
    for _, row in ipairs(catalogue) do
      local form = tostring(row.kind) .. tostring(row.service ~= nil)
      if row[field] and not known[form] and (field == "key" or row.env[1]) then
        known[form], list[#list + 1] = true, row
      end
    end
    return list
  end

  for _, row in ipairs(each_kind("env")) do
    it("cost in proportion to their length: " .. row.env[1], function()
      try_units(function(text)
        fake_system.install({ [row.env[1]] = text }, {})
        settings.new({}):load()
      end)
    end)
  end

  local places = {
    ["a file"] = "%s", ["a title"] = "[%s]", ["a title with a name"] = "[profile %s]", ["a quoted title"] = "[profile \"%s\"]",
    ["lines of a section"] = "[default]\n%s", ["a name"] = "[default]\n%s = a", ["a value"] = "[default]\nregion =%s",
    ["lines that go on"] = "[default]\nregion = a\n %s", ["a block"] = "[services a]\ndynamodb =\n  endpoint_url = %s\n",
    ["a comment"] = "[default]\n# %s\nregion = a #%s",
  }
  for name, form in pairs(places) do
    it("cost in proportion to their length: " .. name, function()
      try_units(function(text) shared_files.parse((form:gsub("%%s", (text:gsub("%%", "%%%%")))), "path") end)
    end)
  end

  it("cost in proportion to the number of lines that go on", function()
    check_linear("lines", function(size) shared_files.parse("[default]\na = b" .. ("\n  cd"):rep(size), "path") end)
  end)

  for _, row in ipairs(each_kind("key")) do
    it("cost in proportion to their length: profile, " .. row.name, function()
      try_units(function(text)
        fake_system.install({}, { ["/home/.aws/config"] = ("[default]\n%s = %s\n"):format(row.key, (text:gsub("\n", " "))) })
        settings.new({}):load()
      end)
    end)
  end
end)

describe("long texts of providers and services", function()
  after_each(fake_system.remove)

  -- Asks the provider of that name, with a kit of these fields.
  local function ask(name, given, ...)
    require("dynamodb.credentials." .. name)(provider.kit(given), ...)
  end
  local ROLE = { AWS_WEB_IDENTITY_TOKEN_FILE = "/token", AWS_ROLE_ARN = "arn:aws:iam::123456789012:role/r" }

  -- Responses with this body, or an error with it.
  local function responses(text)
    return { provider.response(200, text), provider.response(200, text), provider.response(400, text) }
  end

  local web_identity = require("dynamodb.credentials.web_identity").find
  local places = {
    ["a token file"] = function(text)
      web_identity(provider.kit({ environment = ROLE, files = { ["/token"] = text } }))
    end,
    ["a response of STS"] = function(text)
      for _, form in ipairs({ "%s", "<Credentials><AccessKeyId>%s", "<Error><Code>%s</Code>" }) do
        local body = form:gsub("%%s", (text:gsub("%%", "%%%%")))
        for i = 1, 3 do
          web_identity(provider.kit({ environment = ROLE, files = { ["/token"] = "t" }, responses = { responses(body)[i] } }))
        end
      end
    end,
    ["the URL of a container's agent"] = function(text)
      ask("container", { environment = { AWS_CONTAINER_CREDENTIALS_FULL_URI = "http://localhost" .. text } })
      ask("container", { environment = { AWS_CONTAINER_CREDENTIALS_FULL_URI = text } })
    end,
    ["the path of a container's agent"] = function(text)
      ask("container", { environment = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "/" .. text } })
    end,
    ["a container's token"] = function(text)
      ask("container", { environment = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "/a",
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE = "/token" }, files = { ["/token"] = text } })
    end,
    ["a response of a container's agent"] = function(text)
      ask("container", { environment = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI = "/a" }, responses = responses(text) })
    end,
    ["responses of instance metadata"] = function(text) ask("instance_metadata", { responses = responses(text) }) end,
    ["the endpoint of instance metadata"] = function(text)
      ask("instance_metadata", { values = { ec2_metadata_service_endpoint = "http://a" .. text } })
    end,
    ["an endpoint of STS"] = function(text)
      service_call.endpoint({ values = { endpoint_urls = { sts = "http://a" .. text } } }, "sts", "eu-west-1")
    end,
    ["output of a program"] = function(text) ask("process", { run = text }, "program", "profile") end,
    ["a URL of a request"] = function(text)
      for _, form in ipairs({ text, "http://a" .. text, "http://a/?" .. text .. "#" .. text }) do
        http_client.request({ transport = {}, limits = {} }, { url = form, method = "GET", headers = { "odd" } })
      end
    end,
    ["the exceptions from a proxy"] = function(text)
      for _, url in ipairs({ "http://a.example", "http://127.0.0.1", "http://[::1]:1" }) do
        proxy.choose(url, { http_proxy = "http://proxy", no_proxy = text })
      end
    end,
    ["the URL that a proxy is chosen for"] = function(text)
      proxy.choose("http://" .. text, { http_proxy = "a", no_proxy = "b,1.2.3.4/8" })
    end,
    ["a date in a document"] = function(text) document.time("2026-11-10T12:00:00" .. text) end,
    ["a date in a response"] = function(text) service_clock.parse(text) end,
    ["a resource's name"] = function(text) endpoint.resource({ TableName = "arn:" .. text }) end,
    ["a message of a service"] = function(text) service_call.clean(text, { "a secret of a user" }) end,
  }
  for name, f in pairs(places) do
    it("cost in proportion to their length: " .. name, function() try_units(f) end)
  end

  it("cost in proportion to their length: codes and headers of errors", function()
    try_units(function(text)
      local body = text:gsub('[\\"%c]', "_")
      local conn = helper.offline(helper.fake(helper.response(400, '{"__type":"' .. body .. '","message":"' .. body .. '"}',
        { ["x-amz-retry-after"] = body, date = body })), { max_attempts = 1 })
      conn:list_tables()
    end)
  end)
end)
