--- The ledger of a writer: a file with a line before each write and a line after it. A process that is killed leaves the
--- first without the second.
-- Lines: "ID begin KIND DETAIL", "ID done", "ID ambiguous CODE", "ID failed CODE", and for batches "ID left INDEX...";
-- "- NOTE WORDS" for the rest: differences, measures, jumps of the clock.

local ledger = {}
local Ledger = {}
Ledger.__index = Ledger

--- Opens a new ledger. 'name' is unique among all processes of all writers.
function ledger.open(directory, name)
  local file = assert(io.open(directory .. "/ledger." .. name, "a"))
  file:setvbuf("no") -- each line is in the file before the next request is sent
  return setmetatable({ file = file, name = name, count = 0, done = 0 }, Ledger)
end

local function write(self, ...)
  assert(self.file:write(table.concat({ ... }, " ") .. "\n")) -- one system call
end

--- Notes a write that is about to be sent -> its id.
function Ledger:begin(kind, detail)
  self.count = self.count + 1
  local id = self.name .. "_" .. self.count
  write(self, id, "begin", kind, detail or "")
  return id
end

--- Notes the outcome of a write.
function Ledger:finish(id, ok, err)
  if ok then
    self.done = self.done + 1
    write(self, id, "done")
  else
    write(self, id, err and err.ambiguous and "ambiguous" or "failed", err and (err.code or err.kind) or "missing")
  end
end

--- Notes the outcome of a batch: the indices of the entries that are left over.
function Ledger:finish_batch(id, ok, err, indices)
  if ok then return self:finish(id, ok) end
  write(self, id, "left", table.concat(indices, " "))
  self:note("batch-error", err.code or err.kind)
end

--- Notes anything else.
function Ledger:note(word, ...)
  write(self, "-", word, ...)
end

--- Reads the ledgers of a directory -> writes by id: { kind, detail, outcome, code or indices }; list of notes { word, text,
--- file }.
function ledger.read(directory)
  local writes, notes = {}, {}
  local pipe = assert(io.popen("cd '" .. directory .. "' && ls ledger.*"))
  for file in pipe:lines() do
    for line in io.lines(directory .. "/" .. file) do
      local id, word, rest = line:match("^(%S+) (%S+) ?(.*)$")
      if not id then
        notes[#notes + 1] = { word = "difference", text = "unreadable line: " .. line, file = file }
      elseif id == "-" then
        notes[#notes + 1] = { word = word, text = rest, file = file }
      elseif word == "begin" then
        local kind, detail = rest:match("^(%S+) ?(.*)$")
        writes[id] = { kind = kind, detail = detail, outcome = "open" }
      else
        writes[id].outcome, writes[id].rest = word, rest
      end
    end
  end
  pipe:close()
  return writes, notes
end

return ledger
