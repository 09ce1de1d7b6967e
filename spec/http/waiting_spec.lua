-- The queue of waiting requests: order, and requests that no longer wait.

local waiting = require("dynamodb.http.waiting")

describe("waiting", function()
  -- A queue of so many requests -> queue, list of them.
  local function filled(count)
    local queue, list = waiting.new(), {}
    for i = 1, count do
      list[i] = { name = i, abandoned = false, next = false }
      waiting.append(queue, list[i])
    end
    return queue, list
  end

  it("gives requests in the order in which they came", function()
    local queue = filled(3)
    local names = {}
    while queue.first do
      names[#names + 1] = queue.first.name
      waiting.drop_first(queue)
    end
    assert.same({ 1, 2, 3 }, names)
    assert.is_false(queue.last)
    waiting.append(queue, { name = 4, next = false })
    assert.equal(queue.first, queue.last)
  end)

  it("drops abandoned requests when they come to the head", function()
    local queue, list = filled(4)
    waiting.abandon(queue, list[2])
    assert.equal(list[1], queue.first)
    waiting.abandon(queue, list[1])
    assert.equal(list[3], queue.first)
    waiting.abandon(queue, list[4])
    waiting.abandon(queue, list[3])
    assert.same({ first = false, last = false }, queue)
  end)
end)
