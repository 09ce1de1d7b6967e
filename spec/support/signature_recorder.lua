--- Records requests that bypass the verifying proxy. spec/support/signature_verifier.sh verifies their signatures at the end of
--- the run. Without that script nothing is recorded.

local directory = os.getenv("DYNAMODB_RECORDED")
local path = directory and ("%s/%x%s"):format(directory, os.time(), tostring({}):match("(%x+)$"))

local recorder = {}

--- Appends requests, given as their bytes, to the file of this process.
function recorder.keep(requests)
  if not path then return end
  local file = assert(io.open(path, "ab"))
  for _, bytes in ipairs(requests) do file:write(#bytes, "\n", bytes) end
  file:close()
end

return recorder
