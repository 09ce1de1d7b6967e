-- examples/export.lua and examples/import.lua: whole runs, runs that are stopped in the middle and resumed, and what they refuse.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")

local COUNT = 1200
local COLUMNS = "id,at:N,text,blob:B,ok:BOOL,list:J"

describe("export and import", function()
  local conn, source, folder

  -- Starts a program in the background, with its output in a file -> its process id.
  local function start(program, ...)
    local words = { ("'%s' examples/%s.lua"):format(os.getenv("LUA"), program), ... }
    local command = ("env LUA_PATH='%s' LUA_CPATH='%s' AWS_REGION=us-east-1 AWS_ENDPOINT_URL_DYNAMODB='%s' %s")
      :format(package.path, package.cpath, helper.unverified(), table.concat(words, " "))
    return files.output_of(("ASAN_OPTIONS=detect_leaks=0 %s >%s/output 2>&1 & echo $!"):format(command, folder)):match("%d+")
  end

  -- By a file, since the program ps hangs with AddressSanitizer.
  local function is_running(pid)
    local file = io.open("/proc/" .. pid .. "/stat")
    local stat = file and file:read("*a") or ""
    if file then file:close() end
    return stat:find("^.*%) [^Z]") ~= nil
  end

  -- Waits until a process has ended -> its output.
  local function finish(pid)
    local deadline = os.time() + 60
    while is_running(pid) do
      if os.time() > deadline then error("process " .. pid .. " does not end", 0) end
      require("dynamodb.transport.curl").sleep(0.02)
    end
    return files.read(folder .. "/output")
  end

  local function run(...) return finish(start(...)) end

  -- Stops a program by a signal once its state file says that it has so many items -> items in the state, output.
  local function stop(signal, least, state_path, ...)
    local pid, items = start(...), 0
    local deadline = os.time() + 60
    while items < least do
      if os.time() > deadline then error(files.read(folder .. "/output"), 0) end
      require("dynamodb.transport.curl").sleep(0.01)
      local file = io.open(state_path)
      if file then
        items = dynamodb.json.decode(file:read("*a")).items
        file:close()
      end
    end
    os.execute(("kill -%s %s"):format(signal, pid))
    local output = finish(pid)
    return dynamodb.json.decode(files.read(state_path)).items, output
  end

  -- Returns all items of a table by their range keys.
  local function items_of(tbl)
    local found, count = {}, 0
    for item in tbl:scan({ items = false, consistent_read = true }) do found[item.at], count = item, count + 1 end
    return found, count
  end

  local function check_same(tbl)
    local found, count = items_of(tbl)
    assert.equal(COUNT, count)
    for at, item in pairs((items_of(source))) do assert.is_true(core.equal(item, found[at]), at) end
  end

  local function new_table() return helper.create_table(conn, helper.HASH_RANGE) end

  local function lines_in(path) return select(2, files.read(path):gsub("\n", "")) end

  setup(function()
    folder = files.output_of("mktemp -d"):match("%S+")
    conn = helper.connect({ endpoint_url = helper.unverified() })
    source = new_table()
    local writer = source:batch_writer({ concurrency = 4 })
    for i = 1, COUNT do
      assert(writer:put({ id = "k" .. i % 40, at = i, text = i % 3 == 0 and "" or ('one,"%d"\r\ntwo'):format(i),
        blob = dynamodb.binary("\0\255" .. i), ok = i % 2 == 0, list = { 1, { a = dynamodb.null }, dynamodb.number("1.10") } }))
    end
    assert(writer:close())
  end)

  teardown(function()
    assert(source:delete())
    conn:close()
    os.execute("rm -r " .. folder)
  end)

  for _, format in ipairs({ "json", "csv" }) do
    it("keep every item as " .. format, function()
      local path, target = folder .. "/whole." .. format, new_table()
      local columns = format == "csv" and "--columns " .. COLUMNS or ""
      assert.equal(("exported %d items\n"):format(COUNT), run("export", source.name, path, columns))
      assert.equal(("imported %d items\n"):format(COUNT), run("import", target.name, path))
      check_same(target)
      assert.same({}, files.lines_of(("ls %s/whole.%s.* 2>/dev/null"):format(folder, format))) -- no state is left
      assert(target:delete())
    end)

    for _, signal in ipairs({ "KILL", "TERM", "INT" }) do
      it(("as %s are stopped by SIG%s and resumed, and lose and repeat nothing"):format(format, signal), function()
        local path, target = ("%s/%s.%s"):format(folder, signal, format), new_table()
        local columns = format == "csv" and "--columns " .. COLUMNS or ""
        local exported, output = stop(signal, 200, path .. ".export", "export", source.name, path,
          "--segments 3 --page 20 --rate 30", columns)
        assert.is_true(exported >= 200 and exported < COUNT, exported)
        if signal == "INT" then assert.matches("interrupted!.*\nthe same command goes on\n$", output) end
        assert.equal(("exported %d items\n"):format(COUNT), run("export", source.name, path, "--segments 3", columns))
        if format == "json" then assert.equal(COUNT, lines_in(path)) end
        local imported
        imported, output = stop(signal, 100, path .. ".import", "import", target.name, path, "--concurrency 1 --rate 300")
        assert.is_true(imported >= 100 and imported < COUNT, imported)
        if signal == "INT" then assert.matches("interrupted!.*\nthe same command goes on\n$", output) end
        local _, count = items_of(target)
        assert.is_true(count >= imported and count < COUNT, count)
        assert.equal(("imported %d items\n"):format(COUNT), run("import", target.name, path))
        check_same(target)
        assert(target:delete())
      end)
    end
  end

  it("keep to a rate", function()
    local began = os.time()
    assert.matches("exported", run("export", source.name, folder .. "/slow", "--page 100 --segments 2 --rate 5")) -- 12 units
    local seconds = os.time() - began
    assert.is_true(seconds >= 1 and seconds < 20, seconds)
  end)

  it("end with a budget, and go on", function()
    local path = folder .. "/budget"
    local text = run("export", source.name, path, "--page 50 --budget 5")
    assert.matches("BudgetExceeded.*the same command goes on\n$", text)
    local state = dynamodb.json.decode(files.read(path .. ".export"))
    assert.is_true(state.items >= 100 and state.items < COUNT, state.items)
    assert.equal(("exported %d items\n"):format(COUNT), run("export", source.name, path))
    assert.equal(COUNT, lines_in(path))
    local target = new_table()
    text = run("import", target.name, path, "--budget 100 --concurrency 1")
    assert.matches("BudgetExceeded.*the same command goes on\n$", text)
    assert.equal(("imported %d items\n"):format(COUNT), run("import", target.name, path))
    check_same(target)
    assert(target:delete())
  end)

  it("show a bar", function()
    local text = run("export", source.name, folder .. "/bar", "--page 50 --progress")
    assert.matches("%d+ items, [%d.]+ read units", text)
    if assert(source:refresh()).item_count == COUNT then -- some servers do not count items
      assert.matches("\r%[#+%.*%] +%d+ %%  %d+ items, [%d.]+ read units", text)
      assert.matches("%[##############################%] 100 %%", text)
    end
    local target = new_table()
    text = run("import", target.name, folder .. "/bar", "--progress")
    assert.matches("\r%[#+%.*%] +%d+ %%  %d+ items", text)
    assert(target:delete())
  end)

  it("import the lines of an export to S3, and CSV of others", function()
    local target = new_table()
    files.write(folder .. "/s3", '{"Item":{"id":{"S":"a"},"at":{"N":"1"},"Item":{"S":"x"}}}\n'
      .. '{"Item":{"S":"y"},"id":{"S":"a"},"at":{"N":"2"}}')
    assert.equal("imported 2 items\n", run("import", target.name, folder .. "/s3"))
    files.write(folder .. "/other.csv", 'name,number,note\r\nb,3,"x\n""y"""\r\nb,4,\r\n')
    assert.equal("imported 2 items\n", run("import", target.name, folder .. "/other.csv", "--columns id,at:N,note"))
    assert.same({ { id = "a", at = 1, Item = "x" }, { id = "a", at = 2, Item = "y" }, { id = "b", at = 3, note = 'x\n"y"' },
      { id = "b", at = 4 } }, (items_of(target)))
    assert(target:delete())
  end)

  it("refuse what would go wrong", function()
    local path = folder .. "/refused"
    files.write(folder .. "/exists.json", "")
    for _, case in ipairs({
      { "TABLE and FILE expected\nusage: export.lua", "export", "x" },
      { "unknown option %-%-segmets\nusage", "export", "x", path, "--segmets 3" },
      { "option %-%-rate: not 'fast'\nusage", "export", "x", path, "--rate fast" },
      { "option %-%-columns: not 'a:X'", "import", "x", path, "--columns a:X" },
      { "^option %-%-format: json or csv expected, got xml\n$", "export", "x", path, "--format xml" },
      { "^DescribeTable no_such_table: ResourceNotFoundException", "export", "no_such_table", path },
      { "CSV needs %-%-columns", "export", source.name, path .. ".csv" },
      { "column at: 1?%d*%d is not of type S; use at:J", "export", source.name, path .. "2.csv", "--columns id,at",
        started = true },
      { "/exists.json exists, and there is no state", "export", source.name, folder .. "/exists.json" },
    }) do
      local text = run(case[2], case[3], case[4], case[5])
      assert.matches(case[1], text)
      assert.is_nil(text:find("stack traceback", 1, true), text)
      if not case.started then assert.is_nil(text:find("the same command goes on", 1, true), text) end
    end
    assert.matches("^usage: export.lua", run("export", "--help"))
    files.write(path, '{"id":{"S":"a"},"at":{"N":"1"}}\n{"id":')
    assert.matches("/refused: byte 32: json.typed_decode: ", run("import", source.name, path))
    files.write(path .. ".import", '{"table":"other","size":1}')
    assert.matches("refused.import is of a run with %l+ = .*; remove it to begin anew", run("import", source.name, path))
  end)

  it("refuse records that are no items, instead of leaving values out", function()
    local target = new_table()
    local function check(name, text, why)
      files.write(folder .. "/" .. name, text)
      assert.matches(why, run("import", target.name, folder .. "/" .. name))
    end
    for _, line in ipairs({ "5", "true", "null", '"x"', '{"Item":5}' }) do
      check("bad.json", line .. "\n", "bad.json: byte 0: json.typed_decode: ")
    end
    check("bad.json", '{"id":{"S":"a"},"at":{"N":"1"}}\n{}\n', "bad.json: byte 32: .*put: key attribute 'id' is missing")
    check("bad.csv", "id,at:N,x:B\na,1,%%%\n", "bad.csv: byte 12: column x: json.typed_decode: malformed base64")
    check("bad.csv", "id,at:N,x:J\na,1,no\n", "bad.csv: byte 12: column x: json.typed_decode: ")
    check("bad.csv", "id,at:N,x:BOOL\na,1,TRUE\n", "bad.csv: byte 15: column x: true or false expected, got 'TRUE'")
    check("bad.csv", "id,at:N,x\na,1,x,lost\n", "bad.csv: byte 10: 4 fields, but 3 columns")
    check("bad.csv", 'id,at:N,x\na,1,"x"lost\n', "bad.csv: byte 10: .*text after a quote")
    check("bad.csv", 'id,at:N,x\na,1,"x\n', "a quote is not closed")
    for _, header in ipairs({ "", "id,,at:N", "id,at:X", 'id,"at"x' }) do
      check("bad.csv", header .. "\n", "bad.csv: the first line has no names, or an unknown type")
    end
    check("quoted.csv", '"id","at:N","a ""b"", c"\na,7,x\n', "imported 1 items")
    local found = items_of(target)
    assert.same({ id = "a", at = 7, ['a "b", c'] = "x" }, found[7])
    assert(target:delete())
  end)

  it("refuse states that no run has saved", function()
    local path = folder .. "/states"
    files.write(path, '{"id":{"S":"a"},"at":{"N":"1"}}\n')
    for _, state in ipairs({ "5", "null", "false", '"x"', "" }) do
      files.write(path .. ".import", state)
      assert.matches("states.import is no state of an earlier run; remove it", run("import", source.name, path))
      files.write(path .. ".export", state)
      assert.matches("states.export is no state of an earlier run; remove it", run("export", source.name, path))
    end
    for _, position in ipairs({ '"x"', -1, 33, 0.5 }) do
      files.write(path .. ".import", ('{"table":"%s","size":32,"items":0,"position":%s}'):format(source.name, position))
      assert.matches("states.import: position is .*; remove the file", run("import", source.name, path))
    end
    files.write(path .. ".export", ('{"table":"%s","segments":4,"columns":"","items":0}'):format(source.name))
    assert.matches("states.export: bytes is nil; remove the file", run("export", source.name, path))
  end)

  it("export anew after a run that was killed before its first page", function()
    local path = folder .. "/early"
    files.write(path .. ".export", ('{"table":"%s","segments":4,"columns":"","items":0,"bytes":0}'):format(source.name))
    files.write(path, "a part of")
    assert.equal(("exported %d items\n"):format(COUNT), run("export", source.name, path))
    assert.equal(COUNT, lines_in(path))
  end)
end)
