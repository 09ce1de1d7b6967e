// A DNS server on loopback: node name_server.js NAME. It resolves NAME to 127.0.0.1 and rejects every other name.
// Prints "PID PORT" when it is ready; spec/support/nginx_server.lua starts it.
const dgram = require("dgram"), fs = require("fs");
const known = process.argv[2];
const server = dgram.createSocket("udp4");

// The name in the question section, and the offset of the end of that section.
function question(packet) {
  const labels = [];
  let at = 12;
  for (; packet[at]; at += packet[at] + 1) labels.push(packet.toString("latin1", at + 1, at + 1 + packet[at]));
  return { name: labels.join("."), end: at + 5 };
}

server.on("message", (packet, peer) => {
  const { name, end } = question(packet);
  const found = name === known;
  const head = Buffer.from([packet[0], packet[1], 0x81, found ? 0x80 : 0x83, 0, 1, 0, found ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
  server.send(Buffer.concat([head, packet.subarray(12, end), found ? record : Buffer.alloc(0)]), peer.port, peer.address);
});

// Exits when the reader of the pipe has closed it.
setInterval(() => {
  try { fs.writeSync(1, "\n"); } catch (gone) { process.exit(); }
}, 200);

server.bind(0, "127.0.0.1", () => fs.writeSync(1, `${process.pid} ${server.address().port}\n`));
