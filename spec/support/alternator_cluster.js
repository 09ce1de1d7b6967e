// A cluster of nodes as ScyllaDB's Alternator has them: HTTP servers on addresses 127.0.0.x with one port, which come and go.
// spec/support/alternator_cluster.lua starts this program and writes commands to it, one a line; each is acknowledged by a line:
//   lists JSON        GET /localnodes?QUERY returns the member QUERY of this object: a list, or a status of HTTP. 404 without one
//   up ADDRESS        starts the node
//   down ADDRESS      stops it; its connections are reset
//   silent ADDRESS    it accepts connections and requests, and sends nothing
//   status ADDRESS N  it responds to POST with this status; 200 to GetItem returns an item whose "node" is the address
//   log               is acknowledged by JSON: requests since the last log, [address, "GET /localnodes" or operation, signed]
// 'signed' is true when the signature is right for the Host header, which must name this node. All keys have the secret below.
const crypto = require("crypto"), http = require("http"), readline = require("readline");

const SECRET = "SECRETEXAMPLE";
const nodes = new Map(), statuses = new Map();
let port = 0, lists = {}, log = [];

const hmac = (key, text) => crypto.createHmac("sha256", key).update(text).digest();
const sha256 = data => crypto.createHash("sha256").update(data).digest("hex");

function isSigned(request, body, address) {
  const found = /^AWS4-HMAC-SHA256 Credential=[^/]+\/([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/
    .exec(request.headers.authorization || "");
  if (!found || request.headers.host !== address + ":" + port) return false;
  const [, scope, names, signature] = found;
  if (!names.split(";").includes("host")) return false;
  const fields = names.split(";").map(name => name + ":" + request.headers[name] + "\n").join("");
  const canonical = [request.method, "/", "", fields, names, sha256(body)].join("\n");
  const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const key = scope.split("/").reduce(hmac, "AWS4" + SECRET);
  return hmac(key, text).toString("hex") === signature;
}

function respond(response, status, value) {
  const body = JSON.stringify(value);
  response.writeHead(status, { "Content-Type": "application/x-amz-json-1.0", "Content-Length": Buffer.byteLength(body) });
  response.end(body);
}

function serve(address, request, body, response) {
  if (request.method === "GET") {
    log.push([address, "GET " + request.url, false]);
    const found = lists[request.url.split("?")[1] || ""];
    if (typeof found === "object") return respond(response, 200, found);
    return respond(response, found || 404, {});
  }
  const signed = isSigned(request, body, address);
  log.push([address, request.headers["x-amz-target"].split(".")[1], signed]);
  if (!signed) return respond(response, 400, { __type: "x#InvalidSignatureException", message: "wrong signature" });
  const status = statuses.get(address) || 200;
  if (status !== 200) return respond(response, status, { __type: "x#InternalServerError", message: "as told" });
  const { Key } = JSON.parse(body);
  respond(response, 200, Key ? { Item: { ...Key, node: { S: address } } } : {});
}

function up(address, silent) {
  const sockets = new Set();
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on("data", part => parts.push(part)).on("end", () => {
      if (!silent) serve(address, request, Buffer.concat(parts), response);
    });
  });
  server.keepAliveTimeout = 60000;
  server.on("connection", socket => { sockets.add(socket.on("close", () => sockets.delete(socket)).on("error", () => {})); });
  server.down = () => new Promise(done => {
    server.close(done);
    for (const socket of sockets) socket.resetAndDestroy ? socket.resetAndDestroy() : socket.destroy();
  });
  nodes.set(address, server);
  return new Promise((done, fail) => server.on("error", fail).listen(port, address, () => {
    port = server.address().port;
    done(String(port));
  }));
}

async function down(address) {
  const server = nodes.get(address);
  nodes.delete(address);
  if (server) await server.down();
  return "down";
}

const commands = {
  lists: (...words) => { lists = JSON.parse(words.join(" ")); return "lists"; },
  up: async address => { await down(address); return up(address); },
  down,
  silent: async address => { await down(address); return up(address, true); },
  status: (address, status) => { statuses.set(address, Number(status)); return "status"; },
  log: () => { const text = JSON.stringify(log); log = []; return text; },
};

const reply = line => process.stdout.write(line + "\n");
let last = Promise.resolve();
readline.createInterface({ input: process.stdin }).on("line", line => {
  const [name, ...words] = line.split(" ");
  last = last.then(() => commands[name](...words)).then(reply);
}).on("close", () => process.exit());
reply(process.pid);
