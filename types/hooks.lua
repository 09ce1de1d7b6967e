---@meta

-- Hooks, log and counters: doc/hooks.md.

---The option `hooks` of dynamodb.connect.
---@class (exact) dynamodb.Hooks
---@field request_built? fun(event: dynamodb.RequestBuiltEvent) the parameters have been encoded
---@field attempt_started? fun(event: dynamodb.AttemptStartedEvent) an attempt begins
---@field response_received? fun(event: dynamodb.ResponseReceivedEvent) a complete response has been read
---@field attempt_failed? fun(event: dynamodb.AttemptFailedEvent) an attempt has ended without a response
---@field throttled? fun(event: dynamodb.ThrottledEvent) a response asked the client to slow down
---@field retry_scheduled? fun(event: dynamodb.RetryScheduledEvent) another attempt will follow
---@field request_hedged? fun(event: dynamodb.RequestHedgedEvent) a read that was sent a second time has been decided
---@field call_finished? fun(event: dynamodb.CallFinishedEvent) the call is about to return
---@field credentials_refreshed? fun(event: dynamodb.CredentialsRefreshedEvent) a provider has returned new credentials
---@field warning? fun(event: dynamodb.WarningEvent) a problem occurred that did not fail the call

---The option `log` of dynamodb.connect: a function of a line, an open file, or an object with a method `write`.
---@alias dynamodb.Log fun(line: string)|file*|{ write: fun(self: any, text: string): any }

---What the events of a call have in common.
---@class dynamodb.CallEvent
---@field operation string such as `"PutItem"`
---@field table? string the table's name, if the request is for one table

---The parameters have been encoded.
---@class dynamodb.RequestBuiltEvent: dynamodb.CallEvent
---@field bytes integer

---An attempt begins.
---@class dynamodb.AttemptStartedEvent: dynamodb.CallEvent
---@field attempt integer
---@field max_attempts integer
---@field endpoint_url string

---A complete response has been read.
---@class dynamodb.ResponseReceivedEvent: dynamodb.CallEvent
---@field attempt integer
---@field status integer
---@field request_id? string
---@field timing dynamodb.Timing
---@field consumed_capacity? any
---@field err? dynamodb.Error

---An attempt has ended without a response.
---@class dynamodb.AttemptFailedEvent: dynamodb.CallEvent
---@field attempt integer
---@field err dynamodb.Error

---Another attempt will follow.
---@class dynamodb.RetryScheduledEvent: dynamodb.CallEvent
---@field attempt integer
---@field delay number
---@field retry_tokens number
---@field err dynamodb.Error

---A read that was sent a second time has been decided.
---@class dynamodb.RequestHedgedEvent: dynamodb.CallEvent
---@field attempt integer
---@field after number
---@field won boolean

---The call is about to return.
---@class dynamodb.CallFinishedEvent: dynamodb.CallEvent
---@field attempts integer
---@field elapsed number
---@field consumed_capacity? any
---@field err? dynamodb.Error

---A provider has returned new credentials.
---@class dynamodb.CredentialsRefreshedEvent
---@field source string
---@field expires? number

---A problem occurred that did not fail the call.
---@class dynamodb.WarningEvent
---@field message string

---A response asked the client to slow down. There is one event for each reason.
---@class dynamodb.ThrottledEvent: dynamodb.CallEvent
---@field attempt integer
---@field scope "key"|"table"|"index"|"account"|"connection" what is slowed down in mode `adaptive`
---@field resource? string ARN of the table or index, if the service names it
---@field kind? "read"|"write"
---@field key_hash? string hash of the hash key's value, for scope `key`
---@field reason? string such as `TableReadKeyRangeThroughputExceeded`
---@field err dynamodb.Error

---How long the parts of an attempt took.
---@class dynamodb.Timing
---@field connect? number seconds, if the attempt opened a connection
---@field tls? number seconds, if the attempt opened a connection
---@field first_byte? number seconds
---@field total number seconds
---@field reused boolean true for a kept connection
---@field bytes_sent integer
---@field bytes_received integer

---Something that the service throttled, in what conn:stats returns.
---@class dynamodb.Throttle
---@field scope "key"|"table"|"index"|"account"|"connection"
---@field resource? string ARN of the table or index, if the service named it
---@field kind? "read"|"write"
---@field key_hash? string hash of the hash key's value, for scope `key`
---@field count integer throttled responses
---@field rate? number requests per second, while it is limited

---What conn:stats returns.
---@class dynamodb.Stats
---@field calls integer calls made
---@field failures integer calls that returned an error
---@field attempts integer requests sent
---@field retries integer requests sent after a failed attempt
---@field hedges integer reads sent a second time; they count as attempts, not as retries
---@field hedges_won integer hedges whose response was used
---@field throttled_responses integer responses that asked the client to slow down
---@field throttles dynamodb.Throttle[] what was throttled, the most frequent first
---@field bytes_sent integer bytes of attempts that had a complete response
---@field bytes_received integer bytes of attempts that had a complete response
---@field connections_opened integer connections opened
---@field connections_reused integer attempts on a kept connection
---@field connections_open integer connections open now
---@field credential_refreshes integer refreshes of credentials
---@field units table<string, dynamodb.TableUnits> capacity units by table, as far as responses told them
---@field retry_tokens? number what is left of the retry quota; nil before the first call
---Seconds that the service's clock is ahead of the local one; nil before the first call, or if it is not
---corrected
---@field clock_offset? number

---Capacity units of a table, those of its indexes included.
---@class dynamodb.TableUnits
---@field read number
---@field write number
---@field indexes? table<string, { read: number, write: number }> by the names of indexes, when a response told them

---What a call consumed, as the service says it.
---@class dynamodb.ConsumedCapacity
---@field CapacityUnits? number
---@field TableName? string
---@field [string] any
