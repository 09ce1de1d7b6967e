-- Measures the line coverage of lua/ without luacov, in two steps:
--   lua5.4 busted --helper=tools/linecov.lua spec   appends the executed lines to build/coverage/lua-lines
--   lua5.4 tools/linecov.lua FLOOR                  prints the missed lines; fails below FLOOR per cent
-- LuaJIT calls no hooks in compiled code. Specs are therefore measured on Lua 5.4 only, and nginx runs
-- without compilation.
local coverage_file = "build/coverage/lua-lines"

local function record()
  package.cpath = ("build/coverage/%s/?.so;"):format(jit and "luajit" or "lua5.4") .. package.cpath
  local linecov = require("linecov") -- tools/linecov.c
  local gethook, sethook, start = debug.gethook, debug.sethook, linecov.start

  -- Specs remove the hook and set it again. For a hook in C debug.gethook returns text, which debug.sethook
  -- does not accept.
  function debug.gethook()
    local hook, mask, count = gethook()
    return hook == "external hook" and start or hook, mask, count
  end
  function debug.sethook(hook, mask, count)
    if hook == start then return start() end
    if hook then return sethook(hook, mask, count) end
    return sethook()
  end

  -- In Lua 5.4 a hook belongs to one coroutine, so each new coroutine sets it first, unless the spec that
  -- makes it has removed the hook, which allocates.
  local function hooked(body)
    if not gethook() then return body end
    return function(...)
      start()
      return body(...)
    end
  end
  local function write()
    local ran = linecov.lines()
    local file = assert(io.open(coverage_file, "a"))
    file:setvbuf("no") -- one write, which does not mix with those of concurrent processes
    file:write(table.concat(ran, "\n") .. "\n")
    file:close()
    return nil, true -- busted then calls the other subscribers
  end

  local create, wrap = coroutine.create, coroutine.wrap
  -- In LuaJIT a hook applies to all coroutines. nginx workers of the specs call LINECOV at exit.
  if jit then
    jit.off()
    LINECOV = write
  else
    function coroutine.create(body) return create(hooked(body)) end
    function coroutine.wrap(body) return wrap(hooked(body)) end
    require("busted").subscribe({ "exit" }, write)
  end
  start()
end

-- The lines that have instructions, by luac. The implicit return at the end of a function is not counted.
local function executable_lines(file)
  local lines, last = {}, 0
  local listing = assert(io.popen("luac5.4 -l -p '" .. file .. "'"))
  for text in listing:lines() do
    local function_end = text:match("^function <.-:%d+,(%d+)>") or text:match("^main <") and 0
    local line, opcode = text:match("^%s+%d+%s+%[(%d+)%]%s+(%u+)")
    if function_end then
      last = tonumber(function_end)
    elseif line then
      local implicit = opcode:find("^RETURN") and (last == 0 or tonumber(line) == last)
      if not implicit and opcode ~= "VARARGPREP" then lines[tonumber(line)] = true end
    end
  end
  assert(listing:close(), "luac5.4 cannot read " .. file)
  return lines
end

local function lines_that_ran()
  local ran = {}
  for position in io.lines(coverage_file) do ran[position] = true end
  return ran
end

local function missed_ranges(missed)
  local ranges, first, last = {}, nil, nil
  table.sort(missed)
  for i = 1, #missed + 1 do
    local line = missed[i]
    if first and line ~= last + 1 then
      ranges[#ranges + 1] = first == last and first or first .. "-" .. last
      first = nil
    end
    first, last = first or line, line
  end
  return table.concat(ranges, " ")
end

local function report(floor)
  local ran, total, hit = lines_that_ran(), 0, 0
  local files = assert(io.popen("find lua -name '*.lua' | LC_ALL=C sort"))
  for file in files:lines() do
    local missed = {}
    for line in pairs(executable_lines(file)) do
      total = total + 1
      if ran[file .. ":" .. line] then hit = hit + 1 else missed[#missed + 1] = line end
    end
    if missed[1] then print("missed " .. file .. ": " .. missed_ranges(missed)) end
  end
  files:close()
  local percent = 100 * hit / total
  print(("lua/: %.1f %% of %d lines, floor %d %%"):format(percent, total, floor))
  return percent >= floor -- false if there is no line at all, since percent is then NaN
end

if arg and arg[0]:find("linecov", 1, true) then
  os.exit(report(tonumber(arg[1])))
else
  record()
end
