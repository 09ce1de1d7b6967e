--- Token caches: the JSON files that `aws sso login` and `aws login` write, and that whoever refreshes a
--- token writes back, so that the AWS CLI and other SDKs go on with it.

local document = require("dynamodb.credentials.document")
local system = require("dynamodb.base.system")

local token_file = {}

--- -> { path =, text =, members = }, of which members are the caller's to change | nil, why. 'remedy' says
--- how the user gets such a file.
function token_file.read(kit, path, remedy)
  local text, why = system.read_file(path)
  if not text then return nil, why or ("%s is not there; %s"):format(path, remedy) end
  local kept = kit.tokens[path]
  local members = kept and kept.text == text and document.decode(kept.encoded) or document.decode(text)
  if not members then return nil, ("%s is not JSON; %s"):format(path, remedy) end
  return { path = path, text = text, members = members }
end

--- Writes changed members back -> nil | why not. They are then kept here for as long as the file stays as it
--- is.
function token_file.write(kit, file)
  local encoded = document.encode(file.members)
  local written, why = system.write_file(file.path, encoded .. "\n")
  kit.tokens[file.path] = not written and { text = file.text, encoded = encoded } or nil
  return not written and ("%s cannot be written: %s"):format(file.path, why) or nil
end

--- The first of the names that is no text among the members | nil when all are.
function token_file.missing(members, names)
  for _, name in ipairs(names) do
    if type(members[name]) ~= "string" or members[name] == "" then return name end
  end
end

return token_file
