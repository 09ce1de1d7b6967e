--- Tells whether this Lua runs inside nginx, and whether the current phase of a request may wait. This
--- file and transport/nginx are the only ones that use nginx's API.
-- Source: README of lua-nginx-module 0.10.23 and 0.10.32, the contexts of each directive.

local phase = {}

--- Returns true inside nginx where cosockets exist. nginx's worker threads have none.
---@return boolean
function phase.is_nginx()
  return type(ngx) == "table" and ngx.get_phase ~= nil and ngx.socket ~= nil and ngx.socket.tcp ~= nil
end

local modes = {
  rewrite = "wait", server_rewrite = "wait", access = "wait", content = "wait", timer = "wait",
  precontent = "wait", proxy_ssl_cert = "wait", proxy_ssl_verify = "wait", -- newer modules
  preread = "wait", ssl_cert = "wait", ssl_client_hello = "wait", ssl_session_fetch = "wait",
  init = "block", init_worker = "block", exit_worker = "block", -- no request can be held up by blocking
}

--- Returns the name of nginx's current phase | nil in plain Lua.
function phase.name()
  return phase.is_nginx() and ngx.get_phase() or nil
end

--- Returns what the current phase of nginx allows: "wait" (cosockets work) or "block" | nil, why it allows
--- neither.
function phase.mode()
  local name = ngx.get_phase()
  local mode = modes[name]
  if mode then return mode end
  return nil, ("nothing can wait in %s_by_lua*; ngx.timer.at(0, function) runs where it can"):format(name)
end

return phase
