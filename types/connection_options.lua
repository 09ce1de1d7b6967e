---@meta

-- The options of the methods of connections: doc/connection.md.

---The key of a table for conn:table.
---@class (exact) dynamodb.TableKeyOptions
---@field hash_key string name of the hash key attribute
---@field hash_key_type? "S"|"N"|"B" its type (default: `"S"`)
---@field range_key? string name of the range key attribute
---@field range_key_type? "S"|"N"|"B" its type (default: `"S"`)
---@field version_attribute? string attribute with an item's version

---Options of get_table and lookup.
---@class (exact) dynamodb.GetTableOptions
---@field version_attribute? string attribute with an item's version

---Options of list_tables.
---@class (exact) dynamodb.ListTablesOptions: dynamodb.EveryCallOptions
---@field limit? integer how many names are returned (default: all)
---@field exclusive_start_table_name? string name after which the list starts

---The definition of a table.
---@class (exact) dynamodb.CreateTableOptions: dynamodb.TableSettingsOptions
---@field name string name of the table
---@field schema dynamodb.Schema key of the table, from conn:create_schema
---@field global_indexes? dynamodb.IndexDefinition[] secondary indexes
---@field local_indexes? dynamodb.IndexDefinition[] secondary indexes
---@field tags? table<string, string|number|boolean> tags: `{ name = value }`
---@field version_attribute? string attribute with an item's version; not sent to the service

---The definition of a table, and how long to wait for it.
---@class (exact) dynamodb.EnsureTableOptions: dynamodb.CreateTableOptions
---@field timeout? number how long to wait (default: 300)

---The keys of a batch in one table, with options.
---@class (exact) dynamodb.BatchGetRequest
---@field keys dynamodb.Key[] the keys, when there are options
---@field consistent_read? boolean see what all earlier successful writes have stored (default: `false`)
---@field projection? dynamodb.Projection the attributes to return (default: all attributes)
---@field attributes_to_get? dynamodb.Projection boto's name for `projection` (default: all attributes)

---Options of batch_get.
---@class (exact) dynamodb.BatchGetOptions: dynamodb.HedgingOptions, dynamodb.RateOptions, dynamodb.ConsumedCapacityOptions, dynamodb.ExplainOptions, dynamodb.EveryCallOptions
---@field items? boolean `false`: plain tables (default: `true`)
---@field concurrency? integer how many requests are sent concurrently (default: 1)

---Options of call.
---@class (exact) dynamodb.CallOptions: dynamodb.EveryWriteOptions
---@field unknown? boolean call an operation that the client does not know, with plain JSON (default: `false`)

---Options of restore_table_from_backup.
---@class (exact) dynamodb.RestoreFromBackupOptions
---@field backup string|table the backup
---@field name string name of the new table
---@field billing_mode? "PAY_PER_REQUEST"|"PROVISIONED" on-demand, or provisioned with units (default: the old table's)
---@field read_units? integer provisioned capacity units; both or neither (default: the old table's)
---@field write_units? integer provisioned capacity units; both or neither (default: the old table's)
---@field max_read_units? integer|false ceilings of on-demand capacity (default: the old table's)
---@field max_write_units? integer|false ceilings of on-demand capacity (default: the old table's)
---@field encryption? string|boolean as table settings (default: the old table's)
---Indexes to keep, here also local ones with their `hash_key`; `{}` for none (default: the old table's)
---@field global_indexes? dynamodb.IndexDefinition[]
---Indexes to keep, here also local ones with their `hash_key`; `{}` for none (default: the old table's)
---@field local_indexes? dynamodb.IndexDefinition[]
---@field version_attribute? string attribute with an item's version

---Options of restore_table_to_point_in_time.
---@class (exact) dynamodb.RestoreToPointInTimeOptions
---@field source dynamodb.Table|string the other table
---@field name string name of the new table
---@field time? integer the time (default: the latest possible)
---@field billing_mode? "PAY_PER_REQUEST"|"PROVISIONED" on-demand, or provisioned with units (default: the old table's)
---@field read_units? integer provisioned capacity units; both or neither (default: the old table's)
---@field write_units? integer provisioned capacity units; both or neither (default: the old table's)
---@field max_read_units? integer|false ceilings of on-demand capacity (default: the old table's)
---@field max_write_units? integer|false ceilings of on-demand capacity (default: the old table's)
---@field encryption? string|boolean as table settings (default: the old table's)
---Indexes to keep, here also local ones with their `hash_key`; `{}` for none (default: the old table's)
---@field global_indexes? dynamodb.IndexDefinition[]
---Indexes to keep, here also local ones with their `hash_key`; `{}` for none (default: the old table's)
---@field local_indexes? dynamodb.IndexDefinition[]
---@field version_attribute? string attribute with an item's version

---Options of import_table.
---@class (exact) dynamodb.ImportTableOptions
---@field bucket string the bucket
---@field bucket_owner? string account that owns the bucket (default: this account)
---@field prefix? string prefix of the objects' names
---@field format? "DYNAMODB_JSON"|"ION"|"CSV" format of the objects (default: `"DYNAMODB_JSON"`)
---@field compression? "GZIP"|"ZSTD"|"NONE" compression of the objects (default: `"NONE"`)
---@field csv_delimiter? string goes with format CSV (default: comma)
---@field csv_header? string[] goes with format CSV: names of the columns (default: the first line)
---@field name string name of the new table
---@field schema dynamodb.Schema its key, from conn:create_schema
---@field global_indexes? dynamodb.IndexDefinition[] its global indexes
---@field read_units? integer provisioned capacity units; both or neither (default: on-demand)
---@field write_units? integer provisioned capacity units; both or neither (default: on-demand)
---@field max_read_units? integer|false ceilings of on-demand capacity (default: no limit)
---@field max_write_units? integer|false ceilings of on-demand capacity (default: no limit)
---@field encryption? string|boolean as table settings (default: `false`)

---@class (exact) dynamodb.WarmOptions
---@field connections? integer how many connections shall be open (default: 1)
---@field deadline? number seconds for the whole method (default: that of calls)
