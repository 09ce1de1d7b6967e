-- Option ca_bundle for cosockets that have settrustedstore, which the nginx of the specs lacks: fake cosockets, and a fake of
-- LuaJIT's FFI. spec/transport/nginx_spec.lua reads a bundle in a real nginx.

local fake = dofile("spec/support/fake_nginx.lua")

describe("transport.nginx_trust", function()
  -- Returns a cosocket that has settrustedstore.
  local function trusting_socket(responses)
    local sock = fake.cosocket(responses)
    sock.settrustedstore = function(_, store)
      sock.calls[#sock.calls + 1] = { "settrustedstore", store }
      if responses.settrustedstore then return nil, responses.settrustedstore end
      return true
    end
    return sock
  end

  -- Connects with a store that takes the place of OpenSSL's.
  local function connect_trusting(sock, options)
    local results, trust = nil, "dynamodb.transport.nginx_trust"
    local real, ffi, opened = package.loaded[trust], package.loaded.ffi, {}
    package.loaded[trust] = nil
    package.loaded.ffi = { cdef = function() end, gc = function(store) return store end, C = {
      X509_STORE_new = function() return { "store" } end,
      X509_STORE_free = false,
      ERR_clear_error = function() opened.cleared = true end,
      X509_STORE_load_locations = function(_, path)
        opened[#opened + 1] = path
        return path == "/ca.pem" and 1 or 0
      end,
    } }
    local ok, raised = pcall(fake.with, fake.ngx("content", sock), function()
      local nginx_transport = require("dynamodb.transport.nginx")
      for _ = 1, 2 do results = { nginx_transport.connect({ url = "https://dynamodb.spec" }, 5, options) } end
    end)
    package.loaded[trust], package.loaded.ffi = real, ffi
    assert(ok, raised)
    return results, opened
  end

  it("trusts 'ca_bundle' where cosockets can, and reads it once", function()
    local sock = trusting_socket({})
    local results, opened = connect_trusting(sock, { ca_bundle = "/ca.pem" })
    assert.is_truthy(results[1])
    assert.same({ "/ca.pem" }, opened)
    local names = {}
    for _, call in ipairs(sock.calls) do names[#names + 1] = call[1] end
    assert.matches("settrustedstore sslhandshake .*settrustedstore sslhandshake", table.concat(names, " "))
    connect_trusting(sock, {})
    assert.same(2, select(2, table.concat(names, " "):gsub("settrustedstore", "")))
  end)

  it("reports a 'ca_bundle' that cannot be read, and a certificate that it does not trust", function()
    local results, opened = connect_trusting(trusting_socket({}), { ca_bundle = "/nowhere.pem" })
    assert.same({ "network", "TLS with dynamodb.spec: option 'ca_bundle': /nowhere.pem: no certificates could be read", true },
      { results[2], results[3], results[4] })
    assert.is_true(opened.cleared)
    results = connect_trusting(trusting_socket({ sslhandshake = { nil, "18: self-signed certificate" } }),
      { ca_bundle = "/ca.pem" })
    assert.matches("ca_bundle does not trust the certificate (self-signed certificate)", results[3], 1, true)
    results = connect_trusting(trusting_socket({ settrustedstore = "no request ctx found" }), { ca_bundle = "/ca.pem" })
    assert.matches("no request ctx found", results[3], 1, true)
  end)
end)
