-- Files that are loaded when they are needed. The modules of these specs are functions in package.preload.

local failures = dofile("spec/support/memory_failures.lua")
local late = require("dynamodb.base.late")

local A, B = "dynamodb.late_spec_a", "dynamodb.late_spec_b"

describe("late", function()
  local loads

  before_each(function()
    loads = 0
    package.preload[A] = function()
      loads = loads + 1
      return { twice = function(x) return 2 * x end, value = 5 }
    end
    package.preload[B] = function()
      loads = loads + 1
      return function(...) return select("#", ...) end
    end
  end)

  after_each(function()
    for _, name in ipairs({ A, B }) do package.loaded[name], package.preload[name] = nil, nil end
  end)

  describe("methods", function()
    local methods

    before_each(function()
      methods = {}
      package.preload[A] = function()
        loads = loads + 1
        function methods.add(self, a, b) return self.base + a + (b or 0) end
        function methods.count(_, ...) return select("#", ...) end
        function methods.fail() error("failed", 0) end
        function methods.wait() return coroutine.yield("waiting") end
      end
      late.methods(A, methods, "add count fail wait")
    end)

    it("are there before the file is loaded, and the file's own afterwards", function()
      assert.equal(0, loads)
      local first = methods.add
      assert.equal(6, methods.add({ base = 1 }, 2, 3))
      assert.equal(1, loads)
      assert.not_equal(first, methods.add)
      assert.equal(6, methods.add({ base = 1 }, 2, 3))
      assert.equal(6, first({ base = 1 }, 2, 3)) -- a caller may have kept it
      assert.equal(1, loads)
    end)

    it("get every argument, and pass on what is raised", function()
      assert.equal(3, methods.count({}, nil, nil, nil))
      assert.error_matches(function() methods.fail() end, "^failed$")
    end)

    it("may yield when the first call loads the file", function()
      local co = coroutine.wrap(function() return methods.wait() end)
      assert.equal("waiting", co())
      assert.equal("done", co("done"))
    end)

    it("stay as they are when the file is loaded", function()
      methods.add({ base = 1 }, 1)
      local own = methods.add
      late.methods(A, methods, "add count fail wait")
      assert.equal(own, methods.add)
    end)

    it("load the file anew when it could not be loaded", function()
      local whole = package.preload[A]
      package.preload[A] = function()
        loads = loads + 1
        function methods.add() return "half" end
        error("broken", 0)
      end
      late.methods(B, methods, "other")
      package.preload[B] = function()
        function methods.other() return "half" end
        return late.get(A) -- by another file
      end
      local stub = methods.add
      for _ = 1, 2 do
        assert.error_matches(function() methods.other() end, "broken")
        assert.equal(stub, methods.add)
      end
      assert.equal(2, loads)
      package.preload[A] = whole
      assert.equal(6, methods.add({ base = 1 }, 2, 3))
    end)

    it("work after memory has run out at any allocation while the file was loaded", function()
      local module = "dynamodb.values.json"
      local before = package.loaded[module]
      local count = failures.each(17, function()
        package.loaded[module] = nil
        late.get(module)
      end, function(n)
        package.loaded[module] = package.loaded[module] or late.get(module)
        assert(type(package.loaded[module]) == "table", n)
      end)
      package.loaded[module] = before
      assert.is_true(count > 5)
    end)

    it("raise when the file does not define them", function()
      late.methods(B, methods, "missing")
      assert.error_matches(function() methods.missing() end, "missing")
    end)
  end)

  it("calls a function of a module, or a module that is a function", function()
    local twice, count = late.call(A, "twice"), late.call(B)
    assert.equal(0, loads)
    assert.equal(8, twice(4))
    assert.equal(10, twice(5))
    assert.equal(2, count(nil, nil))
    assert.equal(2, loads)
  end)

  it("gives what stands for a module, or the module itself when it is loaded", function()
    local module = late.module(A)
    assert.equal(0, loads)
    assert.equal(5, module.value)
    assert.is_nil(module.unknown)
    assert.equal(6, module.twice(3))
    assert.equal(1, loads)
    assert.equal(package.loaded[A], late.module(A))
    assert.equal(2, late.module(B)(nil, nil))
  end)

  it("makes a module a field, which is loaded when it is read", function()
    local owner = { other = 1 }
    late.field(A, owner, "a")
    late.field(B, owner, "b")
    assert.is_nil(owner.unknown)
    assert.equal(0, loads)
    assert.equal(5, owner.a.value)
    assert.equal(1, loads)
    assert.equal(package.loaded[A], rawget(owner, "a"))
  end)
end)
