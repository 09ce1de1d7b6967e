-- Lua 5.5 refuses assignments to variables of a `for` loop. Here Lua 5.4 finds them in every Lua file: each loop
-- gets constants of the same names, and an assignment to one of them does not compile.

local lua_source = dofile("spec/support/lua_source.lua")
local read_bytes = dofile("spec/support/files.lua").read

local function read(path)
  return (read_bytes(path):gsub("^#[^\n]*", ""))
end

-- "for k, v in pairs(t) do" -> "for k, v in pairs(t) do local k <const>, v <const> = k, v;"
local function with_constants(text)
  local parts, from = {}, 1
  local loops = lua_source.loops(lua_source.tokens(text))
  table.sort(loops, function(a, b) return a.body.at < b.body.at end)
  for _, each in ipairs(loops) do
    local names, constants = {}, {}
    for i, name in ipairs(each.names) do names[i], constants[i] = name.text, name.text .. " <const>" end
    local stop = each.body.at + #"do"
    parts[#parts + 1] = ("%s local %s = %s;"):format(text:sub(from, stop - 1), table.concat(constants, ", "),
      table.concat(names, ", "))
    from = stop
  end
  return table.concat(parts) .. text:sub(from)
end

if _VERSION == "Lua 5.4" then
  describe("Lua 5.5", function()
    it("accepts every Lua file: none assigns to a variable of a loop", function()
      local refused, count = {}, 0
      local list = assert(io.popen("find lua spec bench tools examples -name '*.lua' -not -path '*/node_modules/*'"))
      for path in list:lines() do
        local chunk, why = load(with_constants(read(path)), "=" .. path)
        if not chunk then refused[#refused + 1] = why end
        count = count + 1
      end
      list:close()
      assert.same({}, refused)
      assert.is_true(count > 100)
    end)

    it("would refuse the assignments that this spec looks for", function()
      for _, source in ipairs({
        "for i = 1, 3 do i = i + 1 end",
        "for k, v in pairs({}) do if v then k = 1 end end",
        "for _, step in ipairs({}) do\n  if step then step = 1 end\nend",
        "for name in s:gmatch('x') do name, other = 1, 2 end",
        "for i = 1, 3 do return function() local function f() i = 2 end return f end end",
        "for _, name in\n  ipairs({\n 'a' })\ndo\n  name = 1\nend",
        "-- for it, in general\nfor k, v in pairs({}) do k = 1 end",
        "for i = 1, 3 -- do it\ndo i = 2 end",
        "for word in ('what to do'):gmatch('%a') do word = 1 end",
        "for word in (function() for _ = 1, 2 do end return next end)() do word = 1 end",
        "for i = 1, 3 do for j = 1, 3 do i = j end end",
        "for _, s in ipairs({ [[for x in y do]], \"for x = 1 do\", '\\'' }) do s = 1 end",
        "for i = 1, 3 do while i do i = i + 1 end end",
      }) do
        assert.is_function(load(source), source)
        assert.is_nil(load(with_constants(source)), source)
      end
      assert.is_function(load(with_constants("-- for those and others = 1\nfor i = 1, 3 do local j = i; j = 2 end")))
    end)
  end)
end
