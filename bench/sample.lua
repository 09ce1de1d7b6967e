--- Sample data of the benchmarks: items of ten attributes, about 425 bytes each as JSON, and a page of them.

local sample = { page_items = 2474 }

local WIRE = table.concat({
  '{"id":{"S":"user#%06d"},"name":{"S":"Alice Example %d"},"email":{"S":"alice.%06d@example.com"}',
  '"city":{"S":"Lisbon, Portugal"},"motto":{"S":"Short functions, %d long walks, a table that fits."}',
  '"age":{"N":"%d"},"balance":{"N":"%d.25"},"active":{"BOOL":true}',
  '"tags":{"L":[{"S":"reader"},{"S":"writer"},{"S":"editor"}]}',
  '"address":{"M":{"street":{"S":"%d Main Street"},"zip":{"S":"1000-%06d"},"floor":{"N":"2"}}}}',
}, ",")

--- Returns the i-th item as JSON of the service.
function sample.wire(i)
  return WIRE:format(i, i, i, i, 20 + i % 60, i, i, i)
end

--- Returns the i-th item as Lua values.
function sample.attributes(i)
  return {
    id = ("user#%06d"):format(i),
    name = ("Alice Example %d"):format(i),
    email = ("alice.%06d@example.com"):format(i),
    city = "Lisbon, Portugal",
    motto = ("Short functions, %d long walks, a table that fits."):format(i),
    age = 20 + i % 60,
    balance = i + 0.25,
    active = true,
    tags = { "reader", "writer", "editor" },
    address = { street = ("%d Main Street"):format(i), zip = ("1000-%06d"):format(i), floor = 2 },
  }
end

--- Returns the response body of GetItem.
function sample.item()
  return ('{"Item":%s}'):format(sample.wire(1))
end

--- Returns the response body of Scan or Query with so many items, by default about a megabyte.
function sample.page(count)
  local items = {}
  for i = 1, count or sample.page_items do items[i] = sample.wire(i) end
  return ('{"Count":%d,"Items":[%s],"ScannedCount":%d}'):format(#items, table.concat(items, ","), #items)
end

return sample
