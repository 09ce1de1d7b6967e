-- The end of the soak test: check.lua DIRECTORY. Compares ledgers and tables, checks that every kind of fault and of work
-- occurred and that memory stayed flat, and prints the figures. Exits with 1 if there is a difference.

local comparison = dofile("spec/soak/comparison.lua")
local files = dofile("spec/support/files.lua")
local helper = dofile("spec/support/helper.lua")
local ledger = dofile("spec/soak/ledger.lua")

-- What may be in use at the end in addition to what was in use after the warm-up. The allocator and LuaJIT keep some memory.
-- nginx keeps idle connections itself: at most as many as a round has requests at the same time.
local LUA_GROWTH, RESIDENT_GROWTH = 64, 4096 -- kilobytes
local DESCRIPTORS, IDLE_OF_NGINX = 0, 24
local RETURNED = 0.2 -- of the refusals that the client corrects
local SHOWN = 40 -- differences

local directory = arg[1]
local differences = {}

local function add(format, ...)
  differences[#differences + 1] = format:format(...)
end

-- Codes of failures that faults and other writers cause. Any other code is a difference.
local EXPECTED = {}
for code in ([[ConditionalCheckFailedException ExpiredTokenException InternalServerError InvalidSignatureException
  ProvisionedThroughputExceededException RequestExpired ThrottlingException TransactionCanceledException missing network
  response timeout]]):gmatch("%S+") do
  EXPECTED[code] = true
end

-- {===== What was noted =====

local function sorted_text(counts)
  local list = {}
  for _, name in ipairs(helper.names_of(counts)) do list[#list + 1] = name .. " " .. counts[name] end
  return table.concat(list, ", ")
end

-- Counts the writes by outcome, by kind, and by the code of their error. Checks the codes.
local function count_writes(writes)
  local outcomes, kinds, codes = { done = 0, ambiguous = 0, failed = 0, open = 0, left = 0 }, {}, {}
  for id, write in pairs(writes) do
    outcomes[write.outcome] = outcomes[write.outcome] + 1
    kinds[write.kind] = (kinds[write.kind] or 0) + (write.outcome == "done" and 1 or 0)
    if write.outcome == "failed" or write.outcome == "ambiguous" then
      codes[write.rest] = (codes[write.rest] or 0) + 1
      if not EXPECTED[write.rest] then add("%s %s: unexpected %s", write.kind, id, write.rest) end
    end
  end
  for kind, count in pairs(kinds) do
    if count == 0 then add("no write of kind %s was acknowledged", kind) end
  end
  return outcomes, kinds, codes
end

local function check_measures(file, warm, last)
  local text = ("%s: %d kB of Lua, %d kB resident, %d descriptors after the warm-up; %d, %d, %d at the end"):format(file, warm[1],
    warm[2], warm[3], last[1], last[2], last[3])
  print(text)
  local descriptors = file:find("nginx", 1, true) and IDLE_OF_NGINX or DESCRIPTORS
  if last[1] - warm[1] > LUA_GROWTH or last[2] - warm[2] > RESIDENT_GROWTH or last[3] - warm[3] > descriptors then
    add("resources grew: %s", text)
  end
end

-- 'counts' has the acknowledged writes of each round. A single round may be short, or fall into a spell of faults.
local function check_progress(file, counts)
  local last = #counts
  if last >= 3 and counts[last] + counts[last - 1] + counts[last - 2] == 0 then
    add("%s: no write was acknowledged in its last three rounds", file)
  end
end

-- Reads the notes -> number of jumps of clocks, number of complete reads by kind.
local function check_notes(notes)
  local jumps, complete, warm, last, progress = 0, {}, {}, {}, {}
  for _, note in ipairs(notes) do
    if note.word == "difference" then add("%s: %s", note.file, note.text) end
    if note.word == "batch-error" and not EXPECTED[note.text] then add("%s: batch: unexpected %s", note.file, note.text) end
    if note.word == "clock" then jumps = jumps + 1 end
    if note.word == "read" then complete[note.text] = (complete[note.text] or 0) + 1 end
    if note.word == "round" then
      progress[note.file] = progress[note.file] or {}
      table.insert(progress[note.file], tonumber(note.text))
    end
    if note.word == "measure" then
      local name, lua, resident, descriptors = note.text:match("^(%a+) (%S+) (%S+) (%S+)$")
      local measures = name == "warm" and warm or last
      measures[note.file] = { tonumber(lua), tonumber(resident), tonumber(descriptors) }
    end
  end
  for file, counts in pairs(progress) do check_progress(file, counts) end
  for _, file in ipairs(helper.names_of(last)) do check_measures(file, warm[file], last[file]) end
  local measured = table.concat(helper.names_of(last), " ")
  for _, name in ipairs({ "lua54steady", "luajitsteady", "nginx" }) do
    if not measured:find(name, 1, true) then add("%s was not measured", name) end
  end
  for _, kind in ipairs({ "scan", "query", "get", "pair" }) do
    if not complete[kind] then add("no read of kind %s was complete", kind) end
  end
  return jumps, complete
end

-- Refusals whose cause the client corrects are seldom returned: only when the cause comes back during the call.
local function check_corrections(codes, faults)
  local skewed = (codes.InvalidSignatureException or 0) + (codes.RequestExpired or 0)
  if skewed > faults.skewed * RETURNED then add("%d of %d refusals for the clock were returned", skewed, faults.skewed) end
  local expired = codes.ExpiredTokenException or 0
  if expired > faults.expired * RETURNED then add("%d of %d expired tokens were returned", expired, faults.expired) end
end

-- Returns the counts of faults by kind.
local function faults_of(jumps, kills)
  local counts, sum = { clock_jump = jumps, killed = kills }, jumps
  for kind, count in files.read(directory .. "/faults"):gmatch("(%S+) (%d+)\n") do
    counts[kind], sum = tonumber(count), sum + count
  end
  for kind, count in pairs(counts) do
    if count == 0 then add("no fault of kind %s occurred", kind) end
  end
  return counts, sum
end

-- ===================== }

local _, kills = files.read(directory .. "/kills"):gsub("\n", "")
for line in io.lines(directory .. "/trouble") do add("%s", line) end
local writes, notes = ledger.read(directory)
local outcomes, kinds, codes = count_writes(writes)
local jumps, reads = check_notes(notes)
local faults, sum = faults_of(jumps, kills)
check_corrections(codes, faults)
local conn = helper.connect()
comparison.run(conn, writes, add)
conn:close()

print("acknowledged: " .. sorted_text(kinds))
print("errors: " .. sorted_text(codes))
print("complete reads: " .. sorted_text(reads))
print("faults: " .. sorted_text(faults))
for i = 1, math.min(#differences, SHOWN) do print("difference: " .. differences[i]) end
local counts = ("%d writes acknowledged, %d ambiguous, %d failed, %d batches with leftovers, %d without outcome"):format(
  outcomes.done, outcomes.ambiguous, outcomes.failed, outcomes.left, outcomes.open)
print(("%s, %d kills, %d faults: %s"):format(counts, kills, sum,
  #differences == 0 and "no difference" or #differences .. " differences"))
os.exit(#differences == 0 and 0 or 1)
