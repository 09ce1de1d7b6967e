-- Lets each system call of a request and of a credential look-up fail: every one in turn, and all later
-- ones of its name, with each error that it may give. The result must be right or an error object; then the
-- same connection must work, with no more descriptors. tools/faults.c makes the calls fail.

local dynamodb = require("dynamodb")
local faults = require("faults")

dynamodb.preload() -- or the files of the library would fail to open

local E = { EACCES = 13, EADDRNOTAVAIL = 99, EAGAIN = 11, EBADF = 9, ECONNREFUSED = 111, ECONNRESET = 104,
  EHOSTUNREACH = 113, EINTR = 4, EINVAL = 22, EIO = 5, EMFILE = 24, ENETUNREACH = 101, ENFILE = 23,
  ENOBUFS = 105, ENOENT = 2, ENOMEM = 12, ENOSPC = 28, EPERM = 1, EPIPE = 32, ETIMEDOUT = 110 }

-- The errors of each function, of its man page.
local errors_of = {
  connect = { "EACCES", "EADDRNOTAVAIL", "EAGAIN", "ECONNREFUSED", "EHOSTUNREACH", "EINTR", "ENETUNREACH",
    "EPERM", "ETIMEDOUT" },
  epoll_create1 = { "EMFILE", "ENFILE", "ENOMEM" },
  epoll_ctl = { "ENOMEM", "ENOSPC", "EPERM" },
  epoll_wait = { "EBADF", "EINVAL" },
  fcntl = { "EAGAIN", "EBADF", "EPERM" },
  fopen = { "EACCES", "EIO", "EMFILE", "ENFILE", "ENOENT", "ENOMEM" },
  fopen64 = { "EACCES", "EIO", "EMFILE", "ENFILE", "ENOENT", "ENOMEM" },
  getaddrinfo = { "EMFILE", "ENOMEM" },
  getsockopt = { "EBADF", "ENOBUFS", "ENOMEM" },
  poll = { "EINVAL", "ENOMEM" },
  popen = { "EAGAIN", "EMFILE", "ENOMEM" },
  recv = { "ECONNREFUSED", "ECONNRESET", "EINTR", "EIO", "ENOMEM", "ETIMEDOUT" },
  send = { "ECONNRESET", "EINTR", "ENOBUFS", "ENOMEM", "EPIPE" },
  setsockopt = { "EBADF", "ENOBUFS", "ENOMEM" },
  socket = { "EACCES", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM" },
  timerfd_create = { "EMFILE", "ENFILE", "ENOMEM" },
}

local folder = assert(os.getenv("AWS_CONFIG_FILE"), "AWS_CONFIG_FILE is not set"):match("^(.*)/")

local function descriptors()
  local pipe = assert(io.popen("ls /proc/" .. (arg.pid or "$PPID") .. "/fd | wc -l"))
  local count = tonumber(pipe:read("*l"))
  pipe:close()
  return count
end

local function write(name, text)
  local file = assert(io.open(folder .. "/" .. name, "w"))
  assert(file:write(text))
  file:close()
  return folder .. "/" .. name
end

local KEYS = "aws_access_key_id = local\naws_secret_access_key = local\n"
local process = write("keys.json", '{"Version":1,"AccessKeyId":"local","SecretAccessKey":"local"}')
write("credentials", "[inner]\n" .. KEYS)
write("config", "[profile inner]\n[profile outer]\ncredential_process = cat " .. process .. "\n")

local function connect(given)
  local options = { endpoint_url = assert(os.getenv("AWS_ENDPOINT_URL_DYNAMODB")), region = "us-east-1",
    max_attempts = 1,
    attempt_timeout = 0.2, connect_timeout = 0.2, deadline = 0.3, retry_mode = "off" }
  for name, value in pairs(given) do options[name] = value end
  return dynamodb.connect(options)
end

local fixed = { aws_access_key_id = "local", aws_secret_access_key = "local" }
local in_file = { profile = "inner" }
local in_process = { profile = "outer" }

-- What fails: each makes a connection and a request; "kept" uses a connection that is open.
local ways = {
  { "connect and request", fixed },
  { "request over a kept connection", fixed, is_kept = true },
  { "connect and request in a task", fixed, is_task = true },
  { "request over a kept connection in a task", fixed, is_kept = true, is_task = true },
  { "credentials of a file", in_file },
  { "credentials of a process", in_process },
}

local function ask(way, connection)
  if not way.is_task then return connection:list_tables() end
  local results, errs = dynamodb.gather({ function() return connection:list_tables() end })
  return results[1], errs and errs[1]
end

local faulty, failed = 0, 0

local function complain(...)
  failed = failed + 1
  print(("FAILED: %s: %s, call %d: %s: %s"):format(...))
end

-- Lets the n-th call fail -> how many calls there were.
local function try(way, name, error_name, n)
  local connection = connect(way[2])
  if way.is_kept then assert(ask(way, connection)) end
  faults.arm(name, n, E[error_name])
  local ok, value, err = pcall(ask, way, connection)
  local count = faults.disarm()
  faulty = faulty + 1
  if not ok then
    complain(way[1], name, n, error_name, "raised " .. tostring(value))
  elseif value == nil and not dynamodb.is_error(err) then
    complain(way[1], name, n, error_name, "no error object: " .. tostring(err))
  elseif value == nil and not ({ network = 1, timeout = 1, credentials = 1 })[err.kind] then
    complain(way[1], name, n, error_name, tostring(err))
  end
  local again, why = ask(way, connection)
  for _ = 1, 3 do
    if not again then again, why = ask(way, connection) end -- the machine may be busy
  end
  if not again then complain(way[1], name, n, error_name, "afterwards: " .. tostring(why)) end
  connection:close()
  return count
end

dynamodb.loop.run(function() dynamodb.loop.sleep(0) end)
for _, way in ipairs(ways) do
  local connection = connect(way[2])
  assert(ask(way, connection))
  connection:close()
end
collectgarbage()
collectgarbage()
local before = descriptors()
for _, way in ipairs(ways) do
  for name, list in pairs(errors_of) do
    for _, error_name in ipairs(list) do
      local n = 1
      while try(way, name, error_name, n) >= n and n < 8 do n = n + 1 end
    end
  end
  collectgarbage()
  collectgarbage()
  print(("%s: %d failures so far"):format(way[1], faulty))
end
local after
for _ = 1, 5 do -- a descriptor of garbage goes with a later collection; one that is lost stays
  after = descriptors()
  if after <= before then break end
  collectgarbage()
end
if after > before then complain("all", "descriptors", after, "more than", tostring(before)) end
print(("%d failures of system calls, %d with a wrong outcome"):format(faulty, failed))
os.exit(failed == 0 and 0 or 1)
