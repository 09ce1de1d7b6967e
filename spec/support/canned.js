// A loopback server that answers by script: node canned.js SCRIPT LOG; spec/support/canned.lua starts it.
// SCRIPT (JSON) has `connections`, a list of steps for each in the order they come; one beyond the list is cut off.
// Steps: {wait: "request"}, {send: text}, {send_slowly: text, every: ms}, {delay: ms}, {close: true}, {reset: true}.
// {deaf: true}, only as the first: nothing is read. {tunnel: port}: all further bytes go to that port of this machine and
// come from there, as behind a proxy. After its last step a connection stays open, silent.
// `tls` has the files `key` and `cert`, if clients must have a certificate the file `ca`, and what else tls.createServer takes;
// `unix` is the path of a socket to listen at instead of a port; with `full` no connection is ever accepted.
// LOG (JSON) tells `connections`, how many came, and `requests`, the complete ones.
// Texts are bytes, one for each character (latin1), in both files.
const fs = require("fs"), net = require("net"), tls = require("tls");
const [scriptFile, logFile] = process.argv.slice(2);
const script = JSON.parse(fs.readFileSync(scriptFile, "latin1"));
const log = { connections: 0, requests: [] };

function writeLog() {
  fs.writeFileSync(logFile + ".new", JSON.stringify(log), "latin1");
  fs.renameSync(logFile + ".new", logFile);
}

// The length of the complete request at the start of the text, else 0.
function requestLength(text) {
  const head = text.indexOf("\r\n\r\n") + 4;
  if (head < 4) return 0;
  const body = /\r\ncontent-length: *(\d+)\r\n/i.exec(text.slice(0, head));
  const length = head + (body ? Number(body[1]) : 0);
  return text.length < length ? 0 : length;
}

// A function whose promise comes true once per complete request.
function requests(socket) {
  let text = "", unused = 0, wake = () => {};
  socket.on("data", bytes => {
    text += bytes.toString("latin1");
    for (let n; (n = requestLength(text)) > 0; text = text.slice(n)) {
      log.requests.push(text.slice(0, n));
      unused++;
    }
    writeLog();
    wake();
  });
  return async () => {
    while (unused === 0) await new Promise(done => { wake = done; });
    unused--;
  };
}

const delay = ms => new Promise(done => setTimeout(done, ms));

// Over TLS, and with an old node, the connection just ends, without a word of TLS's about it.
function reset(socket) {
  if (script.tls || !socket.resetAndDestroy) socket.destroy();
  else socket.resetAndDestroy();
}

function tunnel(socket, port) {
  const other = net.connect(port, "127.0.0.1");
  other.on("error", () => socket.destroy()).on("close", () => socket.destroy());
  socket.on("close", () => other.destroy()).removeAllListeners("data");
  socket.pipe(other).pipe(socket);
}

async function run(steps, socket, request) {
  for (const step of steps) {
    if (step.wait) await request();
    if (step.delay) await delay(step.delay);
    if (step.send) socket.write(step.send, "latin1");
    for (const byte of step.send_slowly || "") {
      socket.write(byte, "latin1");
      await delay(step.every || 1);
    }
    if (step.tunnel) tunnel(socket, step.tunnel);
    if (step.close) socket.end();
    if (step.reset) reset(socket);
  }
}

function serve(socket) {
  const steps = script.connections[log.connections++];
  writeLog();
  socket.on("error", () => {}); // the client may leave at any time
  if (!steps) return socket.destroy();
  socket.setNoDelay(true);
  const list = Object.values(steps);
  run(list, socket, list.length && list[0].deaf ? null : requests(socket));
}

// Fills the queue of connections not yet accepted, and then does nothing any more.
function fill(port, announce) {
  for (let i = 0; i < 8; i++) net.connect(port, "127.0.0.1").on("error", () => {});
  process.nextTick(() => {
    announce();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10000);
  });
}

const files = script.tls && { ...script.tls, requestCert: !!script.tls.ca };
for (const name of ["key", "cert", "ca"]) if (files && files[name]) files[name] = fs.readFileSync(files[name]);
const server = files ? tls.createServer(files, serve).on("tlsClientError", () => {}) : net.createServer(serve);

// Ends when nobody holds the other end of the pipe any more.
setInterval(() => {
  try { fs.writeSync(1, "\n"); } catch (gone) { process.exit(); }
}, 200);

writeLog();
const where = script.unix ? { path: script.unix } : { port: 0, host: "127.0.0.1", backlog: script.full ? 1 : 511 };
server.listen(where, () => {
  const port = server.address().port || 0;
  const announce = () => fs.writeSync(1, `${process.pid} ${port}\n`);
  script.full ? fill(port, announce) : announce();
});
