-- Target proxy: the proxy of a request. Lines of the input are the URL, the proxy, and NO_PROXY.

local endpoint = require("dynamodb.http.endpoint")
local proxy = require("dynamodb.http.proxy")

local function run(text)
  local url, own, list = text:match("^([^\n]*)\n?([^\n]*)\n?(.*)$")
  if not endpoint.split(url) then url = "http://" .. url:gsub("[^%w.:%[%]-]", "") .. "/" end
  if not endpoint.split(url) then url = "https://[fd00:ec2::254]:8443/" end
  local values = { http_proxy = own, https_proxy = own, no_proxy = list }
  local chosen = proxy.choose(url, values)
  assert(chosen == nil or type(chosen) == "string" and chosen:find("://", 1, true), "a proxy without scheme")
  if own == "" then assert(chosen == nil, "a proxy from nothing") end
  -- The order of entries, their case and blanks around them do not matter, and "*" exempts everything.
  local entries = {}
  for entry in list:gmatch("[^%s,]+") do table.insert(entries, 1, entry:upper()) end
  values.no_proxy = " " .. table.concat(entries, " , ")
  assert(proxy.choose(url, values) == chosen, "the order or the case of entries matters")
  values.no_proxy = list .. ",*"
  assert(proxy.choose(url, values) == nil, "* does not exempt")
  values.no_proxy = ""
  assert((proxy.choose(url, values) == nil) == (own == ""), "no exemption, and no proxy")
end

return { run = run }
