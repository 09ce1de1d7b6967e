// A DynamoDB of one table with many items and no more than Scan and Query, quick enough for 100,000 of them, which
// responds in the worst permitted ways: node large_table_server.js SETTINGS; spec/scenarios/parallel_reads_spec.lua starts it. SETTINGS is JSON: `items`,
// their number; `page`, the most of a page, which has a random part of them; `delay`, ms that each response takes; `trouble`,
// how many of 100 requests are throttled, fail, or lose their connection or half of their response.
// DescribeLimits reports how many requests came, how many were troubled, how many were there at once at most, and how many
// clients left before they had their responses.
const fs = require("fs"), http = require("http");
const settings = { page: 500, delay: 0, trouble: 0, ...JSON.parse(process.argv[2]) };
const seen = { Requests: 0, Troubled: 0, AtOnce: 0, Left: 0 };

let state = 1;
function random(n) { // 0 to n - 1; always the same ones (xorshift)
  state ^= state << 13; state ^= state >>> 17; state ^= state << 5;
  return (state >>> 0) % n;
}

// Which of so many segments an item is in: their sizes differ.
const segmentOf = (at, count) => (Math.imul(at, 2654435761) >>> 7) % (count * count) % count;

// The items of a segment, in their order.
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
  const items = request.Select === "COUNT" ? "" : `"Items":[${given.map(at => `{${keyOf(at)}}`)}],`;
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
  response => { // half a response
    response.writeHead(200, { "content-length": 1000 });
    response.write('{"Items":[{', () => response.destroy());
  },
];

function answer(body, response) {
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
    if (!response.headersSent && !response.answered) seen.Left++;
  });
}

const server = http.createServer((request, response) => {
  let body = "";
  const asks = request.headers["x-amz-target"].endsWith("DescribeLimits");
  if (!asks) count(response);
  request.on("data", bytes => { body += bytes; });
  request.on("end", () => {
    if (asks) return send(response, 200, JSON.stringify(seen));
    setTimeout(() => {
      if (response.destroyed) return;
      response.answered = true;
      answer(body, response);
    }, settings.delay);
  });
});
server.keepAliveTimeout = 0;

// Ends when the other end of the pipe is closed.
setInterval(() => {
  try { fs.writeSync(1, "\n"); } catch (gone) { if (gone.code === "EPIPE") process.exit(); else throw gone; }
}, 200);

server.listen(0, "127.0.0.1", () => fs.writeSync(1, `${process.pid} ${server.address().port}\n`));
