// Loopback servers that respond by script; spec/support/scripted_server.lua starts them, and gives orders, a line each:
// "start SCRIPT LOG" is acknowledged by a line of ports, "stop LOG" by "stopped".
// SCRIPT (JSON) is a file with a list of servers. Each has `connections`, a list of steps for each in the order they come, and `rest`,
// the steps of all further ones; without it those are cut off. Steps:
//   {wait: "request"} until a complete one more has come, {wait: "bytes"} until the first byte has
//   {send: text}, {send_slowly: text, every: ms} a byte at a time, {forever: text, every: ms} again and again
//   {delay: ms}, {close: true}, {reset: true}, {again: true} from the first step on, if the client has not left
//   {deaf: true}, only as the first: nothing is read
//   {tunnel: port}: all further bytes go to that port of this machine and come from there, as behind a proxy
//   {relay: port, host: name, lose: text}: the request goes to that server, and its response back, unless the request has
//   that text: then the connection ends once there is a response
// After its last step a connection stays open, silent.
// `tls` has the files `key` and `cert`, if clients must have a certificate the file `ca`, and what else tls.createServer takes;
// `unix` is the path of a socket to listen at instead of a port; with `full` no connection is ever accepted.
// LOG and the number of the server, from 0, is the name of a file that gets a line (JSON) for each connection, [], and for
// each complete request, [text]. Texts are bytes, one for each character (latin1), in all files.
const fs = require("fs"), net = require("net"), readline = require("readline"), tls = require("tls");

const delay = ms => new Promise(done => setTimeout(done, ms));

// The length of the message at the start of the text, 0 while its head is not complete.
function messageLength(text) {
  const head = text.indexOf("\r\n\r\n") + 4;
  if (head < 4) return 0;
  const body = /\r\ncontent-length: *(\d+)\r\n/i.exec(text.slice(0, head));
  return head + (body ? Number(body[1]) : 0);
}

// Reads messages -> a function: the promise of one more. `see` gets each as it comes.
function reader(socket, see) {
  let text = "", length = 0, list = [], wake = () => {};
  socket.on("data", bytes => {
    text += bytes.toString("latin1");
    while ((length = length || messageLength(text)) > 0 && text.length >= length) {
      list.push(text.slice(0, length));
      see(list[list.length - 1]);
      text = text.slice(length);
      length = 0;
    }
    wake();
  });
  const next = async () => {
    while (list.length === 0) await new Promise(done => { wake = done; });
    return list.shift();
  };
  next.bytes = async () => {
    while (list.length === 0 && text === "") await new Promise(done => { wake = done; });
  };
  return next;
}

// Over TLS, and with an old node, the connection just ends, without a word of TLS's about it.
function reset(socket) {
  if (socket.encrypted || !socket.resetAndDestroy) socket.destroy();
  else socket.resetAndDestroy();
}

// A connection to a port, of this machine unless another is named, that ends with this one.
function beyond(socket, port, host) {
  const other = net.connect(port, host || "127.0.0.1");
  other.on("error", () => socket.destroy()).on("close", () => socket.destroy());
  socket.on("close", () => other.destroy());
  return other;
}

function tunnel(socket, port) {
  const other = beyond(socket, port);
  socket.removeAllListeners("data");
  socket.pipe(other).pipe(socket);
}

async function relay(socket, request, step) {
  if (!socket.beyond) {
    socket.beyond = beyond(socket, step.relay, step.host);
    socket.answer = reader(socket.beyond, () => {});
  }
  socket.beyond.write(request, "latin1");
  const answer = await socket.answer();
  if (step.lose && request.includes(step.lose)) socket.destroy();
  else socket.write(answer, "latin1");
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

// Fills the queue of connections not yet accepted, and then does nothing any more.
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

// -> the promise of the server, which has port and stop().
function start(script, logFile) {
  const log = fs.openSync(logFile, "a"), sockets = new Set();
  const note = event => fs.writeSync(log, JSON.stringify(event) + "\n", null, "latin1");
  let connections = 0;
  function serve(socket) {
    const steps = script.connections[connections++] || script.rest;
    note([]);
    socket.on("error", () => {}); // the client may leave at any time
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

const say = line => fs.writeSync(1, line + "\n");
const running = new Map(); // by LOG, lists of servers

async function order(line) {
  const [what, ...files] = line.split(" ");
  if (what === "stop") {
    for (const server of running.get(files[0])) server.stop();
    running.delete(files[0]);
    return say("stopped");
  }
  const scripts = JSON.parse(fs.readFileSync(files[0], "latin1"));
  const servers = await Promise.all(scripts.map((script, number) => start(script, files[1] + number)));
  running.set(files[1], servers);
  const ports = servers.map(server => server.port).join(" ");
  if (scripts[0].full) fill(servers[0].port, () => say(ports));
  else say(ports);
}

// Ends when the other end of the pipe is closed.
readline.createInterface({ input: process.stdin }).on("line", order).on("close", () => process.exit());
setInterval(() => {
  try { fs.writeSync(1, "\n"); } catch (gone) { process.exit(); }
}, 200);
say(process.pid);
