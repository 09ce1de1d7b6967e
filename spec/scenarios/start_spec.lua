-- What a program loads, and when: files at the first call that needs them, libcurl at the first connection.

local helper = dofile("spec/support/helper.lua")
local process = dofile("spec/support/child_process.lua")

-- Upper limits: modules, C modules included, and kilobytes of Lua.
local LIMITS = { required = { 9, 130 }, connected = { 17, 320 }, got = { 44, 620 } }

-- Files that one get_item does not need.
local UNUSED = [[ admin.backup admin.ensure admin.poll admin.table_admin admin.table_definition admin.tables boto_layer2
  base.spelling credentials.assume_role credentials.boto_config credentials.container credentials.instance_metadata
  credentials.login credentials.process credentials.profile credentials.service_call credentials.shared_cache
  credentials.sso credentials.sts credentials.web_identity expression.builder expression.condition expression.update gather
  http.client loop loop.concurrent loop.mutex loop.scheduler request.hints request.hooks request.idempotency
  request.limiter request.output_shapes request.table_shapes request.throttles request.update_parser
  table.batch table.batch_engine table.item
  table.item_copy table.item_diff table.paginator table.partiql table.prefetch table.query table.results table.single
  table.transaction table.write transport.nginx values.inspect values.item_size values.json ]]

-- The functions of dynamodb that take any number of arguments.
local VARIADIC = { all = true, any = true, where = true }

describe("the start of a program", function()
  local conn, tbl, used

  setup(function()
    conn = helper.connect()
    tbl = helper.create_table(conn)
    assert(tbl:put_item({ id = "a" }))
    local text = process.start("start_process.lua", helper.endpoint() .. " " .. tbl.name .. " a")()
    used = assert((loadstring or load)("return {" .. text .. "}"), text)()
  end)

  teardown(function()
    assert(tbl:delete())
    conn:close()
  end)

  it("loads only what checks arguments and makes values when the library is required", function()
    assert.equal(" base.arguments base.late base.objects base.options base.version core error", used.required.modules)
  end)

  it("loads settings and endpoints when it connects", function()
    assert.equal(" base.arguments base.late base.objects base.options base.system base.version config.catalogue "
      .. "config.settings connection core credentials.connect_options error http.endpoint request.context",
      used.connected.modules)
  end)

  it("loads no more than one get_item needs at the first one", function()
    local surplus = {}
    for name in used.got.modules:gmatch("%S+") do
      if UNUSED:find("%s" .. name:gsub("%.", "%%.") .. "%s") then surplus[#surplus + 1] = name end
    end
    assert.same({}, surplus)
  end)

  for step, limits in pairs(LIMITS) do
    it("uses little memory: " .. step, function()
      local count, kilobytes = used[step].count, used[step].kilobytes
      assert.is_true(count <= limits[1], ("%d modules"):format(count))
      assert.is_true(kilobytes <= limits[2], ("%.0f KB"):format(kilobytes))
    end)
  end

  it("loads libcurl for the first call, and initialises it for the first connection", function()
    for _, step in ipairs({ "required", "connected" }) do
      assert.is_false(used[step].has_libcurl, step)
      assert.is_false(used[step].is_started, step)
    end
    assert.is_true(used.got.has_libcurl)
    assert.is_true(used.got.is_started)
    assert.equal("false\ttrue\n", process.start("start_loop_process.lua")())
  end)

  it("finds every method and function, whichever is called first, and every message names the caller's line", function()
    local count = 0
    for line in process.start("start_methods_process.lua")():gmatch("[^\n]+") do
      local subject, name, message = line:match("^(%w+) ([%w_]+): (.*)$")
      assert(subject, "other names after preload: " .. line)
      count = count + 1
      if not (subject == "dynamodb" and VARIADIC[name]) then
        assert.matches("^spec/support/start_methods_process%.lua:%d+: ", message, line)
        assert.matches(" takes .*: 30 arguments given$", message, line)
      end
    end
    assert.is_true(count > 100, count)
  end)
end)
