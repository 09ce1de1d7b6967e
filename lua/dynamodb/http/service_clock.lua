--- The service's clock, known from the Date headers of its responses. Signatures are made for its time,
--- whatever this machine's clock says.
-- Source: RFC 9110 section 5.6.7 (dates), RFC 9111 section 5.1 (Age); AWS SDKs' clock skew correction.

local service_clock = {}

local SLOWEST = 15 * 60 -- seconds; the Date of a slower response is not used
local CORRECTED = 4 * 60 -- seconds; a smaller correction does not explain a refused signature

local months = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10,
  Nov = 11, Dec = 12 }

--- Returns the days from 1970 to a date of the Gregorian calendar. Years start in March here, so that leap
--- days come last.
function service_clock.days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = math.floor(year / 400)
  local year_of_era = year - era * 400
  local day_of_year = math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  local leap_days = math.floor(year_of_era / 4) - math.floor(year_of_era / 100)
  return era * 146097 + year_of_era * 365 + leap_days + day_of_year - 719468
end

--- Parses an HTTP date in its preferred form ("Sun, 06 Nov 1994 08:49:37 GMT") -> seconds since 1970 | nil.
function service_clock.parse(text)
  local day, name, year, hour, minute, second =
    text:match("^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$")
  local month = months[name]
  if not month then return nil end
  return ((service_clock.days(tonumber(year), month, tonumber(day)) * 24 + hour) * 60 + minute) * 60 + second
end

--- Makes a clock that agrees with this machine's until it observes another time.
function service_clock.new()
  return { offset = 0 }
end

-- Returns true when a date was observed a moment ago: it is in whole seconds.
local function is_known(self, text, received)
  return text == self.text and received >= self.received and received - self.received < 1
end

--- Reads the time of a response. 'sent' and 'received' are times of this machine.
function service_clock.observe(self, response, sent, received)
  local text = response:header("date")
  if not text or is_known(self, text, received) then return end
  if received - sent > SLOWEST or response:header("age") then return end
  local date = service_clock.parse(text)
  if not date then return end
  self.offset, self.text, self.received = date - received, text, received
end

--- Was the clock corrected after a request was signed with this offset, by so much that the service may have
--- refused the signature for it?
function service_clock.corrected(self, offset)
  return math.abs(self.offset - offset) >= CORRECTED
end

return service_clock
