// Measures calls of the AWS SDK for JavaScript v3: sdk_js_client.js CASE PORT COUNT. Prints "sdk-js CASE",
// CPU and elapsed microseconds of one call. The document client returns JavaScript's own values, as this
// library returns Lua's.
const { createRequire } = require("module");
const load = createRequire(process.cwd() + "/build/peers/");
const { DynamoDBClient } = load("@aws-sdk/client-dynamodb");
const { DynamoDBDocumentClient, GetCommand, PutCommand, ScanCommand } = load("@aws-sdk/lib-dynamodb");

const [kind, port, count] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const client = DynamoDBDocumentClient.from(new DynamoDBClient({
  endpoint: `http://127.0.0.1:${port}`, region: "us-east-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" },
}));
const Item = {
  id: "user#000001", name: "Alice Example 1", email: "alice.000001@example.com", city: "Lisbon, Portugal",
  motto: "Short functions, 1 long walks, a table that fits.", age: 21, balance: 1.25, active: true,
  tags: ["reader", "writer", "editor"], address: { street: "1 Main Street", zip: "1000-000001", floor: 2 },
};
const calls = {
  GetItem: () => client.send(new GetCommand({ TableName: "bench", Key: { id: "user#000001" } })),
  PutItem: () => client.send(new PutCommand({ TableName: "bench", Item })),
  Scan: () => client.send(new ScanCommand({ TableName: "bench" })),
};

async function times(n) {
  for (let i = 0; i < n; i++) await calls[kind]();
}

async function main() {
  const first = await calls[kind]();
  if (kind === "GetItem" && first.Item.address.zip !== "1000-000001") throw new Error("another item");
  if (kind === "Scan" && first.Items.length !== 2474) throw new Error("another page");
  await times(count); // until V8 has compiled what is hot
  const cpu = process.cpuUsage(), wall = process.hrtime.bigint();
  await times(count);
  const used = process.cpuUsage(cpu), elapsed = Number(process.hrtime.bigint() - wall) / 1e3;
  const figures = [used.user + used.system, elapsed].map(us => (us / count).toFixed(3));
  console.log(`sdk-js ${kind} ${figures.join(" ")}`);
  client.destroy();
}

main();
