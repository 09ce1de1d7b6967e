-- The scripts of the benchmarks that judge and draw: bench/compare.lua and bench/draw.lua.

local cjson = require("cjson")
local files = dofile("spec/support/files.lua")

local HEAD = "# Instructions of one call\n# Lua 5.4.4, LuaJIT 2.1, a system\n"

-- Runs a script of bench/ with files of these texts as its arguments -> its output, which ends with its exit code.
local function run(script, ...)
  local names = {}
  for i, text in ipairs({ ... }) do
    names[i] = os.tmpname()
    files.write(names[i], text)
  end
  local text = files.output_of(("%s bench/%s %s 2>&1; echo code $?"):format(os.getenv("LUA"), script, table.concat(names, " ")))
  for _, name in ipairs(names) do os.remove(name) end
  return text
end

describe("bench/coalescing_report.lua", function()
  local RESULTS = "lua5.4 keys-get_item 64 40 5\nlua5.4 keys-loader 1 10 2.5\nlua5.4 same-get_item 64 30 5\n"
    .. "lua5.4 same-single_flight 1 8.04 2\n"

  it("prints requests and times, and draws the times to scale", function()
    local results, picture = os.tmpname(), os.tmpname()
    files.write(results, RESULTS)
    local text = files.output_of(("%s bench/coalescing_report.lua %s 5 3 'a <machine>' %s 2>&1"):format(os.getenv("LUA"),
      results, picture))
    local svg = files.read(picture)
    os.remove(results)
    os.remove(picture)
    assert.matches("64 tasks ask for 64 keys +loader:get +1 +10.0 +2.5\n", text)
    assert.matches("the same item +tbl:get_item, single_flight +1 +8.0 +2.0\n", text)
    for _, part in ipairs({ 'width="330.0"', 'width="82.5"', ">10.0 ms, 1 request<", ">40.0 ms, 64 requests<",
      "a &lt;machine&gt;" }) do
      assert.truthy(svg:find(part, 1, true), part)
    end
  end)
end)

describe("bench/throttling_report.lua", function()
  it("prints what was served, and draws it to scale", function()
    local results, picture = os.tmpname(), os.tmpname()
    files.write(results, "lua5.4 standard 100.0 1000.0 5.0 17000\nlua5.4 client-wide 20.0 250.0 1005.0 400\n"
      .. "lua5.4 by-reason 90.0 1000.0 5.0 58\n")
    local text = files.output_of(("%s bench/throttling_report.lua %s 30 %s 2>&1"):format(os.getenv("LUA"), results, picture))
    local svg = files.read(picture)
    os.remove(results)
    os.remove(picture)
    assert.matches("lua5.4 +adaptive, without reasons +250.0 +20.0 +1005.0 +400\n", text)
    assert.matches("lua5.4 +adaptive +1000.0 +90.0 +5.0 +58\n", text)
    for _, part in ipairs({ 'class="own" x="250" y="78" width="330.0"', 'width="82.5"', ">250/s<", ">1,000/s<", ">90.0/s<" }) do
      assert.truthy(svg:find(part, 1, true), part)
    end
  end)

  it("drew the picture of the documentation from the figures of its table", function()
    local svg, page = files.read("doc/throttling.svg"), files.read("doc/retries.md")
    for _, figure in ipairs({ "135", "1,000" }) do
      assert.truthy(svg:find(">" .. figure .. "/s<", 1, true), figure)
      assert.truthy(page:find("| " .. figure .. "/s |", 1, true), figure)
    end
  end)
end)

describe("bench/compare.lua", function()
  local committed = HEAD .. "# call              lua5.4      luajit\nGetItem             100000       90000\n"
    .. "a page, in parts       26.4        36.0\n"

  local function compare(measured) return run("compare.lua", committed, measured) end

  it("accepts what is the same, and shows both", function()
    local text = compare(committed)
    assert.matches("\nGetItem +100000 +100000 +[+-]0%.0%% +90000 +90000 +[+-]0%.0%%\n", text)
    assert.matches("\ncode 0\n$", text)
  end)

  -- { what happens, the number that is replaced, its replacement, the exit code, what is named }
  for _, case in ipairs({
    { "3.1 % above", "100000", "103100", 1, "\nGetItem, lua5.4: %+3.1 %%, more than 3 %% above " },
    { "3.1 % above in the second column", "90000", "92790", 1, "\nGetItem, luajit: %+3.1 %%, more than 3 %% above " },
    { "3.1 % above in a row with a fraction", "26.4", "27.3", 1, "\na page, in parts, lua5.4: %+3.4 %%, more than 3 %% above " },
    { "2.9 % above", "100000", "102900", 0, "\nGetItem +100000 +102900 +%+2.9%%" },
    { "an improvement", "100000", "40000", 0, "\nGetItem +100000 +40000 +%-60.0%%" },
    { "a row that was not measured", "GetItem", "PutItem", 1, "\nGetItem: not measured" },
    { "a row that is new", "GetItem", "PutItem", 1, "\nPutItem, lua5.4: not in " },
  }) do
    it(("ends with %d after %s"):format(case[4], case[1]), function()
      local measured, count = committed:gsub(case[2], case[3])
      assert.equal(1, count)
      local text = compare(measured)
      assert.matches(case[5], text)
      assert.matches("\ncode " .. case[4] .. "\n$", text)
    end)
  end

  it("fails for a row without a number", function()
    assert.matches("\ncode 1\n$", compare((committed:gsub(" +90000", ""))))
    assert.matches("\ncode 1\n$", compare((committed:gsub("90000", "many"))))
  end)

  it("fails for a file without a table", function()
    assert.matches("has no table.*\ncode 1\n$", compare(HEAD))
  end)

  it("compares the Luas that were measured", function()
    local text = compare("# Instructions of one call\n# LuaJIT 2.1, a system\n# call              luajit\n"
      .. "GetItem             93000\na page, in parts       36.0\n")
    assert.matches("GetItem, luajit: %+3.3 %%", text)
    assert.matches("\ncode 1\n$", text)
  end)

  it("judges nothing that was counted on another system, and says so", function()
    local text = compare((committed:gsub("100000", "200000"):gsub("a system", "another system")))
    assert.matches("\nnot judged: .*\ncommitted: [^\n]*, a system\nmeasured:  [^\n]*, another system\ncode 0\n$", text)
  end)

  it("finds the committed file in order", function()
    local command = os.getenv("LUA") .. " bench/compare.lua bench/instructions.txt bench/instructions.txt; echo code $?"
    local text = files.output_of(command)
    assert.matches("\nGetItem +%d+ +%d+ .*\ncode 0\n$", text)
  end)
end)

describe("bench/draw.lua", function()
  local function figures(us) return { cpu_us = us, calls_per_second = 1 } end
  local function client(name, label, us)
    return { name = name, label = label, GetItem = figures(us), PutItem = figures(us), Scan = figures(us * 1000) }
  end
  local data = cjson.encode({ measured = "2026-01-02", machine = "a <machine>", server = "nginx", rounds = 5,
    clients = { client("lua5.4", "ours & fast", 50), client("other", "theirs", 1000) } })

  it("draws a bar for each client, as long as its time", function()
    local text = run("draw.lua", data)
    local _, own = text:gsub('<rect class="own" x="330" y="%d+" width="16%.5" height="14"/>', "")
    local _, other = text:gsub('<rect class="other" x="330" y="%d+" width="330%.0" height="14"/>', "")
    assert.same({ 3, 3 }, { own, other })
    assert.matches(">50%.0 us</text>", text)
    assert.matches(">1,000 us</text>", text)
    assert.matches(">1,000 ms</text>", text)
    assert.matches("\ncode 0\n$", text)
  end)

  it("writes texts as XML has them, in one colour of medium contrast", function()
    local text = run("draw.lua", data)
    assert.matches(">ours &amp; fast</text>", text)
    assert.matches("a &lt;machine&gt;", text)
    local red, green, blue = text:match("text { [^}]*fill: #(%x%x)(%x%x)(%x%x) }")
    for _, part in ipairs({ red, green, blue }) do assert.is_true(math.abs(tonumber(part, 16) - 0x78) < 0x20) end
    local function count(pattern) return select(2, text:gsub(pattern, "")) end
    assert.equal(count("<%l+[ >]"), count("</%l+>") + count("/>"))
  end)

  it("drew the picture of the documentation from the committed figures", function()
    local text = files.output_of(os.getenv("LUA") .. " bench/draw.lua bench/peers.json")
    assert.equal(text, files.read("doc/performance.svg"))
  end)
end)

describe("the figures of the pages", function()
  local readme = files.read("README.md")

  -- 1234.5 -> "1,235"; with a divisor 18174.6 -> "18", or "18.2" with a digit.
  local function text(number, digits)
    return (("%." .. (digits or 0) .. "f"):format(number):gsub("^(%d+)(%d%d%d)", "%1,%2"))
  end

  it("are those of bench/peers.json", function()
    local by_name = {}
    for _, client in ipairs(cjson.decode(files.read("bench/peers.json")).clients) do by_name[client.name] = client end
    local function row(operation, divisor, digits)
      local cells = {}
      for i, name in ipairs({ "lua5.4", "luajit", "sdk-js", "boto3" }) do
        local number = by_name[name][operation].cpu_us / divisor
        cells[i] = text(number, number < 20 and digits)
      end
      return cells
    end
    local page = files.read("doc/performance.md")
    for _, operation in ipairs({ "GetItem", "PutItem" }) do
      assert.matches(("| %s, us | %s |"):format(operation, table.concat(row(operation, 1), " | ")), page, 1, true)
    end
    assert.matches(("| Scan of a page, ms | %s |"):format(table.concat(row("Scan", 1000, 1), " | ")), page, 1, true)
    local get, scan = row("GetItem", 1), row("Scan", 1000)
    assert.matches(("GetItem | %s us (LuaJIT: %s) | %s us | %s us |"):format(get[1], get[2], get[4], get[3]), readme, 1, true)
    assert.matches(("1 MB | %s ms (LuaJIT: %s) | %s ms | %s ms |"):format(scan[1], scan[2], scan[4], scan[3]), readme, 1, true)
  end)

  it("are those of the run under faults and of the fuzzing", function()
    local soak = files.read("spec/soak/README.md")
    for _, figure in ipairs({ "3,487 faults", "14", "3,975 writes" }) do
      assert.matches(figure, readme, 1, true)
      assert.matches(figure, soak, 1, true)
    end
    local inputs = tonumber((files.read("doc/fuzzing.md"):match("\nran ([%d,]+) inputs"):gsub(",", "")))
    assert.matches(text(inputs / 1e6, 1) .. " million inputs", readme, 1, true)
  end)
end)
