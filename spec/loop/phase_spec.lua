-- Capabilities of the phases of nginx. spec/transport/nginx_spec.lua runs them in a real nginx.

local fake_nginx = dofile("spec/support/fake_nginx.lua")
local phase = require("dynamodb.loop.phase")

describe("phase", function()
  it("is not nginx here", function()
    assert.is_false(phase.is_nginx())
  end)

  it("is nginx if there are cosockets", function()
    local ngx = fake_nginx.ngx("content", {})
    fake_nginx.with(ngx, function()
      assert.is_true(phase.is_nginx())
      ngx.socket = nil -- as in an nginx worker thread
      assert.is_false(phase.is_nginx())
    end)
  end)

  it("reports the capabilities of the phase", function()
    local ngx = fake_nginx.ngx("content", {})
    fake_nginx.with(ngx, function()
      for name, mode in pairs({ content = "wait", timer = "wait", access = "wait", init = "block", exit_worker = "block" }) do
        ngx.phase = name
        assert.equal(mode, (phase.mode()))
      end
      ngx.phase = "log"
      local mode, why = phase.mode()
      assert.is_nil(mode)
      assert.equal("nothing can wait in log_by_lua*; ngx.timer.at(0, function) runs where it can", why)
    end)
  end)
end)
