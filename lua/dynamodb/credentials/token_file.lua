--- Token files: the JSON files that `aws sso login` and `aws login` write, and that clients that refresh a
--- token write back for the AWS CLI and other SDKs.

local document = require("dynamodb.credentials.document")
local system = require("dynamodb.base.system")

local token_file = {}

--- Reads a token file -> { path =, text =, members = }, whose members the caller may change | nil, why.
--- 'remedy' tells the user how to get such a file.
function token_file.read(kit, path, remedy)
  local text, why = system.read_file(path)
  if not text then return nil, why or ("%s is not there; %s"):format(path, remedy) end
  local kept = kit.tokens[path]
  local members = kept and kept.text == text and document.decode(kept.encoded) or document.decode(text)
  if not members then return nil, ("%s is not JSON; %s"):format(path, remedy) end
  return { path = path, text = text, members = members }
end

--- Writes changed members back -> nil | why it could not. In that case they are kept in the kit while the
--- file does not change.
function token_file.write(kit, file)
  local encoded = document.encode(file.members)
  local written, why = system.write_file(file.path, encoded .. "\n")
  kit.tokens[file.path] = not written and { text = file.text, encoded = encoded } or nil
  return not written and ("%s cannot be written: %s"):format(file.path, why) or nil
end

--- Returns the first of the names that is not a text among the members | nil.
function token_file.missing(members, names)
  for _, name in ipairs(names) do
    if type(members[name]) ~= "string" or members[name] == "" then return name end
  end
end

return token_file
