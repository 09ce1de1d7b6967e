// A table for bench/hedging.lua: responds to GetItem after 3 ms, and to 2 % of them, chosen at random by a seed, after 300 ms.
// Any other operation is responded to with the number of GetItem requests so far, and resets it. Prints its port, and ends when
// its standard input does.

const http = require('http');

const FAST = 3, SLOW = 300, SHARE = 0.02; // milliseconds, share of the requests
const item = { Item: { id: { S: 'k' }, name: { S: 'x'.repeat(300) }, visits: { N: '12' } } };
let requests = 0, seed = 1;

function random() { // Park and Miller
  seed = seed * 48271 % 2147483647;
  return seed / 2147483647;
}

const server = http.createServer((request, response) => {
  request.resume().on('end', () => {
    const is_read = request.headers['x-amz-target'].endsWith('.GetItem');
    const body = JSON.stringify(is_read ? item : { TableNames: [String(requests)] });
    requests = is_read ? requests + 1 : 0;
    setTimeout(() => {
      response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.0', 'Content-Length': Buffer.byteLength(body) });
      response.end(body);
    }, !is_read ? 0 : random() < SHARE ? SLOW : FAST);
  });
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.resume().on('end', () => process.exit());
