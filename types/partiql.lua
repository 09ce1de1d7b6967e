---@meta

-- PartiQL: doc/connection.md, PartiQL.

---A statement with the values for its `?`.
---@class (exact) dynamodb.Statement
---@field [1] string the statement
---@field [2]? any[] its values

---What conn:execute_batch did with one statement.
---@class dynamodb.StatementOutcome
---@field item? dynamodb.Attributes the row, if there is one
---@field err? dynamodb.Error

---Options of execute.
---@class (exact) dynamodb.ExecuteOptions: dynamodb.ConsumedCapacityOptions, dynamodb.EveryWriteOptions
---@field consistent_read? boolean see what all earlier successful writes have stored (default: `false`)
---@field request_limit? integer of `SELECT`: how many items one page may examine (default: 1 MB)
---@field max_results? integer of `SELECT`: how many rows are returned (default: no limit)
---@field max_requests? integer of `SELECT`: how many pages are requested (default: no limit)

---Options of execute_batch.
---@class (exact) dynamodb.ExecuteBatchOptions: dynamodb.ConsumedCapacityOptions, dynamodb.EveryWriteOptions

---Options of execute_transaction.
---@class (exact) dynamodb.ExecuteTransactionOptions: dynamodb.ConsumedCapacityOptions, dynamodb.EveryCallOptions
