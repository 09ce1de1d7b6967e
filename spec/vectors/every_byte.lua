-- A string of all 256 bytes, in ascending order.

local bytes = {}
for byte = 0, 255 do bytes[#bytes + 1] = string.char(byte) end
return table.concat(bytes)
