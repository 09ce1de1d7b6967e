// A table for bench/coalescing.lua: responds to GetItem and BatchGetItem after a delay: coalescing_server.js MILLISECONDS
// Every key has an item. Any other operation is responded to with the number of requests so far, and resets it. Prints its port,
// and ends when its standard input does.

const http = require('http');

const delay = Number(process.argv[2]);
const filler = 'x'.repeat(300);
let requests = 0;

function item(key) {
  return { ...key, name: { S: filler }, visits: { N: '12' } };
}

function respond(operation, params) {
  if (operation === 'GetItem') return { Item: item(params.Key) };
  const responses = {};
  for (const [table, { Keys }] of Object.entries(params.RequestItems)) responses[table] = Keys.map(item);
  return { Responses: responses, UnprocessedKeys: {} };
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const operation = request.headers['x-amz-target'].split('.')[1];
    const is_read = operation === 'GetItem' || operation === 'BatchGetItem';
    const params = JSON.parse(Buffer.concat(chunks));
    const body = JSON.stringify(is_read ? respond(operation, params) : { TableNames: [String(requests)] });
    requests = is_read ? requests + 1 : 0;
    setTimeout(() => {
      response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.0', 'Content-Length': Buffer.byteLength(body) });
      response.end(body);
    }, is_read ? delay : 0);
  });
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit());
