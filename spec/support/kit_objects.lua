--- One object of each class of the testing kit, for specs of what all objects have in common.

local helper = dofile("spec/support/helper.lua")
local testing = require("dynamodb.testing")

local clock = testing.clock(helper.fake())
clock:close()
local recording = testing.record("/nowhere/recording", helper.fake())
recording.is_finished = true -- it writes no file
local replay_file = os.tmpname()
local replay = testing.replay(replay_file)
os.remove(replay_file)
local served = helper.connect()
local _, guard = testing.table(served)
served:close()

return { clock = clock, faults = testing.faults(helper.fake()), guard = guard, recording = recording, replay = replay,
  server = testing.server({ endpoint_url = helper.endpoint() }) }
