-- Lua 5.5 refuses assignments to variables of a `for` loop. Here Lua 5.4 finds them in every Lua file: each loop
-- gets constants of the same names, and an assignment to one of them does not compile.

local function read(path)
  local file = assert(io.open(path))
  local text = file:read("*a")
  file:close()
  return text:gsub("^#[^\n]*", "")
end

-- "for k, v in pairs(t) do" -> "for k, v in pairs(t) do local k <const>, v <const> = k, v;"
local function with_constants(text)
  local function expand(head, names)
    local list, constants = {}, {}
    for name in (names .. ","):gmatch("([^,]*),") do
      local variable = name:match("^%s*([%a_][%w_]*)%s*$")
      if not variable then return nil end -- not a loop: the word in a comment or a text
      list[#list + 1], constants[#constants + 1] = variable, variable .. " <const>"
    end
    return ("%sdo local %s = %s;"):format(head, table.concat(constants, ", "), table.concat(list, ", "))
  end
  text = text:gsub("(%f[%w_]for%s+([%w_,%s]-)%s+in%s.-)%f[%w_]do%f[^%w_]", expand)
  return (text:gsub("(%f[%w_]for%s+([%w_]+)%s*=[^=].-)%f[%w_]do%f[^%w_]", expand))
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
      }) do
        assert.is_nil(load(with_constants(source)), source)
      end
      assert.is_function(load(with_constants("-- for those and others = 1\nfor i = 1, 3 do local j = i; j = 2 end")))
    end)
  end)
end
