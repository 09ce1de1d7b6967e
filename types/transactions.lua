---@meta

-- Transactions: doc/connection.md, Transactions.

---Why an operation let a transaction fail.
---@class dynamodb.Reason
---@field code string the service's code; `None` for an operation that is not the cause
---@field message? string
---@field item? dynamodb.Attributes the stored item, with `return_item_on_failure`
---@field operation? dynamodb.TransactWriteOperation the operation as it was given

---One operation of conn:transact_write. It has one of put, update, delete and check.
---@class (exact) dynamodb.TransactWriteOperation
---@field put? dynamodb.Item|dynamodb.Attributes stores it
---@field update? dynamodb.UpdateLike changes the item
---@field delete? dynamodb.Item|true deletes the item, or that with the key
---@field check? dynamodb.ConditionLike changes nothing, but the transaction fails unless the condition holds
---@field table? dynamodb.TableOrName the table (default: that of the item)
---@field item? dynamodb.Item of `update` and `check`: in place of table and key
---@field hash_key? dynamodb.KeyValue not of `put`
---@field range_key? dynamodb.KeyValue not of `put`
---@field key? dynamodb.KeyTable not of `put`
---@field condition? dynamodb.ConditionLike as condition; not of `check`
---@field expected_value? dynamodb.ConditionLike as condition; not of `check`
---@field create_only? boolean as condition; not of `check` (default: `false`)
---@field replace_only? boolean as condition; not of `check` (default: `false`)
---When the condition does not hold, the operation's reason has the stored item (default: `false`)
---@field return_item_on_failure? boolean

---One item of conn:transact_get.
---@class (exact) dynamodb.TransactGetRequest
---@field table dynamodb.TableOrName the table
---@field hash_key? dynamodb.KeyValue the key
---@field range_key? dynamodb.KeyValue the key
---@field key? dynamodb.KeyTable the key
---@field projection? dynamodb.Projection the attributes to return (default: all attributes)

---Options of transact_write.
---@class (exact) dynamodb.TransactWriteOptions: dynamodb.ConsumedCapacityOptions, dynamodb.ExplainOptions, dynamodb.EveryCallOptions
---Idempotency token, for a caller that repeats the call itself: the service applies it once (default: a new
---one)
---@field token? string

---Options of transact_get.
---@class (exact) dynamodb.TransactGetOptions: dynamodb.ConsumedCapacityOptions, dynamodb.ExplainOptions, dynamodb.EveryCallOptions
