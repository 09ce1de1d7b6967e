--- Keeps requests that no verifying server has seen; when the run ends, spec/support/signature_verifier.sh has their signatures
--- verified. Where nobody runs that, nothing is kept.

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
