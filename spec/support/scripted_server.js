// Loopback servers that run scripts. spec/support/scripted_server.lua starts this program and writes commands to it, one a line:
// "start SCRIPT LOG" is acknowledged by a line with the ports, "stop LOG" by "stopped".
// SCRIPT is a JSON file with a list of servers. A server has `connections`, a list with the steps of each connection in the
// order of acceptance, and `rest`, the steps of all further connections. Without `rest` those are closed. Steps:
//   {wait: "request"}                       waits for one more complete request
//   {wait: "bytes"}                         waits for the first byte of a request
//   {send: text}                            sends the text
//   {send_slowly: text, every: ms}          sends the text one byte at a time
//   {forever: text, every: ms}              sends the text repeatedly until the client closes
//   {delay: ms}, {close: true}, {reset: true}
//   {again: true}                           restarts from the first step unless the client has closed
//   {deaf: true}                            reads nothing; allowed as the first step only
//   {tunnel: port}                          forwards all further bytes to and from that local port, as a proxy does
//   {relay: port, host: name, lose: text}   forwards the request to that server and its response to the client; if the request
//                                           contains the text, the connection is closed in place of the response
// After its last step a connection stays open and silent.
// `tls` has the files `key` and `cert`, the file `ca` if clients must present a certificate, and options of tls.createServer.
// `unix` is the path of a socket to listen on in place of a port. With `full` no connection is ever accepted.
// The file LOG followed by the number of the server, from 0, gets a JSON line for each connection, [], and for each complete
// request, [text]. In all files a text has one character per byte (latin1).
const fs = require("fs"), net = require("net"), readline = require("readline"), tls = require("tls");
const { connectUpstream, reader, reset } = require("./http_messages.js");

const delay = ms => new Promise(done => setTimeout(done, ms));

function tunnel(socket, port) {
  const other = connectUpstream(socket, port);
  socket.removeAllListeners("data");
  socket.pipe(other).pipe(socket);
}

async function relay(socket, request, step) {
  if (!socket.upstream) {
    socket.upstream = connectUpstream(socket, step.relay, step.host);
    socket.nextResponse = reader(socket.upstream, () => {});
  }
  socket.upstream.write(request, "latin1");
  const response = await socket.nextResponse();
  if (step.lose && request.includes(step.lose)) socket.destroy();
  else socket.write(response, "latin1");
}

async function forever(socket, text, ms) {
  let wake = () => {};
  socket.on("drain", () => wake()).on("close", () => wake());
  while (!socket.destroyed) {
    if (!socket.write(text, "latin1")) await new Promise(done => { wake = done; });
    if (ms) await delay(ms);
  }
}

async function run(steps, socket, next) {
  let request;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i];
    if (step.wait === "request") request = await next();
    if (step.wait === "bytes") await next.bytes();
    if (step.delay) await delay(step.delay);
    if (step.send) socket.write(step.send, "latin1");
    for (const byte of step.send_slowly || "") {
      socket.write(byte, "latin1");
      await delay(step.every || 1);
    }
    if (step.forever) await forever(socket, step.forever, step.every);
    if (step.tunnel) tunnel(socket, step.tunnel);
    if (step.relay) await relay(socket, request, step);
    if (step.close) socket.end();
    if (step.reset) reset(socket);
    if (step.again && !socket.destroyed) i = -1;
  }
}

// Fills the backlog of connections that are not yet accepted, then blocks this process for 10 seconds.
function fill(port, announce) {
  for (let i = 0; i < 8; i++) net.connect(port, "127.0.0.1").on("error", () => {});
  process.nextTick(() => {
    announce();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10000);
  });
}

function create(script, serve) {
  if (!script.tls) return net.createServer(serve);
  const files = { ...script.tls, requestCert: !!script.tls.ca };
  for (const name of ["key", "cert", "ca"]) if (files[name]) files[name] = fs.readFileSync(files[name]);
  return tls.createServer(files, serve).on("tlsClientError", () => {});
}

// Starts a server -> a promise of it; it has port and stop().
function start(script, logFile) {
  const log = fs.openSync(logFile, "a"), sockets = new Set();
  const note = event => fs.writeSync(log, JSON.stringify(event) + "\n", null, "latin1");
  let connections = 0;
  function serve(socket) {
    const steps = script.connections[connections++] || script.rest;
    note([]);
    socket.on("error", () => {}); // the client may close at any time
    if (!steps) return socket.destroy();
    socket.setNoDelay(true);
    const list = Object.values(steps);
    run(list, socket, list.length && list[0].deaf ? () => new Promise(() => {}) : reader(socket, request => note([request])));
  }
  const server = create(script, serve).on("connection", socket => {
    sockets.add(socket.on("close", () => sockets.delete(socket)));
  });
  server.stop = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
    fs.closeSync(log);
  };
  const where = script.unix ? { path: script.unix } : { port: 0, host: "127.0.0.1", backlog: script.full ? 1 : 511 };
  return new Promise(done => server.listen(where, () => done(Object.assign(server, { port: server.address().port || 0 }))));
}

const reply = line => fs.writeSync(1, line + "\n");
const running = new Map(); // LOG -> list of servers

async function runCommand(line) {
  const [what, ...files] = line.split(" ");
  if (what === "stop") {
    for (const server of running.get(files[0])) server.stop();
    running.delete(files[0]);
    return reply("stopped");
  }
  const scripts = JSON.parse(fs.readFileSync(files[0], "latin1"));
  const servers = await Promise.all(scripts.map((script, number) => start(script, files[1] + number)));
  running.set(files[1], servers);
  const ports = servers.map(server => server.port).join(" ");
  if (scripts[0].full) fill(servers[0].port, () => reply(ports));
  else reply(ports);
}

// Exits when the writer of the commands or the reader of the replies has closed its pipe.
readline.createInterface({ input: process.stdin }).on("line", runCommand).on("close", () => process.exit());
setInterval(() => {
  try { fs.writeSync(1, "\n"); } catch (gone) { process.exit(); }
}, 200);
reply(process.pid);
