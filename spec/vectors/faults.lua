-- Faults between a request and its response, as steps that spec/support/scripted_server.js runs after a complete request.
-- spec/scenarios/faults_spec.lua asserts the required behaviour. Fields besides name and steps, all optional:
--   kind        kind of the error when every response has the fault, default "network"; a list if the kind depends on timing
--   code        error code of the service
--   permanent   the error is not retried because another attempt would fail as well
--   refused     the service reports that it did nothing, so any write may be retried
--   undone      the service reports that it did nothing, and a retry would fail as well
--   done        the response proves that an update was applied, although its body is damaged
--   slow        the attempt lasts until attempt_timeout: true, or the attempt_timeout in seconds
--   early       the steps do not wait for a request, so the server may not have read it
--   large       the request has several megabytes
--   warm        the steps follow a good response on a kept connection; the fault occurs once and costs no attempt
--   greedy      the response tries to exhaust the memory of the client
--   compressed  the client requests gzip
--   attempts    attempts of a call that meets the fault once, default 2
--   seconds     minimum delay before the next attempt
local JSON = "Content-Type: application/x-amz-json-1.0\r\n"
local TRUTH = '{"Item":{"id":{"S":"a"},"n":{"N":"42"}}}'
local LIE = '{"Item":{"id":{"S":"a"},"n":{"N":"43"}}}'
local CRC = "x-amz-crc32: 779736211\r\n" -- of TRUTH

local ENDS = "Connection: close\r\n"
local close, reset = { close = true }, { reset = true }

-- The bytes of a response with a Content-Length.
local function response(body, headers, status)
  return ("HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s"):format(status or "200 OK", headers or JSON, #body, body)
end

local function sends(...) return { { send = table.concat({ ... }) } } end

local function sends_and(step, ...) return { { send = table.concat({ ... }) }, { delay = 5 }, step } end

local function fails(status, code, headers)
  return sends(response(('{"__type":"com.amazonaws.dynamodb.v20120810#%s","message":"m"}'):format(code),
    JSON .. (headers or ""), status))
end

local HEAD = "HTTP/1.1 200 OK\r\n" .. JSON
local CHUNKED = HEAD .. CRC .. "Transfer-Encoding: chunked\r\n\r\n"
local HTML = "<html><body>Welcome to the hotel's network</body></html>"
local ZIPPED = "\031\139\008\000\000\000\000\000\002\003\171\086\242\044\073\205\085\178\170\086\202\076\001\145\193\074"
  .. "\086\074\137\074\181\058\074\121\032\158\031\144\103\098\164\084\091\091\011\000\147\212\121\046\040\000\000\000"
local GZIP = JSON .. "Content-Encoding: gzip\r\n"
-- 200 gzip members, each of which inflates to a megabyte of zeroes.
local BOMB = ("\031\139\8\0\0\0\0\0\2\3\237\193\49\1\0\0\0\194\160\245\79\109\8\95\160" .. ("\0"):rep(1016)
  .. "\62\3\28\234\56\167\0\0\16\0"):rep(200)

local vectors = { truth = response(TRUTH, JSON .. CRC), item = { id = "a", n = 42 } }

vectors.faults = {
  -- Connection failures
  { name = "closed before the request", steps = { close }, early = true },
  { name = "reset before the request", steps = { { deaf = true }, reset }, early = true },
  { name = "closed in place of a response", steps = { close } },
  { name = "reset in place of a response", steps = { reset } },
  { name = "silence", steps = {}, kind = "timeout", slow = true },
  { name = "a server that reads nothing", steps = { { deaf = true } }, early = true, large = true, slow = 2,
    kind = "timeout" },
  { name = "a response to half a request, and a reset", early = true, large = true, kind = { "network", "response" },
    steps = { { deaf = true }, { send = response("busy", ENDS, "503 Busy") }, { delay = 20 }, reset } },
  { name = "a response before the request", early = true, kind = "response", steps = sends(response("", ENDS, "503 Busy")) },

  -- Truncated responses
  { name = "half a status line", steps = sends_and(close, "HTTP/1.1 2") },
  { name = "half a header", steps = sends_and(close, "HTTP/1.1 200 OK\r\nContent-Ty") },
  { name = "headers without their end", steps = sends_and(close, HEAD, "Content-Length: 40\r\n") },
  { name = "headers without their end, and a reset", steps = sends_and(reset, HEAD, "Content-Length: 2\r\n") },
  { name = "a head without a body", steps = sends_and(close, HEAD, "Content-Length: 40\r\n\r\n") },
  { name = "half a body", steps = sends_and(close, response(TRUTH):sub(1, -20)) },
  { name = "half a body, and a reset", steps = sends_and(reset, response(TRUTH):sub(1, -20)) },
  { name = "all but a byte", steps = sends_and(close, response(TRUTH):sub(1, -2)) },
  { name = "a length that is too great", steps = sends_and(close, HEAD, "Content-Length: 41\r\n\r\n", TRUTH) },
  { name = "half a chunk", steps = sends_and(close, CHUNKED, "28\r\n", TRUTH:sub(1, 20)) },
  { name = "chunks without the last", steps = sends_and(close, CHUNKED, "28\r\n", TRUTH, "\r\n") },
  { name = "nothing but 100 Continue", steps = sends_and(close, "HTTP/1.1 100 Continue\r\n\r\n") },
  { name = "a body that ends with the connection", kind = "response", steps = sends_and(close, HEAD, "\r\n", TRUTH) },
  { name = "half a body that ends with the connection, under a checksum", kind = "response",
    steps = sends_and(close, HEAD, CRC, "\r\n", TRUTH:sub(1, 20)) },

  -- Slow responses
  { name = "silence within the head", slow = true, kind = "timeout", steps = sends(HEAD) },
  { name = "silence within the body", slow = true, kind = "timeout", steps = sends(response(TRUTH):sub(1, -2)) },
  { name = "silence for a length that is too great", slow = true, kind = "timeout",
    steps = sends(HEAD, "Content-Length: 41\r\n\r\n", TRUTH) },
  { name = "silence within a chunk", slow = true, kind = "timeout", steps = sends(CHUNKED, "28\r\n", TRUTH) },
  { name = "a head that drips", slow = true, kind = "timeout", steps = { { send_slowly = response(TRUTH), every = 20 } } },
  { name = "a body that drips", slow = true, kind = "timeout",
    steps = { { send = HEAD .. "Content-Length: 40\r\n\r\n" }, { send_slowly = TRUTH, every = 20 } } },
  { name = "chunks that drip for ever", slow = true, kind = "timeout",
    steps = { { send = CHUNKED }, { forever = "1\r\n \r\n", every = 20 } } },
  { name = "headers that drip for ever", slow = true, kind = "timeout",
    steps = { { send = HEAD }, { forever = "x: y\r\n", every = 20 } } },
  { name = "100 Continue now and then", slow = true, kind = { "timeout", "response" },
    steps = { { forever = "HTTP/1.1 100 Continue\r\n\r\n", every = 50 } } },

  -- Endless and oversized responses
  { name = "an endless body in chunks", greedy = true, kind = { "response", "timeout" },
    steps = { { send = CHUNKED }, { forever = "10000\r\n" .. ("x"):rep(65536) .. "\r\n" } } },
  { name = "an endless body without a length", greedy = true, kind = { "response", "timeout" },
    steps = { { send = HEAD .. CRC .. "\r\n" }, { forever = ("x"):rep(65536) } } },
  { name = "a body of a promised terabyte", greedy = true, kind = "response",
    steps = { { send = HEAD .. "Content-Length: 1099511627776\r\n\r\n" }, { forever = ("x"):rep(65536) } } },
  { name = "a body of 2^64 bytes", kind = "response", steps = sends(HEAD, "Content-Length: 18446744073709551616\r\n\r\n") },
  { name = "an endless header", greedy = true, kind = "response",
    steps = { { send = HEAD .. "x: " }, { forever = ("x"):rep(65536) } } },
  { name = "endless headers", greedy = true, kind = "response",
    steps = { { send = HEAD }, { forever = ("x: y\r\n"):rep(1000) } } },
  { name = "an endless status line", greedy = true, kind = "response", steps = { { forever = ("HTTP/1.1 200 "):rep(999) } } },
  { name = "endless trailers", greedy = true, kind = "response",
    steps = { { send = CHUNKED .. "28\r\n" .. TRUTH .. "\r\n0\r\n" }, { forever = ("x: y\r\n"):rep(1000) } } },
  { name = "an endless chunk extension", greedy = true, kind = "response",
    steps = { { send = CHUNKED .. "28;x=" }, { forever = ("x"):rep(65536) } } },
  { name = "an endless chunk size", greedy = true, kind = "response",
    steps = { { send = CHUNKED }, { forever = ("0"):rep(65536) } } },
  { name = "a flood of 100 Continue", greedy = true, kind = "response",
    steps = { { forever = ("HTTP/1.1 100 Continue\r\n\r\n"):rep(1000) } } },
  { name = "a flood of early hints", greedy = true, kind = "response",
    steps = { { forever = ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"):rep(1000) } } },
  { name = "a zip bomb", greedy = true, compressed = true, kind = "response", steps = sends(response(BOMB, GZIP)) },
  { name = "a zip bomb, and a close", greedy = true, compressed = true, kind = "response",
    steps = sends(response(BOMB, ENDS .. GZIP)) },
  { name = "endless depth", greedy = true, kind = "response",
    steps = sends(response('{"Item":{"id":' .. ('{"L":['):rep(2 ^ 20), JSON)) },
  { name = "a length that is too small", kind = "response",
    steps = sends(HEAD, CRC, "Content-Length: 39\r\n\r\n", TRUTH) },

  -- Other protocols
  { name = "garbage", kind = "response", steps = sends(("\0\255\1\254garbage"):rep(20)) },
  { name = "TLS", kind = "response", steps = sends("\21\3\1\0\2\2\70") },
  { name = "SMTP", kind = "response", steps = sends("220 mail.example ESMTP\r\n") },
  { name = "HTTP/0.9", kind = "response", steps = sends_and(close, TRUTH) },
  { name = "HTTP/2", kind = "response", steps = sends("\0\0\18\4\0\0\0\0\0\0\3\0\0\0\128\0\4\0\1\0\0\0\5\0\255\255\255") },
  { name = "HTTP/3.0", kind = "response", steps = sends((response(TRUTH):gsub("1%.1", "3.0"))) },
  { name = "101 Switching Protocols", kind = "response",
    steps = sends("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n") },

  -- Ambiguous HTTP framing
  { name = "two lengths", kind = "response", steps = sends(HEAD, "Content-Length: 2\r\nContent-Length: 40\r\n\r\n", TRUTH) },
  { name = "two lengths in one", kind = "response", steps = sends(HEAD, "Content-Length: 2, 40\r\n\r\n", TRUTH) },
  { name = "a negative length", kind = "response", steps = sends(HEAD, "Content-Length: -1\r\n\r\n", TRUTH) },
  { name = "a length with a sign", kind = "response", steps = sends(HEAD, "Content-Length: +40\r\n\r\n", TRUTH) },
  { name = "a hexadecimal length", kind = "response", steps = sends(HEAD, "Content-Length: 0x28\r\n\r\n", TRUTH) },
  { name = "a length and chunks", kind = "response",
    steps = sends(HEAD, "Content-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n", TRUTH, "\r\n0\r\n\r\n") },
  { name = "another transfer coding", kind = "response",
    steps = sends(HEAD, "Transfer-Encoding: gzip, chunked\r\n\r\n28\r\n", TRUTH, "\r\n0\r\n\r\n") },
  { name = "a chunk longer than its size", kind = "response", steps = sends(CHUNKED, "27\r\n", TRUTH, "\r\n0\r\n\r\n") },
  { name = "a chunk size that is none", kind = "response", steps = sends(CHUNKED, "2g\r\n", TRUTH, "\r\n0\r\n\r\n") },
  { name = "a chunk of 2^68 bytes", kind = "response", steps = sends(CHUNKED, "100000000000000000\r\n", TRUTH) },
  { name = "a header without a colon", kind = "response", steps = sends(HEAD, "x\r\nContent-Length: 40\r\n\r\n", TRUTH) },
  { name = "a blank before the colon", kind = "response", steps = sends(HEAD, "Content-Length : 40\r\n\r\n", TRUTH) },
  { name = "a folded header", kind = "response", steps = sends(HEAD, "x: y\r\n Content-Length: 2\r\n\r\n", TRUTH) },
  { name = "a header with NUL", kind = "response", steps = sends(HEAD, "x: y\0z\r\nContent-Length: 40\r\n\r\n", TRUTH) },
  { name = "a status of two digits", kind = "response", steps = sends((response(TRUTH):gsub("200", "20"))) },

  -- Responses of another server
  { name = "HTML with 200", kind = "response", steps = sends(response(HTML, "Content-Type: text/html\r\n")) },
  { name = "HTML that says it is JSON", kind = "response", steps = sends(response(HTML)) },
  { name = "no content type", kind = "response", steps = sends(response(TRUTH, "")) },
  { name = "another content type", kind = "response", steps = sends(response(TRUTH, "Content-Type: application/json\r\n")) },
  { name = "a redirect for good", kind = "response", permanent = true, undone = true,
    steps = sends(response("", "Location: http://127.0.0.1:1/\r\n", "301 Moved Permanently")) },
  { name = "a redirect for now", kind = "response", permanent = true, undone = true,
    steps = sends(response(TRUTH, JSON .. "Location: /other\r\n", "307 Temporary Redirect")) },
  { name = "not modified", kind = "response", permanent = true, undone = true, steps = sends("HTTP/1.1 304 Not Modified\r\n\r\n") },
  { name = "no content", kind = "response", permanent = true, steps = sends("HTTP/1.1 204 No Content\r\n\r\n") },
  { name = "a part of the content", kind = "response", permanent = true,
    steps = sends(response('{"Item":{}}', JSON, "206 Partial Content")) },
  { name = "a proxy that wants a password", kind = "response", permanent = true, undone = true,
    steps = sends(response(HTML, "Content-Type: text/html\r\n", "407 Proxy Authentication Required")) },
  { name = "HTML with 404", kind = "response", permanent = true, undone = true,
    steps = sends(response(HTML, "Content-Type: text/html\r\n", "404 Not Found")) },

  -- Responses that were modified in transit
  { name = "a wrong checksum", kind = "response", steps = sends(response(LIE, JSON .. CRC)) },
  { name = "a wrong checksum of an error", kind = "response", steps = sends(response('{"__type":"x#ValidationException"}',
    JSON .. CRC, "400 Bad Request")) },
  { name = "a checksum that is none", kind = "response", steps = sends(response(LIE, JSON .. "x-amz-crc32: 0x2e79d2d3\r\n")) },
  { name = "nothing with 200", kind = "response", steps = sends(response("")) },
  { name = "null", kind = "response", steps = sends(response("null")) },
  { name = "a list", kind = "response", steps = sends(response("[" .. TRUTH .. "]")) },
  { name = "a text", kind = "response", steps = sends(response('"Item"')) },
  { name = "bad UTF-8", kind = "response", steps = sends(response((LIE:gsub('"a"', '"\195\40"')))) },
  { name = "an overlong NUL", kind = "response", steps = sends(response((LIE:gsub('"a"', '"\192\128"')))) },
  { name = "half a surrogate pair", kind = "response", steps = sends(response((LIE:gsub('"a"', '"\\ud800"')))) },
  { name = "duplicate members", kind = "response", steps = sends(response('{"Item":{},' .. LIE:sub(2))) },
  { name = "duplicate attributes", kind = "response",
    steps = sends(response('{"Item":{"id":{"S":"a"},"n":{"N":"42"},"n":{"N":"43"}}}')) },
  { name = "cut JSON", kind = "response", steps = sends(response(LIE:sub(1, -2))) },
  { name = "two bodies in one", kind = "response", steps = sends(response(LIE .. TRUTH)) },
  { name = "an attribute of no type", kind = "response", done = true, steps = sends(response('{"Item":{"id":{}}}')) },
  { name = "an attribute of two types", kind = "response", done = true,
    steps = sends(response('{"Item":{"id":{"S":"a","N":"1"}}}')) },
  { name = "a number that is none", kind = "response", done = true, steps = sends(response('{"Item":{"n":{"N":"4x"}}}')) },
  { name = "unrequested gzip", kind = "response", steps = sends(response(ZIPPED, GZIP)) },
  { name = "an unrequested content coding", kind = "response", compressed = true,
    steps = sends(response(ZIPPED, JSON .. "Content-Encoding: br\r\n")) },
  { name = "cut gzip", kind = "response", compressed = true, steps = sends(response(ZIPPED:sub(1, -9), GZIP)) },
  { name = "gzip with a changed byte", kind = "response", compressed = true,
    steps = sends(response(ZIPPED:sub(1, 30) .. "\0" .. ZIPPED:sub(32), GZIP)) },
  { name = "gzip with bytes behind it", kind = "response", compressed = true, steps = sends(response(ZIPPED .. "x", GZIP)) },
  { name = "gzip under the checksum of the text", kind = "response", compressed = true,
    steps = sends(response(ZIPPED, GZIP .. CRC)) },

  -- Errors of the service
  { name = "500", kind = "service", code = "InternalServerError", steps = fails("500 Oops", "InternalServerError") },
  { name = "500 without a body", kind = "response", steps = sends(response("", "", "500 Oops")) },
  { name = "502 in HTML", kind = "response", steps = sends(response(HTML, "Content-Type: text/html\r\n", "502 Bad Gateway")) },
  { name = "503", kind = "service", code = "ServiceUnavailable", steps = fails("503 Busy", "ServiceUnavailable") },
  { name = "503, and a close", kind = "response",
    steps = sends_and(close, response("", ENDS, "503 Busy")) },
  { name = "504 in HTML", kind = "response", steps = sends(response(HTML, "Content-Type: text/html\r\n", "504 Timeout")) },
  { name = "429 without a body", kind = "response", refused = true, steps = sends(response("", "", "429 Slow Down")) },
  { name = "throttling", kind = "service", code = "ThrottlingException", refused = true,
    steps = fails("400 Bad Request", "ThrottlingException") },
  { name = "throttling that says how long", kind = "service", code = "ThrottlingException", refused = true, seconds = 0.06,
    steps = fails("400 Bad Request", "ThrottlingException", "x-amz-retry-after: 60\r\n") },
  { name = "throttling that says nonsense", kind = "service", code = "ThrottlingException", refused = true,
    steps = fails("400 Bad Request", "ThrottlingException", "x-amz-retry-after: -5 s\r\n") },
  { name = "throughput exceeded, twice", kind = "service", code = "ProvisionedThroughputExceededException", refused = true,
    attempts = 3, steps = fails("400 Bad Request", "ProvisionedThroughputExceededException") },
  { name = "500, then throttling", kind = "service", code = "RequestLimitExceeded", attempts = 3,
    steps = fails("500 Oops", "InternalServerError"), second = fails("400 Bad Request", "RequestLimitExceeded") },
  { name = "a conflict with a transaction", kind = "service", code = "TransactionConflictException", refused = true,
    steps = fails("400 Bad Request", "TransactionConflictException") },
  { name = "a refusal", kind = "service", code = "ValidationException", permanent = true, undone = true,
    steps = fails("400 Bad Request", "ValidationException") },

  -- Kept connections
  { name = "closed while it was kept", warm = true, steps = { { delay = 5 }, close } },
  { name = "reset while it was kept", warm = true, steps = { { delay = 5 }, reset } },
  { name = "unrequested bytes", warm = true, steps = { { delay = 5 }, { send = "x" } } },
  { name = "an unrequested response", warm = true, steps = { { delay = 5 }, { send = response(LIE) } } },
  { name = "a second response behind the first", warm = true, steps = { { send = response(LIE) } } },
  { name = "closed when it is used again", warm = true, steps = { { wait = "request" }, close } },
  { name = "reset when it is used again", warm = true, steps = { { wait = "request" }, reset } },
}

return vectors
