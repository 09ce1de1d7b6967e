-- Responses and what becomes of them. `bytes` come in, and after them, if `close`, the end of the
-- connection. An accepted one has `status` (200), `body` (""), `keep_alive` (true), `surplus` (0) and
-- `headers` (false: none), and `by_close` if nothing else tells its end; a refused one has the exact
-- `text`. `limits` replace some of the ones here.
local limits = { head_bytes = 512, header_count = 8, informational = 2, body_bytes = 300 }

local function head(...)
  return "HTTP/1.1 200 OK\r\n" .. table.concat({ ... }, "\r\n") .. "\r\n\r\n"
end

local function chunked(...)
  return head("Transfer-Encoding: chunked") .. table.concat({ ... })
end

local crc = "HTTP/1.1 200 OK\r\nx-amz-crc32: 907060870\r\n"
local ok0 = head("Content-Length: 0")
local function padded(n) -- a head of exactly n bytes
  local frame = #head("Content-Length: 2", "X: ")
  return head("Content-Length: 2", "X: " .. ("a"):rep(n - frame))
end

local accepted = {
  -- Content-Length
  { name = "a plain answer", bytes = head("Content-Length: 5") .. "hello", body = "hello",
    headers = { ["content-length"] = "5" } },
  { name = "an empty body", bytes = ok0 },
  { name = "a length with leading zeros", bytes = head("Content-Length: 0003") .. "abc", body = "abc" },
  { name = "a length followed by blanks", bytes = head("Content-Length: 3 \t ") .. "abc", body = "abc" },
  { name = "a body that looks like a head", bytes = head("Content-Length: 19") .. "HTTP/1.1 500 No\r\n\r\n",
    body = "HTTP/1.1 500 No\r\n\r\n" },
  { name = "a body with every kind of byte", bytes = head("Content-Length: 6") .. "\0\r\n\255\n\r",
    body = "\0\r\n\255\n\r" },
  { name = "a body of exactly the limit", bytes = head("Content-Length: 300") .. ("x"):rep(300),
    body = ("x"):rep(300) },
  { name = "a length of zero when no body is allowed", bytes = ok0, limits = { body_bytes = 0 } },
  { name = "a length complete when the peer closes", bytes = head("Content-Length: 2") .. "ok",
    close = true, body = "ok", keep_alive = false },

  -- status line
  { name = "no reason", bytes = "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n" },
  { name = "no blank after the code", bytes = "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n" },
  { name = "a reason of several words", bytes = "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n",
    status = 413 },
  { name = "a reason with tabs and bytes above ASCII",
    bytes = "HTTP/1.1 400 na\195\175ve\tone\r\nContent-Length: 0\r\n\r\n", status = 400 },
  { name = "the highest code", bytes = "HTTP/1.1 599 x\r\nContent-Length: 0\r\n\r\n", status = 599 },
  { name = "the lowest final code", bytes = "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n" },
  { name = "a redirect, for the caller to judge",
    bytes = "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", status = 302,
    headers = { location = "/x" } },
  { name = "a server error with a body", bytes = "HTTP/1.1 503 x\r\nContent-Length: 2\r\n\r\n{}",
    status = 503, body = "{}" },

  -- no body by status
  { name = "204 without a length", bytes = "HTTP/1.1 204 No Content\r\n\r\n", status = 204 },
  { name = "204 without any header", bytes = "HTTP/1.1 204\r\n\r\n", status = 204 },
  { name = "204 with a length all the same", bytes = "HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\n",
    status = 204 },
  { name = "204 with a length and that body, which is surplus", status = 204, keep_alive = false,
    bytes = "HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\nhello", surplus = 5 },
  { name = "204 with chunks announced", bytes = "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n",
    status = 204 },
  { name = "304 with the length of what is not sent", status = 304,
    bytes = "HTTP/1.1 304 Not Modified\r\nContent-Length: 999999\r\n\r\n" },

  -- header lines
  { name = "names in any case", bytes = head("cOnTeNt-LeNgTh: 2", "X-AMZN-RequestId: AbC") .. "ok",
    body = "ok", headers = { ["x-amzn-requestid"] = "AbC", ["content-length"] = "2" } },
  { name = "values without blanks around them", bytes = head("A:b", "C: \t d e \t", "Content-Length:0"),
    headers = { a = "b", c = "d e", ["content-length"] = "0" } },
  { name = "empty values", bytes = head("A:", "B: \t ", "Content-Length: 0"), headers = { a = "", b = "" } },
  { name = "colons in a value", bytes = head("A: b:c: d", "Content-Length: 0"), headers = { a = "b:c: d" } },
  { name = "bytes above ASCII in a value", bytes = head("A: \195\164\255", "Content-Length: 0"),
    headers = { a = "\195\164\255" } },
  { name = "every token character in a name",
    bytes = head("!#$%&'*+-.^_`|~09AZaz: x", "Content-Length: 0"),
    headers = { ["!#$%&'*+-.^_`|~09azaz"] = "x" } },
  { name = "the first of several", bytes = head("A: 1", "a: 2", "A: 3", "Content-Length: 0"),
    headers = { a = "1" } },
  { name = "names that begin alike", bytes = head("AB: 1", "A: 2", "ABC: 3", "Content-Length: 0"),
    headers = { a = "2", ab = "1", abc = "3" } },
  { name = "a missing header", bytes = head("AB: 1", "Content-Length: 0"),
    headers = { a = false, ["ab:"] = false } },
  { name = "a header that is only part of another's value", bytes = head("B: A: 1", "Content-Length: 0"),
    headers = { a = false } },
  { name = "as many headers as allowed",
    bytes = head("A: 1", "B: 2", "C: 3", "D: 4", "E: 5", "F: 6", "G: 7", "Content-Length: 0"),
    headers = { g = "7" } },
  { name = "a head of exactly the limit", bytes = padded(512) .. "ok", body = "ok" },

  -- headers that may be repeated only when equal
  { name = "an equal x-amz-crc32 twice",
    bytes = head("x-amz-crc32: 7", "X-Amz-Crc32:7 ", "Content-Length: 0"),
    headers = { ["x-amz-crc32"] = "7" } },
  { name = "an equal content-type twice",
    bytes = head("Content-Type: a/b", "content-type: a/b", "Content-Length: 0"),
    headers = { ["content-type"] = "a/b" } },
  { name = "an equal content-encoding twice",
    bytes = head("Content-Encoding: gzip", "content-encoding: gzip", "Content-Length: 0") },

  -- keeping the connection
  { name = "Connection: close", bytes = head("Connection: close", "Content-Length: 0"), keep_alive = false },
  { name = "Connection: CLOSE", bytes = head("Connection: CLOSE", "Content-Length: 0"), keep_alive = false },
  { name = "close within a list", bytes = head("Connection: x , Close\t, y", "Content-Length: 0"),
    keep_alive = false },
  { name = "close in a second header",
    bytes = head("Connection: x", "Connection: close", "Content-Length: 0"), keep_alive = false },
  { name = "close first, keep-alive second",
    bytes = head("Connection: close, keep-alive", "Content-Length: 0"), keep_alive = false },
  { name = "an option that only begins like close",
    bytes = head("Connection: closed,,", "Content-Length: 0") },
  { name = "Connection: keep-alive", bytes = head("Connection: keep-alive", "Content-Length: 0") },
  { name = "an empty Connection", bytes = head("Connection:", "Content-Length: 0") },
  { name = "HTTP/1.0", bytes = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", body = "ok",
    keep_alive = false },
  { name = "HTTP/1.0 with keep-alive",
    bytes = "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n" },
  { name = "HTTP/1.0 with another option", keep_alive = false,
    bytes = "HTTP/1.0 200 OK\r\nConnection: x\r\nContent-Length: 0\r\n\r\n" },
  { name = "HTTP/1.0 with keep-alive and close", keep_alive = false,
    bytes = "HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n" },

  -- surplus
  { name = "a byte after the end", bytes = ok0 .. "x", surplus = 1, keep_alive = false },
  { name = "a second answer nobody asked for", bytes = ok0 .. ok0, surplus = #ok0, keep_alive = false },
  { name = "a line end after the body", bytes = head("Content-Length: 2") .. "ok\r\n", body = "ok",
    surplus = 2, keep_alive = false },
  { name = "bytes after the last chunk", bytes = chunked("0\r\n\r\n", "x"), surplus = 1, keep_alive = false },

  -- 1xx
  { name = "100 Continue first", bytes = "HTTP/1.1 100 Continue\r\n\r\n" .. head("Content-Length: 2") .. "ok",
    body = "ok" },
  { name = "as many of them as allowed",
    bytes = ("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"):rep(2) .. ok0, headers = { link = false } },
  { name = "headers of a 1xx that do not count",
    headers = { ["content-type"] = "c/d", ["x-amz-crc32"] = false },
    bytes = "HTTP/1.1 102 x\r\nContent-Length: 9\r\nContent-Type: a/b\r\n"
      .. "Connection: close\r\nx-amz-crc32: 1\r\n\r\n"
      .. head("Content-Type: c/d", "Content-Length: 0") },
  { name = "a 1xx head and the real one that exceed the limit only together",
    bytes = "HTTP/1.1 100 x\r\nX: " .. ("a"):rep(400) .. "\r\n\r\n" .. padded(512) .. "ok", body = "ok" },
  { name = "a 1xx that announced chunks",
    bytes = "HTTP/1.1 100 x\r\nTransfer-Encoding: chunked\r\n\r\n" .. ok0 },

  -- chunked
  { name = "one chunk", bytes = chunked("5\r\nhello\r\n", "0\r\n\r\n"), body = "hello" },
  { name = "several chunks", bytes = chunked("1\r\na\r\n", "2\r\nbc\r\n", "3\r\ndef\r\n", "0\r\n\r\n"),
    body = "abcdef" },
  { name = "no chunk but the last", bytes = chunked("0\r\n\r\n") },
  { name = "sizes in both cases", bytes = chunked("a\r\n0123456789\r\n", "A\r\n0123456789\r\n", "0\r\n\r\n"),
    body = ("0123456789"):rep(2) },
  { name = "sizes up to f",
    bytes = chunked("f\r\n0123456789abcde\r\n", "F\r\n0123456789abcde\r\n", "0\r\n\r\n"),
    body = ("0123456789abcde"):rep(2) },
  { name = "a size of two digits", bytes = chunked("1a\r\n" .. ("z"):rep(26) .. "\r\n", "0\r\n\r\n"),
    body = ("z"):rep(26) },
  { name = "leading zeros", bytes = chunked("00000000000000000003\r\nabc\r\n", "000\r\n\r\n"), body = "abc" },
  { name = "line ends within a chunk", bytes = chunked("6\r\n\r\n0\r\n\n\r\n", "0\r\n\r\n"),
    body = "\r\n0\r\n\n" },
  { name = "extensions", bytes = chunked("3;a=b\r\nabc\r\n", "2 \t; x=\"y;z\"\r\nde\r\n", "0;last\r\n\r\n"),
    body = "abcde" },
  { name = "trailers", bytes = chunked("3\r\nabc\r\n", "0\r\n", "X-Sum: 1\r\nY:\r\n\r\n"), body = "abc",
    headers = { ["x-sum"] = false, y = false } },
  { name = "trailers that would mean something in a head",
    bytes = chunked("1\r\na\r\n", "0\r\n",
      "Content-Length: 9\r\nConnection: close\r\nTransfer-Encoding: x\r\n\r\n"), body = "a" },
  { name = "CHUNKED", bytes = head("Transfer-Encoding: CHUNKED") .. "1\r\na\r\n0\r\n\r\n", body = "a" },
  { name = "chunks of exactly the body's limit", body = ("x"):rep(300),
    bytes = chunked("96\r\n" .. ("x"):rep(150) .. "\r\n", "96\r\n" .. ("x"):rep(150) .. "\r\n",
      "0\r\n\r\n") },
  { name = "more chunk lines than the head limit has bytes", body = ("x"):rep(300),
    bytes = chunked(("1\r\nx\r\n"):rep(300), "0\r\n\r\n"), limits = { head_bytes = 100 } },
  { name = "extensions and trailers of exactly the limit", limits = { head_bytes = 60 }, body = "a",
    bytes = chunked("1;" .. ("e"):rep(29) .. "\r\na\r\n", "0\r\n", "T: " .. ("t"):rep(23) .. "\r\n\r\n") },

  -- ended by the close
  { name = "a body ended by the close, with a CRC32", bytes = crc .. "\r\n123456789", by_close = true,
    close = true, body = "123456789", keep_alive = false, headers = { ["x-amz-crc32"] = "907060870" } },
  { name = "an empty one", bytes = crc .. "\r\n", by_close = true, close = true, keep_alive = false },
  { name = "one of exactly the limit", bytes = crc .. "\r\n" .. ("x"):rep(300), by_close = true, close = true,
    body = ("x"):rep(300), keep_alive = false },
  { name = "one that promises to keep the connection", bytes = crc .. "Connection: keep-alive\r\n\r\nabc",
    by_close = true, close = true, body = "abc", keep_alive = false },
  { name = "one in HTTP/1.0", bytes = (crc .. "\r\nabc"):gsub("1%.1", "1.0", 1), by_close = true,
    close = true, body = "abc", keep_alive = false },
}

-- Texts that several share.
local bad_length = "response has a malformed content-length"
local huge_length = "response has a content-length beyond all numbers"
local bad_coding = "response has a transfer-encoding other than chunked"
local both = "response has both content-length and transfer-encoding"
local unframed = "response ends only with the connection and has no x-amz-crc32: "
  .. "truncation could not be noticed"
local bad_start, bad_status = "response does not start with HTTP/", "response has a malformed status line"
local bad_version = "response is neither HTTP/1.0 nor HTTP/1.1"
local bad_code = "response has a status code outside 100 to 599"
local bad_name = "response has a header name that is not a token"
local no_colon, folded = "response has a header line without a colon", "response has a folded header line"
local space_before = "response has a space before the colon of a header"
local bad_line = "response has a line that ends in LF without CR"
local cr_inside, nul_inside = "response has a CR inside a line", "response has a NUL inside a line"
local bad_chunk, bad_end = "response has a malformed chunk size", "response has a chunk longer than its size"
local body_over, head_over = "response body exceeds 300 bytes", "response head exceeds 512 bytes"
local too_many = "response has more than 8 headers"
local extras = "response has chunk extensions and trailers beyond 512 bytes"
local in_head = "connection closed inside the response head"
local in_chunks = "connection closed inside a chunked response"

local refused = {
  -- status line
  { name = "HTTP/0.9", bytes = "<html>hello", text = bad_start },
  { name = "another protocol", bytes = "\21\3\1\0\2\2\80", text = bad_start },
  { name = "an empty line first", bytes = "\r\n" .. ok0, text = bad_start },
  { name = "a blank first", bytes = " " .. ok0, text = bad_start },
  { name = "http in lower case", bytes = "http/1.1 200 OK\r\n", text = bad_start },
  { name = "a name that only begins like HTTP", bytes = "HTTPS/1.1 200 OK\r\n", text = bad_start },
  { name = "HTTP/2.0", bytes = "HTTP/2.0 200 OK\r\n", text = bad_version },
  { name = "HTTP/2", bytes = "HTTP/2 200 OK\r\n", text = bad_version },
  { name = "HTTP/1.2", bytes = "HTTP/1.2 200 OK\r\n", text = bad_version },
  { name = "HTTP/0.9 with a status line", bytes = "HTTP/0.9 200 OK\r\n", text = bad_version },
  { name = "HTTP/1,1", bytes = "HTTP/1,1 200 OK\r\n", text = bad_version },
  { name = "no version", bytes = "HTTP/\r\n", text = bad_version },
  { name = "HTTP/1.10", bytes = "HTTP/1.10 200 OK\r\n", text = bad_status },
  { name = "nothing but the version", bytes = "HTTP/1.1\r\n", text = bad_status },
  { name = "no code", bytes = "HTTP/1.1 \r\n", text = bad_status },
  { name = "a tab before the code", bytes = "HTTP/1.1\t200 OK\r\n", text = bad_status },
  { name = "two blanks before the code", bytes = "HTTP/1.1  200 OK\r\n", text = bad_status },
  { name = "a code of two digits", bytes = "HTTP/1.1 20 OK\r\n", text = bad_status },
  { name = "a code of two digits and no more", bytes = "HTTP/1.1 20\r\n", text = bad_status },
  { name = "a code of four digits", bytes = "HTTP/1.1 2000 OK\r\n", text = bad_status },
  { name = "a negative code", bytes = "HTTP/1.1 -20 OK\r\n", text = bad_status },
  { name = "a code of letters", bytes = "HTTP/1.1 abc OK\r\n", text = bad_status },
  { name = "code 099", bytes = "HTTP/1.1 099 x\r\n", text = bad_code },
  { name = "code 600", bytes = "HTTP/1.1 600 x\r\n", text = bad_code },
  { name = "code 000", bytes = "HTTP/1.1 000 x\r\n", text = bad_code },
  { name = "101 Switching Protocols", bytes = "HTTP/1.1 101 Switching Protocols\r\n",
    text = "response switches protocols, which nobody asked for" },
  { name = "a bare LF after the status line", bytes = "HTTP/1.1 200 OK\n", text = bad_line },
  { name = "a CR in the reason", bytes = "HTTP/1.1 200 O\rK\r\n", text = cr_inside },
  { name = "a NUL in the reason", bytes = "HTTP/1.1 200 O\0K\r\n", text = nul_inside },
  { name = "two CR before the LF", bytes = "HTTP/1.1 200 OK\r\r\n", text = cr_inside },

  -- header lines
  { name = "no colon", bytes = head("Content-Length"), text = no_colon },
  { name = "no colon and blanks", bytes = head("a b c"), text = no_colon },
  { name = "an empty name", bytes = head(": x"), text = "response has an empty header name" },
  { name = "nothing but a colon", bytes = head(":"), text = "response has an empty header name" },
  { name = "a space before the colon", bytes = head("Content-Length : 0"), text = space_before },
  { name = "a tab before the colon", bytes = head("Content-Length\t: 0"), text = space_before },
  { name = "a space in a name", bytes = head("a b: c"), text = bad_name },
  { name = "a control character in a name", bytes = head("a\1b: c"), text = bad_name },
  { name = "a DEL in a name", bytes = head("a\127b: c"), text = bad_name },
  { name = "a byte above ASCII in a name", bytes = head("\195\164: c"), text = bad_name },
  { name = "brackets in a name", bytes = head("a[1]: c"), text = bad_name },
  { name = "a comma in a name", bytes = head("a,b: c"), text = bad_name },
  { name = "a quote in a name", bytes = head('"a": c'), text = bad_name },
  { name = "a continuation line", bytes = head("A: b", " c"), text = folded },
  { name = "a continuation line with a tab", bytes = head("A: b", "\tc: d"), text = folded },
  { name = "a blank before the first header", bytes = head(" A: b"), text = folded },
  { name = "a bare LF after a header", bytes = head("A: b\nC: d"), text = bad_line },
  { name = "a bare LF at the end of the head", bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n",
    text = bad_line },
  { name = "a CR in a value", bytes = head("A: b\rc"), text = cr_inside },
  { name = "a CR in a name", bytes = head("A\r: b"), text = cr_inside },
  { name = "a NUL in a value", bytes = head("A: b\0c"), text = nul_inside },
  { name = "a NUL in a name", bytes = head("A\0b: c"), text = nul_inside },
  { name = "a different x-amz-crc32", bytes = head("x-amz-crc32: 1", "X-Amz-Crc32: 2"),
    text = "response repeats x-amz-crc32 with a different value" },
  { name = "a longer x-amz-crc32", bytes = head("x-amz-crc32: 1", "x-amz-crc32: 12"),
    text = "response repeats x-amz-crc32 with a different value" },
  { name = "a different content-type", bytes = head("Content-Type: a/b", "B: c", "Content-Type: a/c"),
    text = "response repeats content-type with a different value" },
  { name = "a content-encoding that turns up empty",
    bytes = head("Content-Encoding: gzip", "Content-Encoding:"),
    text = "response repeats content-encoding with a different value" },

  -- framing
  { name = "a length twice", bytes = head("Content-Length: 1", "Content-Length: 2"),
    text = "response repeats content-length" },
  { name = "an equal length twice", bytes = head("Content-Length: 1", "content-length: 1"),
    text = "response repeats content-length" },
  { name = "a length list", bytes = head("Content-Length: 5, 5"), text = bad_length },
  { name = "no length", bytes = head("Content-Length:"), text = bad_length },
  { name = "a negative length", bytes = head("Content-Length: -1"), text = bad_length },
  { name = "a length with a plus", bytes = head("Content-Length: +1"), text = bad_length },
  { name = "a hexadecimal length", bytes = head("Content-Length: 0x10"), text = bad_length },
  { name = "a fractional length", bytes = head("Content-Length: 1.0"), text = bad_length },
  { name = "a length in letters", bytes = head("Content-Length: ten"), text = bad_length },
  { name = "a length with a blank inside", bytes = head("Content-Length: 1 0"), text = bad_length },
  { name = "a malformed length of many digits", bytes = head("Content-Length: 99999999999999999999x"),
    text = bad_length },
  { name = "a length of 2^64", bytes = head("Content-Length: 18446744073709551616"), text = huge_length },
  { name = "a length that wraps to a small one", bytes = head("Content-Length: 184467440737095516170"),
    text = huge_length },
  { name = "a length of 2^64 - 1", bytes = head("Content-Length: 18446744073709551615"), text = body_over },
  { name = "a length one over the limit, before any body", bytes = head("Content-Length: 301"),
    text = body_over },
  { name = "a malformed length on a 1xx", bytes = "HTTP/1.1 100 x\r\nContent-Length: -\r\n\r\n",
    text = bad_length },
  { name = "a malformed length on a 204", bytes = "HTTP/1.1 204 x\r\nContent-Length: -\r\n\r\n",
    text = bad_length },
  { name = "length and chunks", bytes = head("Content-Length: 5", "Transfer-Encoding: chunked"),
    text = both },
  { name = "chunks and length", bytes = head("Transfer-Encoding: chunked", "Content-Length: 5"),
    text = both },
  { name = "both on a 204",
    bytes = "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", text = both },
  { name = "gzip, chunked", bytes = head("Transfer-Encoding: gzip, chunked"), text = bad_coding },
  { name = "identity", bytes = head("Transfer-Encoding: identity"), text = bad_coding },
  { name = "xchunked", bytes = head("Transfer-Encoding: xchunked"), text = bad_coding },
  { name = "chunked with a parameter", bytes = head("Transfer-Encoding: chunked;q=1"), text = bad_coding },
  { name = "seven letters that are not chunked", bytes = head("Transfer-Encoding: chunkee"),
    text = bad_coding },
  { name = "an empty coding", bytes = head("Transfer-Encoding:"), text = bad_coding },
  { name = "chunked twice", bytes = head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    text = "response repeats transfer-encoding" },
  { name = "chunked in HTTP/1.0", bytes = "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n",
    text = "response has transfer-encoding in HTTP/1.0" },
  { name = "no framing", bytes = "HTTP/1.1 200 OK\r\n\r\n", text = unframed },
  { name = "no framing but Connection: close", bytes = head("Connection: close"), text = unframed },
  { name = "no framing in HTTP/1.0", bytes = "HTTP/1.0 200 OK\r\n\r\n", text = unframed },
  { name = "a CRC32 only in a 1xx", bytes = "HTTP/1.1 100 x\r\nx-amz-crc32: 1\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    text = unframed },

  -- chunks
  { name = "an empty chunk size", bytes = chunked("\r\n"), text = bad_chunk },
  { name = "a chunk size in letters", bytes = chunked("xyz\r\n"), text = bad_chunk },
  { name = "a chunk size with a letter after f", bytes = chunked("g\r\n"), text = bad_chunk },
  { name = "a chunk size with a letter after F", bytes = chunked("G\r\n"), text = bad_chunk },
  { name = "a chunk size just before 0", bytes = chunked("/\r\n"), text = bad_chunk },
  { name = "a chunk size just after 9", bytes = chunked(":\r\n"), text = bad_chunk },
  { name = "a chunk size just before A", bytes = chunked("@\r\n"), text = bad_chunk },
  { name = "a negative chunk size", bytes = chunked("-1\r\n"), text = bad_chunk },
  { name = "a chunk size with 0x", bytes = chunked("0x1\r\n"), text = bad_chunk },
  { name = "a blank before the chunk size", bytes = chunked(" 1\r\n"), text = bad_chunk },
  { name = "a blank after the chunk size", bytes = chunked("1 \r\n"), text = bad_chunk },
  { name = "an extension without a size", bytes = chunked(";a=b\r\n"), text = bad_chunk },
  { name = "two chunk sizes", bytes = chunked("1 2\r\n"), text = bad_chunk },
  { name = "a chunk size that overflows", bytes = chunked("10000000000000001\r\n"),
    text = "response has an endless chunk" },
  { name = "the largest chunk size", bytes = chunked("ffffffffffffffff\r\n"), text = body_over },
  { name = "a chunk one over the limit", bytes = chunked("12d\r\n"), text = body_over },
  { name = "a chunk over what the others left", bytes = chunked("12b\r\n", ("x"):rep(299), "\r\n2\r\n"),
    text = body_over },
  { name = "a chunk longer than its size", bytes = chunked("2\r\nabc\r\n"), text = bad_end },
  { name = "a chunk with a bare LF behind it", bytes = chunked("2\r\nab\n"), text = bad_end },
  { name = "a chunk with a bare CR behind it", bytes = chunked("2\r\nab\r0"), text = bad_end },
  { name = "a chunk size with a bare LF", bytes = chunked("2\nab"), text = bad_line },
  { name = "a NUL in a chunk extension", bytes = chunked("2;\0\r\n"), text = nul_inside },
  { name = "a CR in a chunk extension", bytes = chunked("2;\r3\r\n"), text = cr_inside },
  { name = "a trailer without a colon", bytes = chunked("0\r\n", "abc\r\n"), text = no_colon },
  { name = "a folded trailer", bytes = chunked("0\r\n", "a: b\r\n c\r\n"), text = folded },
  { name = "a trailer with a forbidden name", bytes = chunked("0\r\n", "a b: c\r\n"), text = bad_name },
  { name = "a bare LF after the trailers", bytes = chunked("0\r\n", "\n"), text = bad_line },

  -- limits
  { name = "a head one over the limit", bytes = padded(513), text = head_over },
  { name = "an endless status line", bytes = "HTTP/1.1 200 " .. ("x"):rep(600), text = head_over },
  { name = "an endless header line", bytes = "HTTP/1.1 200 OK\r\nA: " .. ("x"):rep(600), text = head_over },
  { name = "a 1xx head over the limit", bytes = "HTTP/1.1 100 x\r\nA: " .. ("x"):rep(600), text = head_over },
  { name = "one header too many",
    bytes = head("A: 1", "B: 2", "C: 3", "D: 4", "E: 5", "F: 6", "G: 7", "H: 8", "I: 9"), text = too_many },
  { name = "one trailer too many", bytes = chunked("0\r\n", ("A: 1\r\n"):rep(8)), text = too_many },
  { name = "no header allowed", bytes = ok0, limits = { header_count = 0 },
    text = "response has more than 0 headers" },
  { name = "one 1xx too many", bytes = ("HTTP/1.1 100 x\r\n\r\n"):rep(3),
    text = "response has more than 2 informational ones before it" },
  { name = "no 1xx allowed", bytes = "HTTP/1.1 100 x\r\n\r\n", limits = { informational = 0 },
    text = "response has more than 0 informational ones before it" },
  { name = "a body ended by the close, over the limit", bytes = crc .. "\r\n" .. ("x"):rep(301),
    text = body_over },
  { name = "an endless chunk extension", bytes = chunked("1;" .. ("x"):rep(600)), text = extras },
  { name = "extensions over the limit together",
    bytes = chunked(("1;" .. ("x"):rep(100) .. "\r\nx\r\n"):rep(6)), text = extras },
  { name = "leading zeros over the limit together", bytes = chunked((("0"):rep(99) .. "1\r\nx\r\n"):rep(7)),
    text = extras },
  { name = "trailers over the limit", bytes = chunked("0\r\n", ("A: " .. ("x"):rep(200) .. "\r\n"):rep(3)),
    text = extras },
  { name = "extensions and trailers one over the limit", limits = { head_bytes = 60 },
    bytes = chunked("1;" .. ("e"):rep(30) .. "\r\na\r\n", "0\r\n", "T: " .. ("t"):rep(23) .. "\r\n\r\n"),
    text = "response has chunk extensions and trailers beyond 60 bytes" },

  -- cut short
  { name = "nothing at all", bytes = "", close = true,
    text = "connection closed before the first byte of the response" },
  { name = "cut in the status line", bytes = "HTTP/1.1 20", close = true, text = in_head },
  { name = "cut in a header", bytes = "HTTP/1.1 200 OK\r\nContent-Le", close = true, text = in_head },
  { name = "cut before the empty line", bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", close = true,
    text = in_head },
  { name = "cut within the empty line", bytes = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r", close = true,
    text = in_head },
  { name = "cut after a 1xx", bytes = "HTTP/1.1 100 x\r\n\r\n", close = true, text = in_head },
  { name = "cut before the body", bytes = head("Content-Length: 5"), close = true,
    text = "connection closed 5 bytes before the end of the response" },
  { name = "cut in the body", bytes = head("Content-Length: 5") .. "hell", close = true,
    text = "connection closed 1 bytes before the end of the response" },
  { name = "a CRC32 that does not excuse a short body", bytes = crc .. "Content-Length: 5\r\n\r\nhell",
    close = true, text = "connection closed 1 bytes before the end of the response" },
  { name = "cut before a chunk", bytes = chunked(), close = true, text = in_chunks },
  { name = "cut in a chunk", bytes = chunked("5\r\nhel"), close = true, text = in_chunks },
  { name = "cut after a chunk", bytes = chunked("2\r\nab"), close = true, text = in_chunks },
  { name = "cut within the end of a chunk", bytes = chunked("2\r\nab\r"), close = true, text = in_chunks },
  { name = "cut before the last chunk", bytes = chunked("2\r\nab\r\n"), close = true, text = in_chunks },
  { name = "cut after the last chunk's size", bytes = chunked("0\r\n"), close = true, text = in_chunks },
  { name = "cut in the trailers", bytes = chunked("0\r\nA: b\r\n"), close = true, text = in_chunks },
}

return { limits = limits, accepted = accepted, refused = refused }
