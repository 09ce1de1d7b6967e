---@meta dynamodb.testing

-- The testing kit, what `require "dynamodb.testing"` returns: doc/testing.md.

---@class dynamodb.testing
local testing = {}

---Which server testing.server returns. Without options it is that of `AWS_ENDPOINT_URL_DYNAMODB`, or a new one.
---@class (exact) dynamodb.testing.ServerOptions
---@field endpoint_url? string uses the server at this URL
---@field engine? "dynoxide"|"dynalite" by default Dynoxide where it is installed, else Dynalite
---@field directory? string its `node_modules` is searched first
---@field jar? string path of `DynamoDBLocal.jar`, which needs Java
---@field image? string container with AWS's server, such as `amazon/dynamodb-local`
---@field port? integer of 127.0.0.1 (default: a free one)

---Returns a server that is ready. It ends with busted's block, and with the process.
---
---**Errors.** Raises when there is no server, and says what to install.
---@param options? dynamodb.testing.ServerOptions
---@return dynamodb.testing.Server server
function testing.server(options) end

---A local DynamoDB.
---@class dynamodb.testing.Server
---@field endpoint_url string
---@field port? integer nil for a server that was not started here
---@field engine? "dynoxide"|"dynalite"|"jar"|"image" nil for a server that was not started here
local Server = {}

---Does what dynamodb.connect does, with the server's URL, and with region and keys where the environment has none.
---@param options? dynamodb.ConnectOptions
---@return dynamodb.Connection connection
function Server:connect(options) end

---Ends the server.
function Server:stop() end

---Returns when the server has ended.
function Server:wait() end

---The definition of a table for tests: options of conn:create_table, and its key by names.
---@class (exact) dynamodb.testing.TableDefinition: dynamodb.TableSettingsOptions
---@field hash_key? string name of the hash key attribute (default: `"id"`)
---@field hash_key_type? "S"|"N"|"B" its type (default: `"S"`)
---@field range_key? string name of the range key attribute
---@field range_key_type? "S"|"N"|"B" its type (default: `"S"`)
---@field name? string what the unique name begins with (default: `"test"`)
---@field schema? dynamodb.Schema in place of the four options of the key
---@field global_indexes? dynamodb.IndexDefinition[] secondary indexes
---@field local_indexes? dynamodb.IndexDefinition[] secondary indexes
---@field tags? table<string, string|number|boolean>
---@field version_attribute? string attribute with an item's version

---Creates a table with a unique name and waits until it is ready. It is deleted at the end of busted's block.
---
---**Errors.** Raises what the service refuses.
---@param connection dynamodb.Connection
---@param definition? dynamodb.testing.TableDefinition
---@return dynamodb.Table table
---@return dynamodb.testing.TableGuard guard
function testing.table(connection, definition) end

---Deletes a table earlier than the end of the block.
---@class dynamodb.testing.TableGuard
local Guard = {}

---Deletes the table.
function Guard:delete() end

---Puts items into a table: a list of tables, a text of JSON or DynamoDB JSON, or the path of a file with such a text.
---
---**Errors.** Raises what the service refuses.
---@param table dynamodb.Table
---@param fixtures dynamodb.Attributes[]|string
---@return integer count
function testing.load(table, fixtures) end

---Makes a transport around another one, by default libcurl's, whose requests fail by a script.
---@param transport? dynamodb.Transport
---@return dynamodb.testing.Faults faults
function testing.faults(transport) end

---A rule of a script of faults. It has one fault, and perhaps `delay`.
---@class (exact) dynamodb.testing.FaultRule
---@field operation? string the operation whose requests it meets (default: all)
---@field table? string name of the table whose requests it meets (default: all)
---@field times? integer|number how many requests it meets; `math.huge` for any number (default: 1)
---@field after? integer how many matching requests pass before (default: 0)
---@field delay? number seconds by which the response comes later
---@field throttle? true|{ reason: string?, resource: string?, code: string? } the request is refused
---@field status? 500|502|503|504 the service fails
---@field error? { code: string, message: string?, status: integer? } this error of the service
---@field expired_token? true ExpiredTokenException
---@field clock_skew? number seconds by which the service's clock is ahead
---@field lost_response? true the request is done, the connection ends without a response
---@field lost_request? true the request is not done, the connection ends without a response
---@field reset? true the connection is reset while sending
---@field wrong_checksum? true the request is done, the response's `x-amz-crc32` is wrong
---@field cut_body? true the request is done, half of the response's body arrives
---@field unprocessed? true|integer how many entries of a batch are not done
---@field cancelled? (string|{ Code: string, Message: string?, Item: dynamodb.Attributes? })[] reasons of a transaction

---A request that went through a transport with faults.
---@class dynamodb.testing.FaultedRequest
---@field operation string
---@field tables table<string, true> names of tables
---@field fault? string

---A script of faults.
---@class dynamodb.testing.Faults
---@field transport dynamodb.Transport for option `transport` of dynamodb.connect
---@field requests dynamodb.testing.FaultedRequest[] all requests so far
local Faults = {}

---Adds a rule.
---
---**Errors.** Raises for unknown options, and for more than one fault.
---@param rule dynamodb.testing.FaultRule
---@return dynamodb.testing.Faults self
function Faults:add(rule) end

---Counts the requests so far, of an operation or a table or all.
---@param operation? string
---@param table? string name of the table
---@return integer count
function Faults:count(operation, table) end

---Ends the script. The end of busted's block calls it.
---
---**Errors.** Raises when faults are left that no request has met.
function Faults:finish() end

---Stops the time, and returns a clock with a transport that goes by it.
---
---**Errors.** Raises while another clock runs, and inside nginx.
---@param transport? dynamodb.Transport
---@return dynamodb.testing.Clock clock
function testing.clock(transport) end

---Time that passes only when it is told to, and when everything waits.
---@class dynamodb.testing.Clock
---@field transport dynamodb.Transport for option `transport` of dynamodb.connect
local Clock = {}

---Lets so many seconds pass.
---@param seconds number
function Clock:advance(seconds) end

---Returns the time in seconds.
---@return number seconds
function Clock:now() end

---Gives the time back.
function Clock:close() end

---Makes a transport that records what the service responds. The file is written at the end of busted's block.
---@param path string the file, which is replaced
---@param transport? dynamodb.Transport
---@return dynamodb.testing.Recording recording
function testing.record(path, transport) end

---@class dynamodb.testing.Recording
---@field transport dynamodb.Transport for option `transport` of dynamodb.connect
---@field path string
local Recording = {}

---Writes the file.
---
---**Errors.** Raises when that fails.
function Recording:finish() end

---Makes a transport that responds from a recording, without a network.
---
---**Errors.** Raises when the file cannot be read. A request that was not recorded raises and shows the nearest one.
---@param path string
---@return dynamodb.testing.Replay replay
function testing.replay(path) end

---@class dynamodb.testing.Replay
---@field transport dynamodb.Transport for option `transport` of dynamodb.connect
local Replay = {}

---Does what dynamodb.connect does, with this transport, and with made-up keys and region.
---@param options? dynamodb.ConnectOptions
---@return dynamodb.Connection connection
function Replay:connect(options) end

---The assertions that the kit adds to luassert. `assert.is_not.stored` and the like negate them.
---@class luassert.internal
---@field item fun(expected: dynamodb.Attributes, item: dynamodb.Item|dynamodb.Attributes?)
---@field stored fun(tbl: dynamodb.Table, key: dynamodb.Key, expected?: dynamodb.Attributes)

return testing
