-- Which errors are retried, and scripts of attempts. Source of the values: the retry behaviour of the AWS SDKs for DynamoDB,
-- November 2026 (4 attempts; base delays of 25 ms and 1 s, doubled per retry, at most 20 s before jitter; a bucket of 500
-- tokens; a retry costs 14 or 5 tokens).
local vectors = {}

local function service(code, status) return { kind = "service", code = code, status = status or 400 } end

local function cancelled(...)
  local err = service("TransactionCanceledException")
  err.reasons = {}
  for i, code in ipairs({ ... }) do err.reasons[i] = { code = code } end
  return err
end

-- { error object, retry class }; false: not retried.
vectors.classes = {
  { service("ProvisionedThroughputExceededException"), "throttling" },
  { service("ThrottlingException"), "throttling" },
  { service("RequestLimitExceeded"), "throttling" },
  { service("LimitExceededException"), "throttling" },
  { service("TransactionInProgressException"), "throttling" },
  { service("Throttling"), "throttling" },
  { service("ThrottledException"), "throttling" },
  { service("RequestThrottled"), "throttling" },
  { service("RequestThrottledException"), "throttling" },
  { service("TooManyRequestsException"), "throttling" },
  { service("BandwidthLimitExceeded"), "throttling" },
  { service("SlowDown", 503), "throttling" },
  { service("PriorRequestNotComplete"), "throttling" },
  { service("EC2ThrottledException"), "throttling" },
  { service("ThrottlingException", 500), "throttling" },
  { service("SomethingNew", 429), "throttling" },
  { { kind = "response", status = 429 }, "throttling" },
  { service("InternalServerError", 500), "transient" },
  { service("ServiceUnavailable", 503), "transient" },
  { service("SomethingNew", 500), "transient" },
  { { kind = "response", status = 502 }, "transient" },
  { { kind = "response", status = 504 }, "transient" },
  { { kind = "response", status = 500, retryable = false }, "transient" },
  { service("RequestTimeout"), "transient" },
  { service("RequestTimeoutException"), "transient" },
  { service("TimeoutError"), "transient" },
  { service("ReplicatedWriteConflictException"), "transient" },
  { service("TransactionConflictException"), "transient" },
  { service("IDPCommunicationError"), "transient" },
  { { kind = "network" }, "transient" },
  { { kind = "network", status = 200 }, "transient" },
  { { kind = "timeout" }, "transient" },
  { { kind = "response", status = 200, retryable = true }, "transient" }, -- such as a wrong CRC32
  { { kind = "network", permanent = true }, false }, -- a certificate
  { { kind = "response", status = 200, retryable = false }, false },
  { { kind = "response", status = 200 }, false },
  { { kind = "response", status = 403 }, false },
  { { kind = "response", status = 501 }, false },
  { { kind = "credentials" }, false },
  { { kind = "credentials", retryable = true }, false },
  { service("SomethingNew"), false },
  { service("SomethingNew", 501), false },
  { service("SomethingNew", 301), false },
  { service("ConditionalCheckFailedException"), false },
  { service("ValidationException"), false },
  { service("SerializationException"), false },
  { service("ResourceNotFoundException"), false },
  { service("ResourceInUseException"), false },
  { service("ItemCollectionSizeLimitExceededException"), false },
  { service("DuplicateItemException"), false },
  { service("IdempotentParameterMismatchException"), false },
  { service("AccessDeniedException"), false },
  { service("UnrecognizedClientException"), false },
  { service("MissingAuthenticationTokenException"), false },
  { service("IncompleteSignatureException"), false },
  { service("InvalidSignatureException"), false },
  { service("ExpiredTokenException"), false },
  { service("ExpiredIteratorException"), false },
  { service("TrimmedDataAccessException"), false },
  { service("throttlingexception"), false },
  -- cancelled transactions are classified by their reasons
  { service("TransactionCanceledException"), false },
  { cancelled(), false },
  { cancelled("None", "None"), false },
  { cancelled("TransactionConflict"), "transient" },
  { cancelled("None", "TransactionConflict", "None"), "transient" },
  { cancelled("TransactionConflict", "TransactionConflict"), "transient" },
  { cancelled("ThrottlingError"), "throttling" },
  { cancelled("None", "ProvisionedThroughputExceeded"), "throttling" },
  { cancelled("TransactionConflict", "ThrottlingError"), "throttling" },
  { cancelled("ProvisionedThroughputExceeded", "TransactionConflict"), "throttling" },
  { cancelled("ConditionalCheckFailed"), false },
  { cancelled("TransactionConflict", "ConditionalCheckFailed"), false },
  { cancelled("ConditionalCheckFailed", "TransactionConflict"), false },
  { cancelled("ThrottlingError", "ValidationError"), false },
  { cancelled("None", "ItemCollectionSizeLimitExceeded"), false },
  { cancelled("None", "DuplicateItem"), false },
  { cancelled("TransactionConflict", "SomethingNew"), false },
  { { kind = "service", code = "TransactionCanceledException", status = 400,
    reasons = { { Code = "None" }, { Code = "TransactionConflict", Message = "m" } } }, "transient" },
  { { kind = "service", code = "TransactionCanceledException", status = 400,
    reasons = { { Code = "TransactionConflict" }, { Code = "ConditionalCheckFailed" } } }, false },
  { { kind = "service", code = "TransactionCanceledException", status = 400, reasons = { {}, { Code = "TransactionConflict" } } }, false },
  -- cancellation reasons of any other error are ignored
  { { kind = "service", code = "ValidationException", status = 400, reasons = { { code = "TransactionConflict" } } }, false },
}

local broken = service("InternalServerError", 500)
local busy = service("ProvisionedThroughputExceededException")
local refused = service("ConditionalCheckFailedException")
local expired = { kind = "service", code = "ExpiredTokenException", status = 400 }

local function with_retry_after(err, text)
  return { kind = err.kind, code = err.code, status = err.status, retry_after = text }
end

-- Scripts. `policy`: options of retry.new; `tokens`: initial tokens (default 500); `random`: the random number, or a list of
-- successive ones; `call`: options of the call. A step is an attempt: { error, `delay` before the next attempt or `stop`, the
-- reason for no retry } or { `ok` }, and the `tokens` left after it. `stop` or `ok` ends a call; the next step is the first
-- attempt of another call.
vectors.scripts = {
  { name = "a success", random = 0.5, { ok = true, tokens = 500 } },
  { name = "a failure of the service", random = 0.5,
    { broken, delay = 0.0125, tokens = 486 }, { ok = true, tokens = 500 } },
  { name = "three failures of the service", random = 0.5,
    { broken, delay = 0.0125, tokens = 486 }, { broken, delay = 0.025, tokens = 472 }, { broken, delay = 0.05, tokens = 458 },
    { ok = true, tokens = 472 } },
  { name = "four failures of the service", random = 0.5,
    { broken, delay = 0.0125, tokens = 486 }, { broken, delay = 0.025, tokens = 472 }, { broken, delay = 0.05, tokens = 458 },
    { broken, stop = "attempts", tokens = 458 } },
  { name = "throttling", random = 0.5,
    { busy, delay = 0.5, tokens = 495 }, { busy, delay = 1, tokens = 490 }, { busy, delay = 2, tokens = 485 },
    { ok = true, tokens = 490 } },
  { name = "throttling without end", random = 0.25,
    { busy, delay = 0.25, tokens = 495 }, { busy, delay = 0.5, tokens = 490 }, { busy, delay = 1, tokens = 485 },
    { busy, stop = "attempts", tokens = 485 } },
  { name = "a failure, then throttling", random = 0.5,
    { broken, delay = 0.0125, tokens = 486 }, { busy, delay = 1, tokens = 481 }, { ok = true, tokens = 486 } },
  { name = "throttling, then a failure", random = 0.5,
    { busy, delay = 0.5, tokens = 495 }, { broken, delay = 0.025, tokens = 481 }, { ok = true, tokens = 495 } },
  { name = "no jitter at all", random = 0,
    { busy, delay = 0, tokens = 495 }, { broken, delay = 0, tokens = 481 }, { ok = true, tokens = 495 } },
  { name = "jitter drawn anew each time", random = { 0.1, 0.9, 0.4 },
    { broken, delay = 0.0025, tokens = 486 }, { broken, delay = 0.045, tokens = 472 }, { broken, delay = 0.04, tokens = 458 },
    { ok = true, tokens = 472 } },
  { name = "a broken connection, a missing response, a wrong CRC32", random = 0.5,
    { { kind = "network" }, delay = 0.0125, tokens = 486 }, { { kind = "timeout" }, delay = 0.025, tokens = 472 },
    { { kind = "response", status = 200, retryable = true }, delay = 0.05, tokens = 458 }, { ok = true, tokens = 472 } },
  { name = "a status that says enough", random = 0.5,
    { { kind = "response", status = 429 }, delay = 0.5, tokens = 495 }, { { kind = "response", status = 503 }, delay = 0.025, tokens = 481 },
    { ok = true, tokens = 495 } },
  { name = "a conflict between transactions", random = 0.5,
    { service("TransactionConflictException"), delay = 0.0125, tokens = 486 },
    { cancelled("None", "TransactionConflict"), delay = 0.025, tokens = 472 },
    { cancelled("None", "ThrottlingError"), delay = 2, tokens = 467 }, { ok = true, tokens = 472 } },

  -- no retry
  { name = "a condition that does not hold", { refused, stop = "permanent", tokens = 500 }, { ok = true, tokens = 500 } },
  { name = "a condition that does not hold, after a retry", random = 0.5,
    { broken, delay = 0.0125, tokens = 486 }, { refused, stop = "permanent", tokens = 486 }, { ok = true, tokens = 487 } },
  { name = "a certificate that is refused", { { kind = "network", permanent = true }, stop = "permanent", tokens = 500 } },
  { name = "a response that stays wrong", { { kind = "response", status = 200 }, stop = "permanent", tokens = 500 } },
  { name = "a transaction with a condition that does not hold",
    { cancelled("TransactionConflict", "ConditionalCheckFailed"), stop = "permanent", tokens = 500 } },
  { name = "the mode off", policy = { mode = "off" },
    { broken, stop = "off", tokens = 500 }, { busy, stop = "off", tokens = 500 }, { refused, stop = "permanent", tokens = 500 } },
  { name = "off for a call", call = { mode = "off" }, { busy, stop = "off", tokens = 500 } },
  { name = "standard for a call", policy = { mode = "off" }, call = { mode = "standard" }, random = 0.5,
    { busy, delay = 0.5, tokens = 495 }, { ok = true, tokens = 500 } },

  -- attempts
  { name = "one attempt", policy = { max_attempts = 1 }, { broken, stop = "attempts", tokens = 500 } },
  { name = "two attempts", policy = { max_attempts = 2 }, random = 0.5,
    { broken, delay = 0.0125, tokens = 486 }, { broken, stop = "attempts", tokens = 486 } },
  { name = "two attempts for a call", call = { max_attempts = 2 }, random = 0.5,
    { broken, delay = 0.0125, tokens = 486 }, { broken, stop = "attempts", tokens = 486 } },
  { name = "three attempts for a call of a connection with one", policy = { max_attempts = 1 }, call = { max_attempts = 3 }, random = 0.5,
    { broken, delay = 0.0125, tokens = 486 }, { broken, delay = 0.025, tokens = 472 }, { broken, stop = "attempts", tokens = 472 } },
  { name = "delays that reach the cap", policy = { max_attempts = 13 }, random = 0.5, -- 25.6 s after attempt 11
    { broken, delay = 0.0125, tokens = 486 }, { broken, delay = 0.025, tokens = 472 }, { broken, delay = 0.05, tokens = 458 },
    { broken, delay = 0.1, tokens = 444 }, { broken, delay = 0.2, tokens = 430 }, { broken, delay = 0.4, tokens = 416 },
    { broken, delay = 0.8, tokens = 402 }, { broken, delay = 1.6, tokens = 388 }, { broken, delay = 3.2, tokens = 374 },
    { broken, delay = 6.4, tokens = 360 }, { broken, delay = 10, tokens = 346 }, { broken, delay = 10, tokens = 332 },
    { ok = true, tokens = 346 } },
  { name = "delays of throttling that reach the cap", policy = { max_attempts = 8 }, random = 0.75, -- 32 s after attempt 6
    { busy, delay = 0.75, tokens = 495 }, { busy, delay = 1.5, tokens = 490 }, { busy, delay = 3, tokens = 485 },
    { busy, delay = 6, tokens = 480 }, { busy, delay = 12, tokens = 475 }, { busy, delay = 15, tokens = 470 },
    { busy, delay = 15, tokens = 465 }, { busy, stop = "attempts", tokens = 465 } },

  -- tokens
  { name = "one token less than a retry costs", tokens = 13, { broken, stop = "quota", tokens = 13 } },
  { name = "just the tokens of a retry", tokens = 14, random = 0.5,
    { broken, delay = 0.0125, tokens = 0 }, { broken, stop = "quota", tokens = 0 } },
  { name = "tokens for throttling only", tokens = 13, random = 0.5,
    { broken, stop = "quota", tokens = 13 }, { busy, delay = 0.5, tokens = 8 }, { busy, delay = 1, tokens = 3 },
    { busy, stop = "quota", tokens = 3 } },
  { name = "the last attempt, and no tokens", tokens = 42, random = 0.5,
    { broken, delay = 0.0125, tokens = 28 }, { broken, delay = 0.025, tokens = 14 }, { broken, delay = 0.05, tokens = 0 },
    { broken, stop = "attempts", tokens = 0 }, { broken, stop = "quota", tokens = 0 } },
  { name = "successes that give back one each", tokens = 497,
    { ok = true, tokens = 498 }, { ok = true, tokens = 499 }, { ok = true, tokens = 500 }, { ok = true, tokens = 500 } },
  { name = "successes that make a retry possible", tokens = 12, random = 0.5,
    { broken, stop = "quota", tokens = 12 }, { ok = true, tokens = 13 }, { ok = true, tokens = 14 },
    { broken, delay = 0.0125, tokens = 0 }, { ok = true, tokens = 14 } },
  { name = "a bucket that is nearly full", tokens = 495, random = 0.5,
    { broken, delay = 0.0125, tokens = 481 }, { ok = true, tokens = 495 }, { ok = true, tokens = 496 } },

  -- the header x-amz-retry-after, in milliseconds
  { name = "a time", random = 0.5, { with_retry_after(broken, "1500"), delay = 1.5, tokens = 486 }, { ok = true, tokens = 500 } },
  { name = "a time with throttling", random = 0.5, { with_retry_after(busy, "1500"), delay = 1.5, tokens = 495 }, { ok = true, tokens = 500 } },
  { name = "a time of nothing", random = 0.5, { with_retry_after(broken, "0"), delay = 0.0125, tokens = 486 } },
  { name = "a time shorter than the delay", random = 0.5, { with_retry_after(busy, "100"), delay = 0.5, tokens = 495 } },
  { name = "a time too long", random = 0.5, { with_retry_after(broken, "20000"), delay = 5.0125, tokens = 486 } },
  { name = "a time too long, and a long delay", policy = { max_attempts = 9 }, random = 0.9,
    { busy, delay = 0.9, tokens = 495 }, { busy, delay = 1.8, tokens = 490 }, { busy, delay = 3.6, tokens = 485 },
    { busy, delay = 7.2, tokens = 480 }, { busy, delay = 14.4, tokens = 475 }, { with_retry_after(busy, "60000"), delay = 23, tokens = 470 } },
  { name = "a time without end", random = 0.5, { with_retry_after(broken, ("9"):rep(400)), delay = 5.0125, tokens = 486 } },
  { name = "a time below nothing", random = 0.5, { with_retry_after(broken, "-1"), delay = 0.0125, tokens = 486 } },
  { name = "times that are none", policy = { max_attempts = 9 }, random = 0,
    { with_retry_after(broken, ""), delay = 0, tokens = 486 }, { with_retry_after(broken, "soon"), delay = 0, tokens = 472 },
    { with_retry_after(broken, "1.5"), delay = 0, tokens = 458 }, { with_retry_after(broken, "1e3"), delay = 0, tokens = 444 },
    { with_retry_after(broken, "0x10"), delay = 0, tokens = 430 }, { with_retry_after(broken, "15 s"), delay = 0, tokens = 416 },
    { with_retry_after(broken, "Wed, 21 Oct 2026 07:28:00 GMT"), delay = 0, tokens = 402 } },
  { name = "a time for what is not retried", { with_retry_after(refused, "1500"), stop = "permanent", tokens = 500 } },

  -- errors whose cause was corrected
  { name = "new credentials", { expired, corrected = true, delay = 0, tokens = 500 }, { ok = true, tokens = 500 } },
  { name = "new credentials, and the bucket is empty", tokens = 0, { expired, corrected = true, delay = 0, tokens = 0 }, { ok = true, tokens = 0 } },
  { name = "new credentials, then throttling", random = 0.5,
    { expired, corrected = true, delay = 0, tokens = 500 }, { busy, delay = 1, tokens = 495 }, { ok = true, tokens = 500 } },
  { name = "new credentials, too late", policy = { max_attempts = 2 }, random = 0.5,
    { broken, delay = 0.0125, tokens = 486 }, { expired, corrected = true, stop = "attempts", tokens = 486 } },
  { name = "new credentials, mode off", policy = { mode = "off" }, { expired, corrected = true, stop = "off", tokens = 500 } },
}

-- Scripts of the adaptive mode. `at` is the time in seconds since the policy was created. A step with `wait` calls `before`
-- and expects that result (false: the wait would exceed `longest`). Any other step ends an attempt, `throttled` or not, and
-- expects the measured and the allowed rate after it, in requests per second.
vectors.adaptive = {
  -- The rate is measured in windows of 0.5 s. At 0.6: 3 responses / 0.5 s * 0.8 = 4.8. At 1.0: 2 / 0.5 * 0.8 + 4.8 * 0.2 =
  -- 4.16. At 1.6: 3 / 0.5 * 0.8 + 0.832 = 5.632. Before any throttling the allowed rate is 0.4 t^3, at least 0.5; at 1.2 it
  -- is 0.6912. Throttling at 2.0 makes the measured rate 2 / 0.5 * 0.8 + 5.632 * 0.2 = 4.3264 the peak and allows 0.7 of it.
  -- The allowed rate reaches the peak again after K = cbrt(4.3264 * 0.3 / 0.4) = 1.480561 s; at 2.2 it is
  -- 0.4 * (0.2 - K)^3 + 4.3264 = 3.486639. At the throttling at 3.2 the allowed 4.282037 is less than the measured 4.333056,
  -- so it becomes the peak; 0.7 of it is 2.997426.
  { name = "the rate that it finds",
    { at = 0, wait = 0 },
    { at = 0.2, measured = 0, rate = 0.5 }, { at = 0.4, measured = 0, rate = 0.5 }, { at = 0.6, measured = 4.8, rate = 0.5 },
    { at = 0.8, measured = 4.8, rate = 0.5 }, { at = 1.0, measured = 4.16, rate = 0.5 }, { at = 1.2, measured = 4.16, rate = 0.6912 },
    { at = 1.4, measured = 4.16, rate = 1.0976 }, { at = 1.6, measured = 5.632, rate = 1.6384 },
    { at = 1.8, measured = 5.632, rate = 2.3328 }, { at = 1.8, wait = 0 },
    { at = 2.0, throttled = true, measured = 4.3264, rate = 3.02848 },
    { at = 2.2, measured = 4.3264, rate = 3.486639 }, { at = 2.4, measured = 4.3264, rate = 3.821874 },
    { at = 2.6, measured = 5.66528, rate = 4.053386 }, { at = 2.8, measured = 5.66528, rate = 4.200373 },
    { at = 3.0, measured = 4.333056, rate = 4.282037 }, { at = 3.2, throttled = true, measured = 4.333056, rate = 2.997426 },
    { at = 3.4, measured = 4.333056, rate = 3.452226 } },
  -- No rate is measured yet, so 0.5 requests per second are allowed, and the bucket is empty: the first token comes after
  -- 2 s, the second after 4 s. At 2.1 the bucket is at -1, so the third request waits (1 - -1) / 0.5 = 4 s. At 100 the
  -- bucket holds its maximum of one token.
  { name = "the waits of successive requests",
    { at = 0, wait = 0 }, { at = 0.1, throttled = true, measured = 0, rate = 0.5 },
    { at = 0.1, wait = 2 }, { at = 0.1, wait = 4 }, { at = 2.1, wait = 4 }, { at = 100, wait = 0 }, { at = 100, wait = 2 } },
  -- A request that may not wait long enough takes no token.
  { name = "the wait of requests with a limited wait",
    { at = 0, wait = 0 }, { at = 0, throttled = true, measured = 0, rate = 0.5 },
    { at = 0, longest = 1.5, wait = false }, { at = 0, longest = 1.5, wait = false }, { at = 0, longest = 2, wait = 2 },
    { at = 0, longest = 3, wait = false }, { at = 0, wait = 4 } },
  { name = "no limit without throttling",
    { at = 0, wait = 0 }, { at = 0, wait = 0 }, { at = 0, longest = 0, wait = 0 }, { at = 0.5, measured = 1.6, rate = 0.5 },
    { at = 0.5, wait = 0 }, { at = 0.5, wait = 0 } },
  -- 0.4 * 100^3 is cut to twice the measured rate, 1 / 100 * 0.8 = 0.008, and then raised to the minimum of 0.5.
  { name = "a rate that follows the measured one", { at = 0, wait = 0 }, { at = 100, measured = 0.008, rate = 0.5 } },
  -- At 1 the measured rate is 10 / 1 * 0.8 = 8, and 0.7 of it is allowed. At 11, with K = cbrt(8 * 0.3 / 0.4) = 1.817, the
  -- curve gives 0.4 * 8.183^3 + 8 = 227; the measured rate is 1 / 10 * 0.8 + 8 * 0.2 = 1.68, so twice that, 3.36, is allowed.
  -- The bucket fills at the old rate up to the old capacity of 5.6 and is then cut to the new capacity of 3.36. Three
  -- requests pass at once; the fourth waits 0.64 / 3.36 s.
  { name = "a bucket with a capacity of one second",
    { at = 0, wait = 0 }, { at = 0.1, measured = 0, rate = 0.5 }, { at = 0.1, measured = 0, rate = 0.5 },
    { at = 0.1, measured = 0, rate = 0.5 }, { at = 0.1, measured = 0, rate = 0.5 }, { at = 0.1, measured = 0, rate = 0.5 },
    { at = 0.1, measured = 0, rate = 0.5 }, { at = 0.1, measured = 0, rate = 0.5 }, { at = 0.1, measured = 0, rate = 0.5 },
    { at = 0.1, measured = 0, rate = 0.5 }, { at = 1, throttled = true, measured = 8, rate = 5.6 },
    { at = 11, measured = 1.68, rate = 3.36 }, { at = 11, wait = 0 }, { at = 11, wait = 0 }, { at = 11, wait = 0 },
    { at = 11, wait = 0.64 / 3.36 } },
}

return vectors
