# Measures calls of boto3: boto3_client.py CASE PORT COUNT. Prints "boto3 CASE", CPU and elapsed
# microseconds of one call. A table resource returns Python's own values, as this library returns Lua's.
import decimal
import os
import sys
import time

import boto3

case, port, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
table = boto3.resource(
    "dynamodb", endpoint_url="http://127.0.0.1:" + port, region_name="us-east-1",
    aws_access_key_id="AKIDEXAMPLE",
    aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY").Table("bench")
item = {
    "id": "user#000001", "name": "Alice Example 1", "email": "alice.000001@example.com",
    "city": "Lisbon, Portugal",
    "motto": "Short functions, 1 long walks, a table that fits.", "age": 21,
    "balance": decimal.Decimal("1.25"),
    "active": True, "tags": ["reader", "writer", "editor"],
    "address": {"street": "1 Main Street", "zip": "1000-000001", "floor": 2},
}
calls = {
    "GetItem": lambda: table.get_item(Key={"id": "user#000001"})["Item"],
    "PutItem": lambda: table.put_item(Item=item),
    "Scan": lambda: table.scan()["Items"],
}
call = calls[case]
assert case != "GetItem" or call()["address"]["zip"] == "1000-000001"
assert case != "Scan" or len(call()) == 2474
for _ in range(count // 5 + 1):
    call()
cpu, wall = time.process_time(), time.perf_counter()
for _ in range(count):
    call()
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print("boto3 %s %.3f %.3f" % (case, cpu / count * 1e6, wall / count * 1e6))
