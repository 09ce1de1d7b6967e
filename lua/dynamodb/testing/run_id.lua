--- A text that differs in each process and Lua state. It is a part of the names of tables that tests create.

local core = require("dynamodb.core")

local id

--- Returns the text: 16 hexadecimal digits.
return function()
  id = id or core.uuid():gsub("%-", ""):sub(1, 16)
  return id
end
