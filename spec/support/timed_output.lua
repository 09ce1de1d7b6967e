-- An output handler for busted: prints as plainTerminal does and keeps a journal of the specs in the file that the
-- environment variable SPEC_JOURNAL names. A line `> NAME` is written before a file, a group of specs and a spec,
-- `SECONDS NAME` after a spec, so the last line of a process that hung or crashed names what it was in or had just run.
return function(options)
  local busted = require "busted"
  local handler = require "busted.outputHandlers.plainTerminal"(options)
  local journal = assert(io.open(assert(os.getenv("SPEC_JOURNAL")), "w"))
  journal:setvbuf("line")

  local function place(element)
    local trace = element.trace or {}
    return ("%s:%s %s"):format(trace.short_src or "?", trace.currentline or "?", handler.getFullName(element))
  end

  local started

  local function group_start(element)
    journal:write("> ", place(element), "\n")
    return nil, true
  end

  local function test_start(element)
    journal:write("> ", place(element), "\n")
    started = busted.monotime()
    return nil, true
  end

  local function test_end(element)
    journal:write(("%.2f %s\n"):format(busted.monotime() - started, place(element)))
    return nil, true
  end

  local subscribe = handler.subscribe
  function handler.subscribe(self, ...)
    busted.subscribe({ "file", "start" }, group_start)
    busted.subscribe({ "describe", "start" }, group_start)
    busted.subscribe({ "test", "start" }, test_start)
    busted.subscribe({ "test", "end" }, test_end)
    return subscribe(self, ...)
  end

  return handler
end
