-- types/ as a test: it has every public function, method, parameter, option, field, event and error kind, with types that fit
-- the checks of the code, and nothing that does not exist. The names come from the code at run time. A message names the file
-- to edit.

local core = require("dynamodb.core")
local dynamodb = require("dynamodb")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local kit = dofile("spec/support/kit_objects.lua")
local luacats = dofile("spec/support/luacats.lua")
local options = require("dynamodb.base.options")
local pages = dofile("spec/support/reference_pages.lua")
local public_methods = dofile("spec/support/public_methods.lua")
local schemas = dofile("spec/support/option_schemas.lua")
local table_objects = require("dynamodb.table.table")
local testing = require("dynamodb.testing")

dynamodb.preload()

local compiled = loadstring or load -- luacheck: ignore 113

local all = luacats.read("types")
local conn = helper.offline(helper.fake())
local tbl = conn:table("users", { hash_key = "id" })
local task = dynamodb.loop.spawn(function() end)
dynamodb.loop.run()

-- The objects that users hold, by their class.
local objects = {
  ["dynamodb.Attr"] = dynamodb.attr("a"),
  ["dynamodb.BackgroundQueue"] = conn:background(),
  ["dynamodb.BatchList"] = conn:new_batch_list(),
  ["dynamodb.BatchWriteList"] = conn:new_batch_write_list(),
  ["dynamodb.BatchWriter"] = tbl:batch_writer(),
  ["dynamodb.Binary"] = dynamodb.binary("a"),
  ["dynamodb.Connection"] = conn,
  ["dynamodb.Item"] = tbl:new_item("a"),
  ["dynamodb.Loader"] = tbl:loader(),
  ["dynamodb.Lock"] = helper.lock(),
  ["dynamodb.Number"] = dynamodb.number(1),
  ["dynamodb.Results"] = tbl:scan(),
  ["dynamodb.Set"] = dynamodb.set({ 1 }),
  ["dynamodb.Table"] = tbl,
  ["dynamodb.Task"] = task,
  ["dynamodb.Update"] = dynamodb.update(),
  ["dynamodb.testing.Clock"] = kit.clock,
  ["dynamodb.testing.Faults"] = kit.faults,
  ["dynamodb.testing.Recording"] = kit.recording,
  ["dynamodb.testing.Replay"] = kit.replay,
  ["dynamodb.testing.Server"] = kit.server,
  ["dynamodb.testing.TableGuard"] = kit.guard,
}

-- The modules and tables of functions, by their class.
local modules = { dynamodb = dynamodb, ["dynamodb.Json"] = dynamodb.json, ["dynamodb.Loop"] = dynamodb.loop,
  ["dynamodb.testing"] = testing }

-- The parameters of functions that take any number of arguments, which no message names.
local variadic = {
  ["dynamodb.all"] = { "condition", "..." }, ["dynamodb.any"] = { "condition", "..." }, ["dynamodb.where"] = { "text", "..." },
  ["dynamodb.Loop.run"] = { "f", "..." }, ["dynamodb.Loop.spawn"] = { "f", "..." },
}

-- Values for parameters by name, with which a method comes to the check of its options.
local fit = { attributes = { id = "a" }, backup = "arn:aws:b", calls = {}, change = print, export = "arn:aws:e", hash_key = "a",
  import = "arn:aws:i", name = "users", operation = "ListTables", secret = ("s"):rep(16), statement = "SELECT * FROM users",
  table = tbl, tbl = tbl }

-- Class -> { the functions and methods of the code, the object or nil }.
local public = {}
for class, object in pairs(objects) do public[class] = { public_methods(object), object } end
for class, module in pairs(modules) do
  local functions = {}
  for name, value in pairs(module) do
    if type(value) == "function" then functions[name] = value end
  end
  public[class] = { functions }
end

-- Compares two tables by name. Reports what lacks in the types, and what they have too much, with the place to edit.
local function compare(problems, expected, found, place, what)
  for _, name in ipairs(helper.names_of(expected)) do
    if not found[name] then problems[#problems + 1] = ("%s: add %s %s"):format(place, what, name) end
  end
  for _, name in ipairs(helper.names_of(found)) do
    if not expected[name] then problems[#problems + 1] = ("%s: remove %s %s, which does not exist"):format(place, what, name) end
  end
end

local function expect_none(problems) assert.equal("", table.concat(problems, "\n")) end

local function place_of(class) return all.classes[class].file .. ": " .. class end

-- {===== Types and checks =====

-- Values of each kind, some of which satisfy the checks of options.
local SAMPLES = { true, false, 1, 1.5, 500, "x", "http://localhost:8000", "123456789012", "PutItem", print, {} }

local function admits(alternative, value)
  local kind, name = alternative.kind, alternative.name
  if kind == "literal" then return alternative.value == value end
  if kind == "function" then return type(value) == "function" end
  if kind == "list" or kind == "record" then return type(value) == "table" end
  if name == "integer" then return type(value) == "number" and value % 1 == 0 end
  if all.classes[name] then return type(value) == "table" and all.classes[name].is_exact == true end
  return name == "any" or name == type(value)
end

-- Returns true unless an alternative of a type has no value that the validator accepts.
local function is_accepted(alternative, validator)
  local name = alternative.name
  if alternative.kind == "literal" then return validator(alternative.value) == true end
  if name == "number" then return validator(1.5) == true or validator(1000.5) == true or validator(math.huge) == true end
  if name ~= "boolean" and name ~= "integer" and name ~= "string" then return true end -- tables and functions
  for _, value in ipairs(SAMPLES) do
    if admits(alternative, value) and validator(value) == true then return true end
  end
  return false
end

-- Returns what is wrong with the type of an option whose values this validator checks | nil.
local function misfit(kind, validator)
  local _, expected = validator(io.stdout)
  if not expected then return nil end -- any value; its type is checked elsewhere
  local alternatives = luacats.alternatives(all, kind)
  for _, value in ipairs(SAMPLES) do
    local is_admitted = false
    for _, each in ipairs(alternatives) do is_admitted = is_admitted or admits(each, value) end
    if validator(value) == true and not is_admitted then
      return ("the code accepts %s: %s"):format(dynamodb.inspect(value), expected)
    end
  end
  for _, each in ipairs(alternatives) do
    if not is_accepted(each, validator) then
      return ("the code does not accept %s: %s"):format(each.name or dynamodb.inspect(each.value), expected)
    end
  end
end

-- Compares the options that code checks with the fields of classes.
local function compare_options(problems, schema, fields, place)
  compare(problems, schema, fields, place, "@field")
  for name, field in pairs(fields) do
    local why = schema[name] and misfit(field.type, schema[name])
    if why then problems[#problems + 1] = ("%s: @field %s: %s"):format(field.where, name, why) end
  end
end

-- Returns the names of the classes of options in a type.
local function option_classes(kind, list)
  for _, each in ipairs(luacats.alternatives(all, kind)) do
    local class = each.kind == "name" and all.classes[each.name]
    if class and class.is_exact then list[#list + 1] = each.name end
  end
  return list
end

-- Returns the fields of all classes of options that the last parameters of a function's forms have. A form that takes an
-- item in place of a table is one of the item's own methods.
local function options_of(f)
  local found, names = {}, {}
  if #f.parameters > 0 then option_classes(f.parameters[#f.parameters].type, names) end
  for _, overload in ipairs(f.overloads) do
    local list = overload.parameters
    local first = list[1].name == "self" and list[2] or list[1]
    if first.name ~= "item" then option_classes(list[#list].type, names) end
  end
  local classes = {}
  for _, name in ipairs(names) do
    classes[name] = true
    for field, each in pairs(luacats.fields(all, name)) do found[field] = each end
  end
  return found, table.concat(helper.names_of(classes), ", ")
end

-- ===================== }

describe("types/", function()
  teardown(function() conn:close() end)

  it("has files that begin with @meta and are Lua", function()
    local count = 0
    for path in pairs(all.metas) do
      assert.equal("---@meta", files.read(path):match("^%-%-%-@meta"), path)
      assert.is_function(compiled(files.read(path), "@" .. path))
      count = count + 1
    end
    assert.is_true(count > 10)
    assert.equal("dynamodb", all.metas["types/dynamodb.lua"])
    assert.equal("dynamodb.testing", all.metas["types/testing.lua"])
  end)

  it("has the functions and methods of every object and module, and no others", function()
    local problems = {}
    for class, each in pairs(public) do
      if not all.classes[class] then
        problems[#problems + 1] = ("types/: add a file with class %s"):format(class)
      else
        compare(problems, each[1], all.classes[class].methods, place_of(class), "function")
      end
    end
    for name, class in pairs(all.classes) do
      if next(class.methods) and not public[name] and name ~= "dynamodb.Transport" then
        problems[#problems + 1] = ("%s: class %s has methods, and this spec makes no such object"):format(class.file, name)
      end
    end
    expect_none(problems)
  end)

  it("has the parameters of every function, and a first sentence for each", function()
    local problems, count = {}, 0
    for class, each in pairs(public) do
      for name, f in pairs(each[1]) do
        local typed = all.classes[class].methods[name]
        local expected = schemas.parameters(f, each[2]) or assert(variadic[class .. "." .. name], class .. "." .. name)
        if typed then
          local takes, documented = table.concat(expected, ", "), {}
          for i, parameter in ipairs(typed.parameters) do documented[i] = parameter.name end
          if table.concat(typed.names, ", ") ~= takes or table.concat(documented, ", ") ~= takes then
            problems[#problems + 1] = ("%s: %s takes (%s), @param and function have (%s) and (%s)"):format(typed.where, name,
              takes, table.concat(documented, ", "), table.concat(typed.names, ", "))
          end
          if typed.is_method ~= (each[2] ~= nil) then problems[#problems + 1] = typed.where .. ": dot or colon" end
          if not typed.text then problems[#problems + 1] = ("%s: %s: a first sentence is missing"):format(typed.where, name) end
          for _, overload in ipairs(typed.overloads) do
            local first = overload.parameters[1]
            if each[2] and not (first and first.name == "self" and first.type.name == class) then
              problems[#problems + 1] = ("%s: %s: an overload begins with self: %s"):format(typed.where, name, class)
            end
          end
          count = count + 1
        end
      end
    end
    expect_none(problems)
    assert.is_true(count > 150)
  end)

  it("has the options of every method, with types that fit the checks", function()
    local problems, count = {}, 0
    for class, each in pairs(public) do
      for name, f in pairs(each[1]) do
        local typed, parameters = all.classes[class].methods[name], schemas.parameters(f, each[2])
        if typed and parameters then
          local schema = schemas.of(f, each[2], parameters, fit)
          if f == testing.table then
            schema = options.merge(schemas.capture(function(marked) testing.table(conn, marked) end), table_objects.key_options)
          end
          local fields, classes = options_of(typed)
          if schema then count = count + 1 end
          compare_options(problems, schema or {}, fields, ("%s: options of %s (%s)"):format(typed.where, name, classes))
        end
      end
    end
    expect_none(problems)
    assert.is_true(count > 50)
  end)

  it("has the options inside of other arguments", function()
    local schema = conn:create_schema("id", "S")
    local nested = {
      ["dynamodb.IndexDefinition"] = { function(marked)
        conn:create_table({ name = "x", schema = schema, global_indexes = { marked } })
      end },
      ["dynamodb.CapacityOptions"] = { function(marked) tbl:update({ indexes = { x = marked } }) end },
      ["dynamodb.BatchWriteRequest"] = { function(marked) conn:batch_write({ [tbl] = marked }) end,
        function(marked) tbl:batch_write(marked) end },
      ["dynamodb.BatchGetRequest"] = { function(marked)
        marked.keys = {}
        conn:batch_get({ [tbl] = marked })
      end },
      ["dynamodb.TransactGetRequest"] = { function(marked) conn:transact_get({ marked }) end },
      ["dynamodb.TransactWriteOperation"] = {},
    }
    for _, kind in ipairs({ "put", "update", "delete", "check" }) do
      table.insert(nested["dynamodb.TransactWriteOperation"], function(marked)
        marked[kind] = {}
        conn:transact_write({ marked })
      end)
    end
    local problems = {}
    for class, calls in pairs(nested) do
      local known = {}
      for _, call in ipairs(calls) do
        for name, validator in pairs(assert(schemas.capture(call), class)) do known[name] = validator end
      end
      compare_options(problems, known, luacats.fields(all, class), place_of(class))
    end
    expect_none(problems)
  end)

  it("gives the fields that all calls need without a mark of optional ones", function()
    for class, names in pairs({ ["dynamodb.CreateTableOptions"] = "name schema", ["dynamodb.IncrementOptions"] = "path",
      ["dynamodb.UpdateItemOptions"] = "update", ["dynamodb.ExportOptions"] = "bucket", ["dynamodb.IndexDefinition"] = "name",
      ["dynamodb.RestoreFromBackupOptions"] = "backup name", ["dynamodb.ImportTableOptions"] = "bucket name schema" }) do
      local required = {}
      for name, field in pairs(luacats.fields(all, class)) do
        if not field.is_optional then required[#required + 1] = name end
      end
      table.sort(required)
      assert.equal(names, table.concat(required, " "), place_of(class))
    end
  end)

  -- {===== Fields, errors, hooks =====

  -- Returns the names in the first cells of tables of a page.
  local function names_in(page, first, pattern)
    local found = {}
    for _, cells in ipairs(pages.rows(files.read("doc/" .. page), first)) do
      for name in cells[1]:gmatch("`" .. (pattern or "") .. "([%w_]+)[`(]") do found[name] = true end
    end
    return found
  end

  it("has the fields of objects", function()
    local problems = {}
    for class, names in pairs({
      ["dynamodb.BatchWriter"] = names_in("writer.md", "field", "writer%."),
      ["dynamodb.Connection"] = names_in("connection.md", "field", "conn%."),
      ["dynamodb.Error"] = names_in("errors.md", "field", "err%."),
      ["dynamodb.Lock"] = names_in("locks.md", "field", "lock%."),
      ["dynamodb.Results"] = names_in("results.md", "field", "results%."),
      ["dynamodb.Stats"] = names_in("hooks.md", "field"),
      ["dynamodb.Table"] = names_in("table.md", "field", "tbl%."),
      ["dynamodb.Task"] = names_in("loop.md", "field", "task%."),
    }) do
      assert.is_truthy(next(names), class)
      compare(problems, names, luacats.fields(all, class), place_of(class), "@field")
    end
    local keys, values = {}, {}
    for name in pairs(tbl.schema) do keys[name] = true end
    for name in pairs(conn:create_schema("id", "S", "n", "N")) do keys[name] = true end
    compare(problems, keys, luacats.fields(all, "dynamodb.Schema"), place_of("dynamodb.Schema"), "@field")
    for name, value in pairs(dynamodb) do
      if type(value) ~= "function" then values[name] = true end
    end
    values.loop, values.json = true, true -- loaded late
    compare(problems, values, luacats.fields(all, "dynamodb"), place_of("dynamodb"), "@field")
    expect_none(problems)
    for name in pairs(core.table_parts(tbl)) do assert.is_truthy(luacats.fields(all, "dynamodb.Table")[name], name) end
  end)

  it("has the kinds of errors", function()
    local found = {}
    for _, each in ipairs(luacats.alternatives(all, all.aliases["dynamodb.ErrorKind"].type)) do found[each.value] = true end
    local problems = {}
    compare(problems, names_in("errors.md", "kind"), found, "types/errors.lua: dynamodb.ErrorKind", "kind")
    expect_none(problems)
  end)

  it("has the hook events with their fields", function()
    local events, problems = require("dynamodb.request.hooks").events, {}
    local fields = luacats.fields(all, "dynamodb.Hooks")
    compare(problems, events, fields, place_of("dynamodb.Hooks"), "@field")
    for event, names in pairs(events) do
      local class = fields[event] and fields[event].type.parameters[1].type.name
      local expected = {}
      for _, name in ipairs(names) do expected[name] = true end
      if event ~= "credentials_refreshed" and event ~= "warning" then expected.operation, expected.table = true, true end
      if class then compare(problems, expected, luacats.fields(all, class), place_of(class), "@field") end
    end
    expect_none(problems)
  end)

  it("has the functions of a transport", function()
    local required, optional = {}, {}
    local text = files.read("doc/transport.md"):gsub("These functions are optional:.*$", "")
    for _, cells in ipairs(pages.rows(text, "function")) do required[cells[1]:match("^`(%l+)")] = true end
    for name in pairs(names_in("transport.md", "function")) do
      if not required[name] then optional[name] = true end
    end
    local problems, class = {}, all.classes["dynamodb.Transport"]
    compare(problems, required, class.methods, class.file, "function")
    compare(problems, optional, class.fields, class.file, "@field")
    expect_none(problems)
    assert.is_truthy(required.connect and optional.gather)
  end)

  -- ===================== }

  it("uses no type that is not defined, and defines none that is not used", function()
    local known, used, problems = { any = 1, boolean = 1, ["file*"] = 1, ["function"] = 1, integer = 1, number = 1, string = 1,
      table = 1, thread = 1, ["..."] = 1 }, {}, {}
    local function visit(kind, place)
      luacats.walk(kind, function(each)
        if each.kind ~= "name" then return end
        used[each.name] = true
        if not known[each.name] and not all.classes[each.name] and not all.aliases[each.name] then
          problems[#problems + 1] = ("%s: type %s is defined nowhere"):format(place, each.name)
        end
      end)
    end
    for _, alias in pairs(all.aliases) do visit(alias.type, alias.file) end
    for name, class in pairs(all.classes) do
      for _, parent in ipairs(class.parents) do visit({ kind = "name", name = parent }, name) end
      for _, field in pairs(class.fields) do visit(field.type, field.where) end
      for _, f in pairs(class.methods) do
        for _, list in ipairs({ f.parameters, f.returns }) do
          for _, each in ipairs(list) do visit(each.type, f.where) end
        end
        for _, overload in ipairs(f.overloads) do visit(overload, f.where) end
      end
    end
    for _, list in ipairs({ all.classes, all.aliases }) do
      for name, each in pairs(list) do
        if not used[name] and not modules[name] and name ~= "luassert.internal" then
          problems[#problems + 1] = ("%s: type %s is used nowhere"):format(each.file, name)
        end
      end
    end
    expect_none(problems)
  end)
end)
