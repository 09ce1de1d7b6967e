-- Target dates: the dates of credentials and of HTTP. They are counted again day by day, and written again.

local document = require("dynamodb.credentials.document")
local service_clock = require("dynamodb.http.service_clock")

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local LENGTHS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

-- Returns the days from 1970 to the first of January.
local function days_before(year)
  local days = 0
  for y = math.min(year, 1970), math.max(year, 1970) - 1 do days = days + (is_leap(y) and 366 or 365) end
  return year < 1970 and -days or days
end

local first_days = {}
for year = 0, 9999 do
  first_days[year] = year == 0 and days_before(0) or first_days[year - 1] + (is_leap(year - 1) and 366 or 365)
end

-- Returns the days to a date that exists | nil.
local function days_of(year, month, day)
  local length = LENGTHS[month]
  if month == 2 and is_leap(year) then length = 29 end
  if not length or day < 1 or day > length then return nil end
  local days = first_days[year] + day - 1
  for m = 1, month - 1 do days = days + LENGTHS[m] + (m == 2 and is_leap(year) and 1 or 0) end
  return days
end

local function check_document(text)
  local time = document.time(text)
  if not time then return end
  assert(time % 1 == 0 and math.abs(time) < 4e11, "seconds that are not whole, or too many")
  local year, month, day, hour, minute, second, zone =
    text:match("^(%d%d%d%d)-(%d%d)-(%d%d).(%d%d):(%d%d):(%d%d)%.?%d*(.*)$")
  local days = days_of(tonumber(year), tonumber(month), tonumber(day))
  local clock = hour * 3600 + minute * 60 + second
  local utc = zone == "" or zone == "UTC" or zone:upper() == "Z"
  if days and utc then assert(time == days * 86400 + clock, "another time") end
  if time >= 0 and time < 253402300800 then assert(document.time(document.text(time)) == time, "written as another") end
end

local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11,
  Dec = 12 }

local function check_http(text)
  local time = service_clock.parse(text)
  if not time then return end
  local day, name, year, hour, minute, second = text:match("(%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d)")
  local days = days_of(tonumber(year), MONTHS[name], tonumber(day))
  if days then assert(time == days * 86400 + hour * 3600 + minute * 60 + second, "another time") end
end

local function observe(text)
  local clock = service_clock.new()
  service_clock.observe(clock, { header = function(_, name) return name == "date" and text or nil end }, 0, 1)
  assert(type(clock.offset) == "number" and clock.offset == clock.offset, "an offset that is no number")
end

return { run = function(text)
  check_document(text)
  check_http(text)
  observe(text)
end }
