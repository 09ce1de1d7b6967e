---@meta

-- The transport that option `transport` of dynamodb.connect takes: doc/transport.md.

---What a function of a transport returns when it fails, after nil.
---@alias dynamodb.TransportFailure "network"|"timeout"|"closed"

---Where a transport connects to.
---@class dynamodb.TransportEndpoint
---@field url string such as `"https://dynamodb.eu-west-1.amazonaws.com"`
---@field host string

---Options of connect for a transport; each may be nil.
---@class dynamodb.TransportOptions
---@field ca_bundle? string
---@field client_certificate? string
---@field client_key? string
---@field tcp_keepalive? boolean
---@field unix_socket? string
---@field proxy? string URL of the proxy for this endpoint

---Limits that a transport with `keep` must enforce.
---@class dynamodb.TransportLimits
---@field max_connections integer
---@field max_idle_time number seconds
---@field max_connection_age? number seconds

---Waits in place of the running task.
---@class dynamodb.Waiter
---@field wait fun(self: dynamodb.Waiter, deadline: number): boolean true, or false at the deadline
---@field wake fun(self: dynamodb.Waiter): boolean true, or false if the task no longer waits

---A task that a transport started.
---@class dynamodb.Job
---@field done boolean
---@field cancel fun(self: dynamodb.Job, is_collected?: boolean)

---Sends bytes to the service and receives bytes from it. A deadline is an absolute time of `now`. A failure is nil, a
---kind and a text.
---@class dynamodb.Transport
local transport = {}

---Connects within so many seconds, with handshakes. A fourth result that is true says that another attempt would fail as
---well.
---@param endpoint dynamodb.TransportEndpoint
---@param seconds number
---@param options? dynamodb.TransportOptions
---@param limits? dynamodb.TransportLimits
---@return any socket
---@return dynamodb.TransportFailure? kind
---@return string? why
---@return boolean? is_permanent
function transport.connect(endpoint, seconds, options, limits) end

---Sends all bytes.
---@param socket any
---@param bytes string
---@param deadline number
---@return true? ok
---@return dynamodb.TransportFailure? kind
---@return string? why
function transport.send(socket, bytes, deadline) end

---Receives some bytes. The kind is `"closed"` at the end.
---@param socket any
---@param deadline number
---@param is_first? boolean no byte of the response has arrived yet
---@return string? bytes
---@return dynamodb.TransportFailure? kind
---@return string? why
function transport.receive(socket, deadline, is_first) end

---Returns true if an idle socket may be used again.
---@param socket any
---@return boolean is_usable
function transport.idle(socket) end

---Closes the socket.
---@param socket any
function transport.close(socket) end

---Returns seconds of a monotonic clock.
---@return number seconds
function transport.now() end

---Returns seconds since 1970, for signatures.
---@return number seconds
function transport.time() end

---Waits.
---@param seconds number
function transport.sleep(seconds) end

---The functions of the class are required; these fields are optional: doc/transport.md describes them.
---@class dynamodb.Transport
---@field abort? fun(socket: any)
---@field exchange? table
---@field timings? fun(socket: any): { name: number?, connect: number?, tls: number? }
---@field check? fun(where: string)
---@field gather? fun(functions: function[], concurrency?: integer, deadline?: number): table[]
---@field waiter? fun(): dynamodb.Waiter?
---@field place? fun(): any
---@field spawn? fun(f: function): dynamodb.Job
---@field later? fun(seconds: number, f: function): true?, string?
---@field alive? fun(thread: thread, place: any): boolean
---@field process? fun(): any
---@field keep? fun(socket: any, limits: dynamodb.TransportLimits): boolean
---@field reused? fun(socket: any): boolean
---@field shared? fun(name: string): table?
