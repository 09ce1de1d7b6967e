---@meta

-- The options that several methods share: doc/options.md.

---Options of every call.
---@class (exact) dynamodb.EveryCallOptions
---Headers that each request has besides the client's; they are signed (default: none)
---@field headers? table<string, string>
---Limit of the whole call: attempts, delays, pages, the parts of a batch, refreshing of credentials (default:
---15)
---@field deadline? number
---@field attempt_timeout? number limit of sending one request and receiving its response (default: 5)
---@field max_attempts? integer attempts of each request, the first one included (default: 4)
---@field retry_mode? "standard"|"adaptive"|"off" which failed attempts are repeated and when (default: `"standard"`)

---Options of every write.
---@class (exact) dynamodb.EveryWriteOptions: dynamodb.EveryCallOptions
---@field retry_writes? "safe"|"always"|"exact" what happens to a write whose response was lost (default: `"safe"`)

---Whether a call tells what it consumed.
---@class (exact) dynamodb.ConsumedCapacityOptions
---Request what the call consumed, in total or for each index as well (default: `"none"`)
---@field return_consumed_capacity? dynamodb.CapacityDetail

---How exactly calls tell what they consume.
---@alias dynamodb.CapacityDetail "total"|"indexes"|"none"|"TOTAL"|"INDEXES"|"NONE"

---Whether a call is only explained.
---@class (exact) dynamodb.ExplainOptions
---Send nothing, and return a dynamodb.Explanation as first result (default: `false`)
---@field explain? boolean

---The options of a call that is explained.
---@class dynamodb.ExplainedOptions
---@field explain true
---@field [string] any

---What a method returns with `explain = true`: doc/costs.md.
---@class dynamodb.Explanation
---@field operation? string the operation of the service; nil when nothing would be sent
---@field requests { params: table, json: string, bytes: integer }[] in their order
---@field bytes integer of the JSON texts of all requests
---@field units dynamodb.ExplainedUnits
---@field warnings { code: string, message: string }[]

---The capacity units that requests would take.
---@class dynamodb.ExplainedUnits
---@field read number the least, when the requests succeed
---@field write number the least, when the requests succeed
---@field unknown { code: string, message: string }[] what may be added
---@field whole_table? number of a scan without limits: what reading a table of the described size takes

---Capacity units: a number for reads and writes alike, or one for each.
---@alias dynamodb.Units number|dynamodb.ReadAndWriteUnits

---Capacity units of reads and of writes.
---@class (exact) dynamodb.ReadAndWriteUnits
---@field read? number
---@field write? number

---Is called at most ten times a second and once at the end. `total` is nil where it is unknown; `state` is a new table.
---@alias dynamodb.Progress fun(done: number, total: number?, state: table)

---Limits of what a call consumes, and a function that sees how far it is.
---@class (exact) dynamodb.RateOptions
---@field rate? dynamodb.Units capacity units that the requests may consume per second (default: no limit)
---Capacity units after which no further request is sent; the call ends with code `BudgetExceeded` (default: no limit)
---@field budget? dynamodb.Units
---@field on_progress? dynamodb.Progress is called while the call runs

---The key of an item.
---@class (exact) dynamodb.KeyOptions
---@field hash_key? dynamodb.KeyValue value of the hash key (the partition key)
---@field range_key? dynamodb.KeyValue value of the range key (the sort key)
---@field key? dynamodb.KeyTable both by attribute names, in place of the other two: `{ customer = "ann", number = 2 }`

---Conditions of a write.
---@class (exact) dynamodb.ConditionOptions
---@field condition? dynamodb.ConditionLike nothing is written unless it holds
---@field expected_value? dynamodb.ConditionLike boto's name for a condition; when both are given, both must hold
---@field create_only? boolean nothing is written if the item exists (default: `false`)
---@field replace_only? boolean nothing is written unless the item exists (default: `false`)

---Options of methods that write one item.
---@class (exact) dynamodb.SingleWriteOptions: dynamodb.ConditionOptions, dynamodb.ConsumedCapacityOptions, dynamodb.ExplainOptions, dynamodb.EveryWriteOptions
---When the condition does not hold, `err.item` is the stored item, as a plain table (default: `false`)
---@field return_item_on_failure? boolean

---The guard of an item's write.
---@class (exact) dynamodb.GuardOptions
---The write fails if another writer was faster (default: `"version"` if the table has a version attribute,
---else `false`)
---@field guard? "changed"|"version"|false

---The attributes to return, and how current they are.
---@class (exact) dynamodb.ProjectionOptions
---The attributes to return. Key attributes are always returned (default: all attributes)
---@field projection? dynamodb.Projection
---@field attributes_to_get? dynamodb.Projection boto's name for `projection` (default: all attributes)
---Read what all earlier successful writes have stored; not possible for global indexes (default: `false`)
---@field consistent_read? boolean

---Reads that are sent a second time.
---@class (exact) dynamodb.Hedge
---@field after number|"p95" seconds until the read is sent again; `"p95"`: what 95 % of such reads do not exceed
---@field budget? number share of the reads that may be sent again (default: 0.05)

---Whether a read is sent again when no response has begun.
---@class (exact) dynamodb.HedgingOptions
---Send a read again when no response has begun after this time, at most this share of the reads (default: that of
---connect)
---@field hedge? dynamodb.Hedge|false

---Options that queries and scans share.
---@class (exact) dynamodb.QueryAndScanOptions: dynamodb.RateOptions, dynamodb.ProjectionOptions, dynamodb.HedgingOptions, dynamodb.ConsumedCapacityOptions, dynamodb.ExplainOptions, dynamodb.EveryCallOptions
---Return only items that meet it; the service examines and charges the others as well
---@field filter? dynamodb.ConditionLike
---@field index? string name of the global or local index to read (default: the table)
---@field max_results? integer how many items are returned or counted (default: no limit)
---@field request_limit? integer how many items one page may examine (default: 1 MB)
---@field max_requests? integer how many pages are requested (default: no limit)
---Key after which reading starts, such as `results.last_evaluated_key` (default: the start)
---@field exclusive_start_key? table
---Text of results:cursor, where the same query or scan continues; needs `cursor_key`; excludes
---`exclusive_start_key` and `state`
---@field cursor? string
---@field cursor_key? string|string[] the secret of cursors, at least 16 bytes; of a list, each is tried
---@field count? boolean no items, only the counts in the results (default: `false`)
---As the service's `Select`, also in lower case; `"COUNT"` is `count` (default: by the projection)
---@field select? "ALL_ATTRIBUTES"|"ALL_PROJECTED_ATTRIBUTES"|"COUNT"
---@field items? boolean `false`: plain tables in place of items, which is cheaper for bulk reads (default: `true`)
---@field prefetch? integer pages to request ahead (default: 0)

---Options of batch writes and of writers.
---@class (exact) dynamodb.BatchWriterOptions: dynamodb.RateOptions, dynamodb.ConsumedCapacityOptions, dynamodb.EveryCallOptions
---@field concurrency? integer how many requests are sent concurrently (default: 1)
---A key that occurs twice: the last write counts (deletes come after puts), or it raises (default: `"last"`)
---@field on_duplicate? "last"|"error"

---Options of batch_write.
---@class (exact) dynamodb.BatchWriteOptions: dynamodb.BatchWriterOptions, dynamodb.ExplainOptions

---Options of methods that wait for a state.
---@class (exact) dynamodb.WaitOptions
---@field on_progress? dynamodb.Progress is called after each check
---@field timeout? number how long to wait; then the error has kind `timeout` (default: 300)

---The capacity of a table or index.
---@class (exact) dynamodb.CapacityOptions
---@field read_units? integer provisioned capacity units; both or neither (default: on-demand)
---@field write_units? integer provisioned capacity units; both or neither (default: on-demand)
---@field max_read_units? integer|false ceilings of on-demand capacity; `false` removes one (default: no limit)
---@field max_write_units? integer|false ceilings of on-demand capacity; `false` removes one (default: no limit)
---@field warm_throughput? { read: integer, write: integer } capacity that is available at once (default: the service's)

---Settings of a table.
---@class (exact) dynamodb.TableSettingsOptions: dynamodb.CapacityOptions
---What the table's stream has of each change (default: `false`)
---@field stream? "KEYS_ONLY"|"NEW_IMAGE"|"OLD_IMAGE"|"NEW_AND_OLD_IMAGES"|false
---A key of your own, `true` (AWS's KMS key), `false` (the service's own key) (default: `false`)
---@field encryption? string|boolean
---@field table_class? "STANDARD"|"STANDARD_INFREQUENT_ACCESS" storage class (default: `"STANDARD"`)
---@field deletion_protection? boolean the service refuses to delete the table (default: `false`)

---A secondary index.
---@class (exact) dynamodb.CreateIndexOptions: dynamodb.CapacityOptions
---@field name string name of the index
---@field range_key? dynamodb.IndexKey range key
---@field projection? "ALL"|"KEYS_ONLY"|string[] attributes that the index has (default: `"ALL"`)
---@field hash_key dynamodb.IndexKey hash key; a name alone is a string attribute

---An index in a definition of a table. A local index has no hash key of its own.
---@class (exact) dynamodb.IndexDefinition: dynamodb.CapacityOptions
---@field name string name of the index
---@field hash_key? dynamodb.IndexKey hash key; a name alone is a string attribute
---@field range_key? dynamodb.IndexKey range key
---@field projection? "ALL"|"KEYS_ONLY"|string[] attributes that the index has (default: `"ALL"`)

---The key of a table.
---@class (exact) dynamodb.SchemaOptions
---@field hash_key_name string name of the hash key attribute
---Its type: `"S"`, `"N"`, `"B"`, or a value of that type such as `""` or `0`
---@field hash_key_proto_value dynamodb.KeyValue
---@field range_key_name? string name of the range key attribute
---@field range_key_proto_value? dynamodb.KeyValue its type

