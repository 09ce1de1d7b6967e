-- Creates the tables of the soak test at AWS_ENDPOINT_URL_DYNAMODB.

local helper = dofile("spec/support/helper.lua")

local conn = helper.connect()
dofile("spec/soak/layout.lua").create(conn)
conn:close()
