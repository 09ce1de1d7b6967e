// Reads HTTP messages from sockets, for servers and relays of the specs. A text has one character per byte (latin1).
const net = require("net");

// The length of the first message of the text, 0 while its head is incomplete.
function messageLength(text) {
  const head = text.indexOf("\r\n\r\n") + 4;
  if (head < 4) return 0;
  const body = /\r\ncontent-length: *(\d+)\r\n/i.exec(text.slice(0, head));
  return head + (body ? Number(body[1]) : 0);
}

// Reads messages -> a function that returns a promise of the next one. `see` is called with each message on arrival.
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

// Resets a connection. With TLS or an old node it is closed instead, without a TLS close_notify.
function reset(socket) {
  if (socket.encrypted || !socket.resetAndDestroy) socket.destroy();
  else socket.resetAndDestroy();
}

// Connects to a port, by default of this machine. The two connections are closed together.
function connectUpstream(socket, port, host) {
  const other = net.connect(port, host || "127.0.0.1");
  other.on("error", () => socket.destroy()).on("close", () => socket.destroy());
  socket.on("close", () => other.destroy());
  return other;
}

module.exports = { connectUpstream, reader, reset };
