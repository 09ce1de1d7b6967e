// A proxy in front of DynamoDB that injects faults: proxy.js PORT URL_OF_DYNAMODB SEED REPORT
// What happens to a request depends on the seed, on the writer that sent it (the application's name in its user agent) and on the
// number of the request among those of the writer. So a seed repeats the schedule of each writer.
// On SIGTERM the proxy lets delayed requests arrive, writes a line "KIND COUNT" for each kind of fault to the file REPORT, and exits.
const crypto = require("crypto"), fs = require("fs"), net = require("net");
const { connectUpstream, reader, reset } = require("../support/http_messages.js");

const [port, url, seed, report] = process.argv.slice(2);
const upstream = new URL(url);
const delay = ms => new Promise(done => setTimeout(done, ms));
const STALL = 1500; // ms, more than attempt_timeout of the writers
const MAX_SKEW = 300; // seconds that a signature may be off
const SPELL = 120; // requests; the last tenth of them meets a fault nearly always
const RATE_IN_SPELL = 0.9, RATE = 0.12;

// Returns a number from 0 to 1 for these values.
function random(...values) {
  return crypto.createHash("sha1").update([seed, ...values].join(" ")).digest().readUInt32BE(0) / 2 ** 32;
}

// {===== Messages =====

function header(text, name) {
  const found = new RegExp("\r\n" + name + ": *([^\r]*)\r\n", "i").exec(text.slice(0, text.indexOf("\r\n\r\n") + 2));
  return found ? found[1] : "";
}

const bodyOf = text => text.slice(text.indexOf("\r\n\r\n") + 4);

// Returns a message with another body, without the checksum of the old one.
function withBody(text, value) {
  const body = Buffer.from(JSON.stringify(value)).toString("latin1");
  const head = text.slice(0, text.indexOf("\r\n\r\n")).replace(/\r\ncontent-length:[^\r]*/i, "\r\ncontent-length: " + body.length);
  return head.replace(/\r\nx-amz-crc32:[^\r]*/i, "") + "\r\n\r\n" + body;
}

function failure(status, code) {
  const body = JSON.stringify({ __type: "com.amazonaws.dynamodb.v20120810#" + code, message: "injected" });
  return `HTTP/1.1 ${status} Injected\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

// ===================== }
// {===== Faults =====

// A request of a writer. `number` is its position among the writer's requests.
class Exchange {
  constructor(socket, request) {
    Object.assign(this, { socket, request });
    this.operation = header(request, "x-amz-target").replace(/^.*\./, "");
    const name = (/app\/(\S+)/.exec(header(request, "user-agent")) || ["", "unknown"])[1];
    this.writer = writers[name] = writers[name] || { name, requests: 0, offset: 0, tokens: new Set(), expired: new Set() };
    this.number = ++this.writer.requests;
  }

  random(what) { return random(this.writer.name, this.number, what); }

  pick(what, list) { return list[Math.floor(this.random(what) * list.length)]; }

  // Sends the request on the connection that belongs to this client -> promise of the response.
  forward(request) {
    const socket = this.socket;
    if (!socket.upstream) {
      socket.upstream = connectUpstream(socket, upstream.port, upstream.hostname);
      socket.nextResponse = reader(socket.upstream, () => {});
    }
    socket.upstream.write(request || this.request, "latin1");
    return socket.nextResponse();
  }

  // Responds with the writer's time as date.
  respond(text) {
    const date = "\r\ndate: " + new Date(Date.now() + this.writer.offset * 1000).toUTCString();
    const head = text.slice(0, text.indexOf("\r\n\r\n")).replace(/\r\ndate:[^\r]*/i, "");
    if (!this.socket.destroyed) this.socket.write(head + date + text.slice(text.indexOf("\r\n\r\n")), "latin1");
  }
}

// Sends a request whose client has given up. It is applied after the client has been told of the failure.
function sendLate(request) {
  pending++;
  setTimeout(() => {
    const socket = net.connect(upstream.port, upstream.hostname);
    socket.on("error", () => {}).on("close", () => { pending--; });
    reader(socket, () => socket.destroy());
    socket.write(request, "latin1");
  }, 300);
}

// Leaves a part of a batch unprocessed.
async function leaveUnprocessed(exchange) {
  const [asked, left] = exchange.operation === "BatchWriteItem" ? ["RequestItems", "UnprocessedItems"]
    : ["RequestItems", "UnprocessedKeys"];
  const all = JSON.parse(Buffer.from(bodyOf(exchange.request), "latin1")), rest = {};
  for (const [name, value] of Object.entries(all[asked])) {
    const list = value.Keys || value;
    const away = list.splice(Math.ceil(list.length * exchange.random("part")));
    if (away.length) rest[name] = value.Keys ? { ...value, Keys: away } : away;
    if (!list.length) delete all[asked][name];
  }
  if (!Object.keys(all[asked]).length) return exchange.respond(failure(400, "ProvisionedThroughputExceededException"));
  const response = await exchange.forward(withBody(exchange.request, all));
  const body = JSON.parse(Buffer.from(bodyOf(response), "latin1"));
  if (body.Responses || body.UnprocessedItems) body[left] = rest;
  exchange.respond(withBody(response, body));
}

const DELAYABLE = ["UpdateItem", "TransactWriteItems"]; // writers never overwrite what these do
const BATCHES = ["BatchWriteItem", "BatchGetItem"];

// Kinds of faults of single requests: weight, what happens, and the operations that may meet it.
const kinds = {
  reset_before: [3, async it => reset(it.socket)],
  error_before: [3, async it => it.respond(failure(it.pick("status", [500, 503]), "InternalServerError"))],
  throttled: [3, async it => it.respond(failure(400, it.pick("code",
    ["ProvisionedThroughputExceededException", "ThrottlingException"])))],
  stall_before: [1, async it => { await delay(STALL); it.socket.destroy(); }],
  stall_after: [1, async it => { const text = await it.forward(); await delay(STALL); it.respond(text); }],
  response_lost: [6, async it => { await it.forward(); it.pick("how", [reset, socket => socket.end()])(it.socket); }],
  error_after: [4, async it => { await it.forward(); it.respond(failure(500, "InternalServerError")); }],
  truncated: [3, async it => {
    const text = await it.forward();
    it.respond(text.slice(0, Math.max(text.indexOf("\r\n\r\n") + 5, text.length * it.random("cut"))));
    it.socket.end();
  }],
  corrupt: [2, async it => {
    const text = await it.forward(), at = text.length - 2;
    it.respond(text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1) + text.slice(at + 1));
  }],
  closed_idle: [3, async it => { it.respond(await it.forward()); it.socket.end(); }],
  applied_late: [4, async it => { sendLate(it.request); reset(it.socket); }, DELAYABLE],
  unprocessed: [12, leaveUnprocessed, BATCHES],
};

const counts = { refused: 0, skewed: 0, expired: 0 };
for (const name of Object.keys(kinds)) counts[name] = 0;

// Returns the name of the fault of a request, or nothing.
function choose(exchange) {
  const inSpell = exchange.number % SPELL >= SPELL * 0.9;
  if (exchange.random("fault") >= (inSpell ? RATE_IN_SPELL : RATE)) return undefined;
  const names = Object.keys(kinds).filter(name => !kinds[name][2] || kinds[name][2].includes(exchange.operation));
  let at = exchange.random("kind") * names.reduce((sum, name) => sum + kinds[name][0], 0);
  return names.find(name => (at -= kinds[name][0]) < 0);
}

// Changes the writer's time now and then -> a refusal if the request was signed for another time.
function refusalOfTime(exchange) {
  const { writer, request } = exchange;
  if (exchange.random("skew") < 1 / 120) writer.offset = exchange.pick("offset", [0, -3600, 3600, -86400, 1200]);
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)T(..)(..)(..)Z/.exec(header(request, "x-amz-date"));
  const signed = Date.UTC(year, month - 1, day, hour, minute, second) / 1000;
  if (Math.abs(signed - Date.now() / 1000 - writer.offset) <= MAX_SKEW) return undefined;
  counts.skewed++;
  return failure(400, exchange.pick("skew code", ["InvalidSignatureException", "RequestExpired"]));
}

// Lets all credentials of the writer expire now and then -> a refusal if the request was signed with expired ones.
function refusalOfCredentials(exchange) {
  const { writer, request } = exchange;
  const token = header(request, "x-amz-security-token");
  writer.tokens.add(token);
  if (exchange.random("expiry") < 1 / 150) for (const each of writer.tokens) writer.expired.add(each);
  if (!writer.expired.has(token)) return undefined;
  counts.expired++;
  return failure(400, "ExpiredTokenException");
}

// ===================== }

const writers = {};
let connections = 0, pending = 0;

async function serve(socket) {
  socket.on("error", () => {}); // the client may close at any time
  socket.setNoDelay(true);
  if (random("connection", ++connections) < 1 / 80) {
    counts.refused++;
    return reset(socket);
  }
  const next = reader(socket, () => {});
  while (!socket.destroyed) {
    const exchange = new Exchange(socket, await next());
    const refusal = refusalOfCredentials(exchange) || refusalOfTime(exchange);
    const name = refusal ? undefined : choose(exchange);
    if (refusal) {
      exchange.respond(refusal);
    } else if (name) {
      counts[name]++;
      await kinds[name][1](exchange);
      if (socket.writableEnded) return;
    } else {
      exchange.respond(await exchange.forward());
    }
  }
}

net.createServer(serve).listen(Number(port), "127.0.0.1");

process.on("SIGTERM", async () => {
  await delay(STALL);
  for (let i = 0; pending > 0 && i < 50; i++) await delay(100);
  fs.writeFileSync(report, Object.entries(counts).map(([name, count]) => `${name} ${count}\n`).join(""));
  process.exit();
});
