---@meta

-- The options of the methods of tables: doc/table.md.

---Options of get_item after a key.
---@class (exact) dynamodb.GetItemOptions: dynamodb.HedgingOptions, dynamodb.ProjectionOptions, dynamodb.ConsumedCapacityOptions, dynamodb.ExplainOptions, dynamodb.EveryCallOptions

---The key and the options of get_item.
---@class (exact) dynamodb.GetItemKeyOptions: dynamodb.GetItemOptions, dynamodb.KeyOptions

---Options of has_item after a key.
---@class (exact) dynamodb.HasItemOptions: dynamodb.HedgingOptions, dynamodb.ConsumedCapacityOptions, dynamodb.ExplainOptions, dynamodb.EveryCallOptions
---@field consistent_read? boolean see what all earlier successful writes have stored (default: `false`)

---The key and the options of has_item.
---@class (exact) dynamodb.HasItemKeyOptions: dynamodb.HasItemOptions, dynamodb.KeyOptions

---The options of new_item.
---@class (exact) dynamodb.NewItemOptions
---@field hash_key? dynamodb.KeyValue the key (default: from `attrs`)
---@field range_key? dynamodb.KeyValue the key (default: from `attrs`)
---@field attrs? dynamodb.Attributes the other attributes; may also have the key

---Options of put_item.
---@class (exact) dynamodb.PutItemOptions: dynamodb.SingleWriteOptions
---`"ALL_OLD"`: the second result is the item that was replaced, as a plain table (default: `"NONE"`)
---@field return_values? "NONE"|"ALL_OLD"

---Options of update_item after a key.
---@class (exact) dynamodb.UpdateItemOptions: dynamodb.SingleWriteOptions
---@field update dynamodb.UpdateLike what to change
---Attributes to return: all or the updated ones, before or after the update (default: `"NONE"`)
---@field return_values? "NONE"|"ALL_OLD"|"UPDATED_OLD"|"ALL_NEW"|"UPDATED_NEW"

---The key and the options of update_item.
---@class (exact) dynamodb.UpdateItemKeyOptions: dynamodb.UpdateItemOptions, dynamodb.KeyOptions

---Options of increment after a key.
---@class (exact) dynamodb.IncrementOptions: dynamodb.ConsumedCapacityOptions, dynamodb.ExplainOptions, dynamodb.EveryWriteOptions
---@field path dynamodb.Path where the number is, such as `"stats.days[2].hits"`
---@field by? number what is added; may be negative (default: 1)
---@field start? number value that is assumed while there is no number (default: 0)

---The key and the options of increment.
---@class (exact) dynamodb.IncrementKeyOptions: dynamodb.IncrementOptions, dynamodb.KeyOptions

---Options of delete_item after a key.
---@class (exact) dynamodb.DeleteItemOptions: dynamodb.SingleWriteOptions
---`"ALL_OLD"`: the second result is the deleted item, as a plain table (default: `"NONE"`)
---@field return_values? "NONE"|"ALL_OLD"

---The key and the options of delete_item.
---@class (exact) dynamodb.DeleteItemKeyOptions: dynamodb.DeleteItemOptions, dynamodb.KeyOptions

---Options of query after a key.
---@class (exact) dynamodb.QueryOptions: dynamodb.QueryAndScanOptions
---@field range_key_condition? dynamodb.KeyValue|dynamodb.Condition boto's name for `range_key` (default: all items)
---@field scan_index_forward? boolean `false`: descending order of range keys (default: `true`)
---@field query_filter? dynamodb.ConditionLike boto's name for `filter`

---The key and the options of query.
---@class (exact) dynamodb.QueryKeyOptions: dynamodb.QueryOptions
---@field hash_key? dynamodb.KeyValue value of the hash key
---Value, or one of the tests `eq`, `lt`, `le`, `gt`, `ge`, `between`, `begins_with` (default: all items)
---@field range_key? dynamodb.KeyValue|dynamodb.Condition
---Both by attribute names, for indexes with several key attributes: `{ state = "open", total = dynamodb.gt(9)
---}`
---@field key? table<string, dynamodb.KeyValue|dynamodb.Condition>
---@field key_condition? dynamodb.ConditionLike the key as a condition in any form

---Options of scan.
---@class (exact) dynamodb.ScanOptions: dynamodb.QueryAndScanOptions
---@field segments? integer number of parts in which the table is read concurrently
---How many segments are read at a time; goes with `segments` (default: all, at most `max_connections`)
---@field concurrency? integer
---@field state? table `results:state()` of an earlier scan with the same `segments`, to resume it
---@field segment? integer read only this segment, when several processes share a scan
---@field total_segments? integer goes with `segment`: the number of segments
---@field scan_filter? dynamodb.ConditionLike boto's name for `filter`

---Options of count: of a query if there is a key, else of a scan.
---@class (exact) dynamodb.CountOptions: dynamodb.QueryKeyOptions, dynamodb.ScanOptions

---Options of get_items.
---@class (exact) dynamodb.GetItemsOptions: dynamodb.HedgingOptions, dynamodb.RateOptions, dynamodb.ProjectionOptions, dynamodb.ConsumedCapacityOptions, dynamodb.ExplainOptions, dynamodb.EveryCallOptions
---@field ordered? boolean return the items in the order of the keys (default: `false`)
---@field items? boolean `false`: plain tables (default: `true`)
---@field concurrency? integer how many requests are sent concurrently (default: 1)

---The writes of a batch to one table.
---@class (exact) dynamodb.BatchWriteRequest
---@field put? (dynamodb.Item|dynamodb.Attributes)[] items to store
---@field delete? dynamodb.Key[] items to delete

---Options of loader.
---@class (exact) dynamodb.LoaderOptions: dynamodb.HedgingOptions, dynamodb.ProjectionOptions, dynamodb.EveryCallOptions
---@field max? integer keys of one request, at most 100 (default: 100)
---@field wait? number seconds in which the first caller collects the keys of others (default: one turn)

---Options of lock after a key.
---@class (exact) dynamodb.LockOptions: dynamodb.EveryWriteOptions
---@field lease? number seconds that the lock is held without a heartbeat (default: 20)
---@field wait? number seconds to wait for the lock, from 0 (default: twice `lease`)
---Seconds between two looks at a lock that is held, with jitter (default: a tenth of `lease`, at most 1)
---@field interval? number
---@field heartbeat? number seconds; lets a task or light thread extend the lease at this interval

---The key and the options of lock.
---@class (exact) dynamodb.LockKeyOptions: dynamodb.LockOptions, dynamodb.KeyOptions

---Options of refresh.
---@class (exact) dynamodb.RefreshOptions: dynamodb.EveryCallOptions
---Wait until the table is `ACTIVE`; excludes the options of every call (default: `false`)
---@field wait_for_active? boolean
---@field timeout? number goes with `wait_for_active` (default: 300)

---What tbl:update changes.
---@class (exact) dynamodb.UpdateTableOptions: dynamodb.TableSettingsOptions
---On-demand, or provisioned with `read_units` and `write_units`; units alone make the table provisioned
---(default: unchanged)
---@field billing_mode? "PAY_PER_REQUEST"|"PROVISIONED"
---Capacity of global indexes: `{ by_state = { read_units = 5, write_units = 5 } }` (default: unchanged)
---@field indexes? table<string, dynamodb.CapacityOptions>

---Options of export.
---@class (exact) dynamodb.ExportOptions
---@field bucket string the bucket
---@field bucket_owner? string account that owns the bucket (default: this account)
---@field prefix? string prefix of the objects' names
---@field format? "DYNAMODB_JSON"|"ION" format of the objects (default: `"DYNAMODB_JSON"`)
---@field time? integer state of the table to export (default: now)
---@field from? integer both: export only changes from this time to that
---@field to? integer both: export only changes from this time to that
---Goes with `from` and `to`: what is exported of each change (default: `"NEW_AND_OLD_IMAGES"`)
---@field view? "NEW_IMAGE"|"NEW_AND_OLD_IMAGES"
