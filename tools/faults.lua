-- Lets each system call of a request and of a credential look-up fail: every one in turn, alone and with all
-- later ones of its name, with each error that it may give, in this process and in the programs that it
-- starts. The result must be right or an error object; then the same connection must work, with no more
-- descriptors. At the end LeakSanitizer looks for leaks. tools/faults.c makes the calls fail.

local dynamodb = require("dynamodb")
local fake_aws = dofile("spec/support/fake_aws.lua")
local faults = require("faults")

dynamodb.preload() -- or the files of the library would fail to open

local E = { EACCES = 13, EADDRNOTAVAIL = 99, EAGAIN = 11, EBADF = 9, ECHILD = 10, ECONNREFUSED = 111,
  ECONNRESET = 104, EHOSTUNREACH = 113, EINTR = 4, EINVAL = 22, EIO = 5, EMFILE = 24, ENETUNREACH = 101,
  ENFILE = 23, ENOBUFS = 105, ENOENT = 2, ENOMEM = 12, ENOSPC = 28, EPERM = 1, EPIPE = 32, ETIMEDOUT = 110 }

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
  fread = { "EIO" },
  getaddrinfo = { "EMFILE", "ENOMEM" },
  getpeername = { "ENOBUFS" },
  getsockname = { "ENOBUFS" },
  getsockopt = { "EBADF", "ENOBUFS", "ENOMEM" },
  pclose = { "ECHILD" },
  poll = { "EINVAL", "ENOMEM" },
  popen = { "EAGAIN", "EMFILE", "ENOENT", "ENOMEM" },
  pthread_create = { "EAGAIN" },
  read = { "EIO" },
  recv = { "ECONNREFUSED", "ECONNRESET", "EINTR", "EIO", "ENOMEM", "ETIMEDOUT" },
  send = { "ECONNRESET", "EINTR", "ENOBUFS", "ENOMEM", "EPIPE" },
  setsockopt = { "EBADF", "ENOBUFS", "ENOMEM" },
  socket = { "EACCES", "EMFILE", "ENFILE", "ENOBUFS", "ENOMEM" },
  socketpair = { "EMFILE", "ENOMEM" },
  timerfd_create = { "EMFILE", "ENFILE", "ENOMEM" },
  write = { "EIO" },
}

-- The errors of functions in the programs that run a credential_process: the shells, timeout(1) and cat(1).
local errors_of_programs = {
  dup2 = { "EBADF", "EMFILE" },
  execve = { "EACCES", "ENOENT", "ENOMEM" },
  execvp = { "EACCES", "ENOENT", "ENOMEM" },
  fcntl = { "EMFILE" },
  fork = { "EAGAIN", "ENOMEM" },
  pipe = { "EMFILE", "ENFILE" },
  read = { "EIO" },
  vfork = { "EAGAIN", "ENOMEM" },
  wait3 = { "ECHILD" },
  waitpid = { "ECHILD" },
  write = { "EIO", "ENOSPC" },
}
local MOST_CALLS = 40 -- of one name
local MOST_IN_PROGRAMS = 3 -- the calls of one program are not counted here

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

local ROLE = "/latest/meta-data/iam/security-credentials/"
local function issued(name)
  return { body = { Code = "Success", AccessKeyId = "local", SecretAccessKey = "local", Token = name,
    Expiration = "2099-01-01T00:00:00Z" } }
end

local agents = fake_aws.start()
agents.respond_with({ container = { ["/keys"] = issued("container") }, metadata = {
  ["/latest/api/token"] = { body = "token",
    headers = { ["x-aws-ec2-metadata-token-ttl-seconds"] = "21600" } },
  [ROLE] = { body = "role" }, [ROLE .. "role"] = issued("metadata") } })
faults.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", agents.url("metadata"))

local function connect(given)
  local options = { endpoint_url = assert(os.getenv("AWS_ENDPOINT_URL_DYNAMODB")), region = "us-east-1",
    max_attempts = 1,
    attempt_timeout = 0.3, connect_timeout = 0.3, deadline = 0.5, retry_mode = "off" }
  for name, value in pairs(given) do options[name] = value end
  return dynamodb.connect(options)
end

local fixed = { aws_access_key_id = "local", aws_secret_access_key = "local" }
local in_file = { profile = "inner" }
local in_process = { profile = "outer" }
local over_tls = { aws_access_key_id = "local", aws_secret_access_key = "local",
  endpoint_url = assert(os.getenv("DYNAMODB_TLS_ENDPOINT")),
  ca_bundle = assert(os.getenv("DYNAMODB_TLS_CA")) }
local by_agent = {}

-- What fails: each makes a connection and a request; "kept" uses a connection that is open.
local ways = {
  { "connect and request", fixed },
  { "request over a kept connection", fixed, is_kept = true },
  { "connect and request in a task", fixed, is_task = true },
  { "request over a kept connection in a task", fixed, is_kept = true, is_task = true },
  { "connect and request over HTTPS", over_tls },
  { "request over a kept connection over HTTPS", over_tls, is_kept = true },
  { "connect and request over HTTPS in a task", over_tls, is_task = true },
  { "credentials of a file", in_file },
  { "credentials of a process", in_process },
  { "credentials of a container's agent", by_agent, url = agents.url("container/keys") },
  { "credentials of instance metadata", by_agent },
  { "credentials of instance metadata in a task", by_agent, is_task = true },
  { "programs of a credential process", in_process, are_programs = true },
}

local TEXT = ("text "):rep(1000)

-- Gets the item -> true | nil, err; raises when it is not the item that was put.
local function ask(way, connection)
  local function get() return connection:table("faults", { hash_key = "id" }):get_item("a") end
  local item, err
  if way.is_task then
    local results, errs = dynamodb.gather({ get })
    item, err = results[1], errs and errs[1]
  else
    item, err = get()
  end
  if item then assert(item.id == "a" and item.text == TEXT, "another item") end
  return item and true, err
end

local faulty, failed = 0, 0

local function complain(...)
  failed = failed + 1
  print(("FAILED: %s: %s, call %d: %s: %s"):format(...))
end

local function arm(way, name, code, n, only)
  if way.are_programs then
    faults.setenv("FAULTS", ("%s %d %d %d"):format(name, n, code, only and 1 or 0))
  else
    faults.arm(name, n, code, only)
  end
end

-- Lets the n-th call fail -> how many calls there were.
local function try(way, name, error_name, n, only)
  local connection = connect(way[2])
  if way.is_kept then assert(ask(way, connection)) end
  arm(way, name, E[error_name], n, only)
  local ok, value, err = pcall(ask, way, connection)
  local count = faults.disarm()
  faults.setenv("FAULTS", nil)
  faulty = faulty + 1
  local what = error_name .. (only and " alone" or "")
  if not ok then
    complain(way[1], name, n, what, "raised " .. tostring(value))
  elseif value == nil and not dynamodb.is_error(err) then
    complain(way[1], name, n, what, "no error object: " .. tostring(err))
  elseif value == nil and not ({ network = 1, timeout = 1, credentials = 1 })[err.kind] then
    complain(way[1], name, n, what, tostring(err))
  end
  local again, why = ask(way, connection)
  for _ = 1, 3 do
    if not again then again, why = ask(way, connection) end -- the machine may be busy
  end
  if not again then complain(way[1], name, n, what, "afterwards: " .. tostring(why)) end
  connection:close()
  return way.are_programs and MOST_IN_PROGRAMS or count
end

-- Complains when more descriptors are open than before. One of garbage goes with a later collection; one that
-- is lost stays.
local function compare_descriptors(before, what)
  local after
  for _ = 1, 5 do
    collectgarbage()
    after = descriptors()
    if after <= before then return end
  end
  complain(what, "descriptors", after, "more than", tostring(before))
end

local function fail_all(way)
  local before, started = descriptors(), faulty
  for name, list in pairs(way.are_programs and errors_of_programs or errors_of) do
    for _, error_name in ipairs(list) do
      for _, only in ipairs({ false, true }) do
        local n = 1
        while try(way, name, error_name, n, only) > n and n < MOST_CALLS do n = n + 1 end
      end
    end
  end
  compare_descriptors(before, way[1])
  print(("%s: %d failures"):format(way[1], faulty - started))
end

local function make_table()
  local connection = connect({ aws_access_key_id = "local", aws_secret_access_key = "local", deadline = 10,
    attempt_timeout = 5 })
  local schema = connection:create_schema({ hash_key_name = "id", hash_key_proto_value = "S" })
  local tbl = assert(connection:create_table({ name = "faults", schema = schema }))
  assert(tbl:wait_until_active())
  assert(tbl:put_item({ id = "a", text = TEXT }))
  connection:close()
end

local function run()
  make_table()
  dynamodb.loop.run(function() dynamodb.loop.sleep(0) end)
  for _, way in ipairs(ways) do
    faults.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", way.url)
    local connection = connect(way[2])
    assert(ask(way, connection))
    connection:close()
    collectgarbage()
    collectgarbage()
    fail_all(way)
  end
end

io.stdout:setvbuf("line")
local ok, why = xpcall(run, debug.traceback)
agents.stop()
if not ok then complain("all", "run", 0, "raised", tostring(why)) end
print(("%d failures of system calls, %d with a wrong outcome"):format(faulty, failed))
os.exit(failed == 0 and 0 or 1, true) -- closes the state, so that leaks show
