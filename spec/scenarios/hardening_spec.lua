-- The hardening of the built modules, as readelf and nm show it, and the flags that the Makefile chooses.

local output_of = dofile("spec/support/files.lua").output_of

local BUILD = assert(os.getenv("LUA_BUILD"), "LUA_BUILD is not set: run through make spec")
local SANITIZED = BUILD:find("asan", 1, true) and "sanitizers have checks of their own in place of these"
local OPTIMISED = not BUILD:find("cov", 1, true)

-- Compilers and make run without what this run of the specs passes on: sanitizers, and variables of make.
local CLEAN = "env -u LD_PRELOAD -u MAKEFLAGS -u MFLAGS -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS "
local MAKE = CLEAN .. "make -n -B B=build/flags "

-- Runs a command in a temporary folder, whose path replaces FOLDER -> its output.
local function in_folder(command)
  return output_of(("folder=$(mktemp -d) && { %s; } 2>&1; rm -rf \"$folder\""):format((command:gsub("FOLDER", "$folder"))))
end

-- Compiles a function with these arguments -> true if what is made is marked for control-flow enforcement.
local function is_marked(arguments)
  local compile = CLEAN .. "cc " .. arguments .. " -fcf-protection -o FOLDER/f FOLDER/f.c; readelf -n FOLDER/f"
  local notes = in_folder("echo 'int f(void) { return 0; }' >FOLDER/f.c; " .. compile)
  return notes:find("IBT, SHSTK", 1, true) ~= nil
end

-- What 'make' passes to the compiler for one file, with these variables.
local function flags_of(variables)
  return output_of(("%s %s build/flags/csrc/core/buf.o | grep -- ' -c '"):format(MAKE, variables))
end

describe("hardening", function()
  for _, name in ipairs({ "core", "curl" }) do
    local path = ("%s/dynamodb/%s.so"):format(BUILD, name)

    describe("of dynamodb." .. name, function()
      local headers, dynamic, symbols

      setup(function()
        headers = output_of("readelf -lW " .. path)
        dynamic = output_of("readelf -dW " .. path)
        symbols = output_of("nm -D " .. path)
      end)

      it("makes relocations read-only once the module is loaded", function()
        assert.truthy(headers:find("GNU_RELRO", 1, true))
        assert.truthy(dynamic:find("BIND_NOW", 1, true))
        assert.truthy(dynamic:match("FLAGS_1[^\n]*NOW"))
      end)

      it("has no executable stack, and no segment that is writable and executable", function()
        assert.equal("RW", headers:match("GNU_STACK%s+%S+%s+%S+%s+%S+%s+%S+%s+%S+%s+([RWE ]-)%s+0x"))
        for flags in headers:gmatch("LOAD%s+%S+%s+%S+%s+%S+%s+%S+%s+%S+%s+([RWE ]-)%s+0x") do
          assert.is_nil(flags:match("W.*E"), flags)
        end
      end)

      it("changes no code while it is loaded, and names no folder to load libraries from", function()
        assert.truthy(dynamic:find("NEEDED", 1, true))
        for _, tag in ipairs({ "TEXTREL", "RPATH", "RUNPATH" }) do assert.is_nil(dynamic:find(tag, 1, true), tag) end
      end)

      it("exports its luaopen function only", function()
        local exported = {}
        for symbol in symbols:gmatch(" [TDBRVWiu] ([^_%s][^%s]*)") do exported[#exported + 1] = symbol end
        assert.same({ "luaopen_dynamodb_" .. name }, exported)
      end)

      it("checks return addresses", function()
        if SANITIZED then return pending(SANITIZED) end
        assert.truthy(symbols:find("__stack_chk_fail", 1, true))
      end)

      -- The start files of the C library are linked as well.
      it("is marked for control-flow enforcement where compiler and C library are", function()
        if not is_marked("-shared -fPIC") then return pending("no control-flow enforcement in this C library") end
        assert.truthy(output_of("readelf -n " .. path):find("IBT, SHSTK", 1, true))
      end)
    end)
  end

  it("checks the bounds of C library calls", function()
    if SANITIZED or not OPTIMISED then return pending(SANITIZED or "the C library checks bounds in optimised code only") end
    local symbols = output_of(("nm -D %s/dynamodb/core.so"):format(BUILD))
    assert.truthy(symbols:find("U __memcpy_chk", 1, true))
    assert.truthy(symbols:find("U __vsnprintf_chk", 1, true))
  end)

  it("marks all code for control-flow enforcement where the compiler can", function()
    if not is_marked("-c") then return pending("no control-flow enforcement in this compiler") end
    local count, unmarked = 0, {}
    for object in output_of(("find %s/csrc -name '*.o'"):format(BUILD)):gmatch("[^\n]+") do
      count = count + 1
      if not output_of("readelf -n " .. object):find("IBT, SHSTK", 1, true) then unmarked[#unmarked + 1] = object end
    end
    assert.is_true(count > 30)
    assert.same({}, unmarked)
  end)

  it("leaves the last word to CFLAGS, CPPFLAGS and LDFLAGS", function()
    local flags = flags_of("CPPFLAGS=-DX CFLAGS='-O2 -fno-stack-protector -fcf-protection=none'")
    for _, pair in ipairs({ { "-fstack-protector-strong", "-fno-stack-protector" }, { "-fstack-protector-strong", "-DX" } }) do
      local ours, theirs = flags:find(pair[1], 1, true), flags:find(pair[2], 1, true)
      assert.is_true(ours and theirs and ours < theirs, flags)
    end
    local link = output_of(MAKE .. "LDFLAGS=-Wl,-z,lazy build/flags/dynamodb/curl.so | grep -- -shared")
    assert.truthy(link:match("%-z,now.*%-z,lazy"), link)
  end)

  it("defines _FORTIFY_SOURCE once, and where it has an effect", function()
    local function count(variables) return select(2, flags_of(variables):gsub("_FORTIFY_SOURCE", "")) end
    local usual = count("CFLAGS=-O2")
    assert.is_true(usual <= 1) -- 0 where the compiler defines it
    assert.equal(usual, count("CFLAGS='-g -O0 -Os'"))
    assert.equal(0, count("CFLAGS='-O2 -O0'"))
    assert.equal(0, count("CFLAGS=-g"))
    assert.equal(0, count("CFLAGS='-O1 -fsanitize=address'"))
    assert.equal(1, count("CFLAGS='-O2 -D_FORTIFY_SOURCE=3'"))
    assert.equal(1, count("CFLAGS=-O2 CPPFLAGS='-Wp,-D_FORTIFY_SOURCE=3'"))
  end)

  it("asks only for what the compiler has", function()
    local known = "case \"$*\" in *-fcf-protection*|*-mbranch*|*clash*) exit 1;; esac; exec cc \"$@\""
    local flags = in_folder(("printf '%%s\\n' '#!/bin/sh' '%s' >FOLDER/old && chmod +x FOLDER/old && "):format(known)
      .. MAKE .. "CC=FOLDER/old build/flags/csrc/core/buf.o")
    assert.truthy(flags:find("-fstack-protector-strong", 1, true), flags)
    for _, flag in ipairs({ "-fcf-protection", "-mbranch-protection", "-fstack-clash-protection" }) do
      assert.is_nil(flags:find(flag, 1, true), flag)
    end
  end)
end)
