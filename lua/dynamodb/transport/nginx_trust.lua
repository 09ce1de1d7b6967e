--- Reads a bundle of certificates into a store that a cosocket can trust, by LuaJIT's FFI, since nginx's API
--- has no function for it. Used where cosockets have settrustedstore.
-- Source: README of lua-nginx-module 0.10.32, tcpsock:settrustedstore; manual page X509_STORE_new of OpenSSL.

local nginx_trust = {}

local DECLARATIONS = [[
  struct x509_store_st *X509_STORE_new(void);
  void X509_STORE_free(struct x509_store_st *store);
  int X509_STORE_load_locations(struct x509_store_st *store, const char *file, const char *directory);
  void ERR_clear_error(void);
]]

local ffi -- loaded and declared by the first call

local function load_ffi()
  if ffi then return ffi end
  local loaded = require("ffi")
  loaded.cdef(DECLARATIONS)
  ffi = loaded
  return ffi
end

local stores = {} -- by path, kept as long as the worker runs

-- Returns the store of a bundle in PEM format, which is read once per worker -> store | nil, why.
local function store_of(path)
  if stores[path] then return stores[path] end
  local lib = load_ffi()
  local store = lib.C.X509_STORE_new()
  if store == nil then return nil, "option 'ca_bundle': no memory" end
  store = lib.gc(store, lib.C.X509_STORE_free)
  if lib.C.X509_STORE_load_locations(store, path, nil) ~= 1 then
    lib.C.ERR_clear_error() -- nginx would report what is left there as the failure of another connection
    return nil, ("option 'ca_bundle': %s: no certificates could be read"):format(path)
  end
  stores[path] = store
  return store
end

--- Makes a socket trust the bundle of option ca_bundle in place of lua_ssl_trusted_certificate -> true | nil,
--- why. Leaves a socket as it is that cannot. The target's field 'trusts' tells which of the two it was.
function nginx_trust.apply(sock, target)
  target.trusts = sock.settrustedstore ~= nil
  if not target.trusts then return true end
  local store, why = store_of(target.options.ca_bundle)
  if not store then return nil, why end
  return sock:settrustedstore(store)
end

return nginx_trust
