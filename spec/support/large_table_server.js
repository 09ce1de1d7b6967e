// A fake DynamoDB that supports Scan and Query of one table with up to a million items: node large_table_server.js SETTINGS.
// spec/scenarios/parallel_reads_spec.lua and bench/memory.lua start it. SETTINGS is JSON with `items`, the number of items;
// `page`, the maximum size of a page, whose size is random; `attributes`, JSON of more members of each item; `delay`, the
// milliseconds that each response takes; and `trouble`, the percentage of requests that are throttled, fail, lose the
// connection, or get a truncated response.
// DescribeLimits returns counters: Requests, Troubled, AtOnce (maximum number of concurrent requests) and Left (connections
// that the client closed before the response).
const fs = require("fs"), http = require("http");
const settings = { page: 500, attributes: "", delay: 0, trouble: 0, ...JSON.parse(process.argv[2]) };
const seen = { Requests: 0, Troubled: 0, AtOnce: 0, Left: 0 };

let state = 1;
function random(n) { // 0 to n - 1; a fixed sequence (xorshift)
  state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
  return (state >>> 0) % n;
}

// The segment of an item. The sizes of the segments differ.
const segmentOf = (at, count) => (Math.imul(at, 2654435761) >>> 7) % (count * count) % count;

// The items of a segment in ascending order.
const segments = new Map();
function itemsOf(segment, count) {
  const name = `${segment}/${count}`;
  if (!segments.has(name)) {
    const list = [];
    for (let at = 1; at <= settings.items; at++) if (segmentOf(at, count) === segment) list.push(at);
    segments.set(name, list);
  }
  return segments.get(name);
}

const keyOf = at => `"id":{"S":"h"},"at":{"N":"${at}"}`;

function page(request) {
  const list = itemsOf(request.Segment || 0, request.TotalSegments || 1);
  const start = request.ExclusiveStartKey ? list.indexOf(Number(request.ExclusiveStartKey.at.N)) + 1 : 0;
  const size = Math.min(request.Limit || Infinity, 1 + random(settings.page));
  const given = list.slice(start, start + size);
  const more = start + size < list.length || (given.length > 0 && random(2) === 0);
  const key = more ? `,"LastEvaluatedKey":{${keyOf(given[given.length - 1])}}` : "";
  const items = request.Select === "COUNT" ? "" : `"Items":[${given.map(at => `{${keyOf(at)}${settings.attributes}}`)}],`;
  return `{${items}"Count":${given.length},"ScannedCount":${given.length}${key}}`;
}

function send(response, status, text) {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.0", "content-length": text.length });
  response.end(text);
}

const refuse = (response, status, code) => send(response, status, `{"__type":"x#${code}","message":"oops"}`);
const troubles = [
  response => refuse(response, 400, "ProvisionedThroughputExceededException"),
  response => refuse(response, 400, "ThrottlingException"),
  response => refuse(response, 500, "InternalServerError"),
  response => response.destroy(),
  response => { // truncated response
    response.writeHead(200, { "content-length": 1000 });
    response.write('{"Items":[{', () => response.destroy());
  },
];

function respond(body, response) {
  if (random(100) >= settings.trouble) return send(response, 200, page(JSON.parse(body)));
  seen.Troubled++;
  troubles[random(troubles.length)](response);
}

let atOnce = 0;
function count(response) {
  seen.Requests++;
  seen.AtOnce = Math.max(seen.AtOnce, ++atOnce);
  response.on("close", () => {
    atOnce--;
    if (!response.headersSent && !response.isScheduled) seen.Left++;
  });
}

const server = http.createServer((request, response) => {
  let body = "";
  const isDescribeLimits = request.headers["x-amz-target"].endsWith("DescribeLimits");
  if (!isDescribeLimits) count(response);
  request.on("data", bytes => { body += bytes; });
  request.on("end", () => {
    if (isDescribeLimits) return send(response, 200, JSON.stringify(seen));
    setTimeout(() => {
      if (response.destroyed) return;
      response.isScheduled = true;
      respond(body, response);
    }, settings.delay);
  });
});
server.keepAliveTimeout = 0;

// Exits when the reader of the pipe has closed it.
setInterval(() => {
  try { fs.writeSync(1, "\n"); } catch (gone) { if (gone.code === "EPIPE") process.exit(); else throw gone; }
}, 200);

server.listen(0, "127.0.0.1", () => fs.writeSync(1, `${process.pid} ${server.address().port}\n`));
