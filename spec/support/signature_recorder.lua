--- Keeps requests that did not go to the verifying server; at the end of the run, spec/support/signature_verifier.sh verifies
--- their signatures. Without it, nothing is kept.

local directory = os.getenv("DYNAMODB_RECORDED")
local path = directory and ("%s/%x%s"):format(directory, os.time(), tostring({}):match("(%x+)$"))

local recorder = {}

--- Keeps a list of requests, each in all its bytes.
function recorder.keep(requests)
  if not path then return end
  local file = assert(io.open(path, "ab"))
  for _, bytes in ipairs(requests) do file:write(#bytes, "\n", bytes) end
  file:close()
end

return recorder
