// Fakes of the services that issue credentials, on loopback: node fake_aws.js DIRECTORY; started by spec/support/fake_aws.lua.
// Each service has its own path: /sts, /sso, /oidc, /signin, /container, /metadata. Any other request is logged as "elsewhere".
// DIRECTORY/script.json lists the responses of each service in order: {status, headers, body, size, delay, hang, drop, echo}.
// With echo the response is an error that repeats the whole request. After the last response the status is 418.
// An object instead of a list names the response of each path, however often it is asked for.
// DIRECTORY/log gets one line per request. Signatures and proofs of possession are verified with node's own crypto module.
const crypto = require("crypto"), fs = require("fs"), http = require("http"), path = require("path");
const directory = process.argv[2];
const log = path.join(directory, "log");

const hmac = (key, text) => crypto.createHmac("sha256", key).update(text).digest();
const sha256 = text => crypto.createHash("sha256").update(text).digest("hex");

// Verifies Signature Version 4 of a request whose path and query need no encoding -> the key and scope it was signed with.
// The secret of KEY is "secret-of-KEY".
function signer(request, body) {
  const header = request.headers.authorization || "";
  const parts = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/
    .exec(header);
  if (!parts) return header ? "unsigned (bad header)" : "unsigned";
  const [, key, date, region, service, names, signature] = parts;
  const [uri, query = ""] = request.url.split("?");
  const headers = names.split(";").map(name => `${name}:${request.headers[name].trim()}\n`).join("");
  const canonical = [request.method, uri, query, headers, names, sha256(body)].join("\n");
  const scope = [date, region, service, "aws4_request"].join("/");
  const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const signing = [region, service, "aws4_request"].reduce(hmac, hmac("AWS4secret-of-" + key, date));
  const ok = hmac(signing, text).toString("hex") === signature;
  const token = request.headers["x-amz-security-token"];
  const time = request.headers["x-amz-date"].replace(/^(....)(..)(..T..)(..)(..)Z$/, "$1-$2-$3:$4:$5Z");
  const late = Math.abs(Date.parse(time) - Date.now()) > 300e3;
  return `${key}${token ? "+" + token : ""}@${region}/${service}${ok ? "" : " (bad signature)"}${late ? " (not now)" : ""}`;
}

// Verifies the proof of possession (RFC 9449) of a request -> "good" or the fault.
function proof(request) {
  const [head, payload, signature] = (request.headers.dpop || "").split(".");
  if (!signature) return "none";
  const decode = part => JSON.parse(Buffer.from(part, "base64url"));
  const { typ, alg, jwk } = decode(head), { htm, htu, jti, iat } = decode(payload);
  if (typ !== "dpop+jwt" || alg !== "ES256" || !jti || !Number.isInteger(iat)) return "incomplete";
  if (htm !== request.method || htu !== `http://${request.headers.host}${request.url}`) return `for ${htm} ${htu}`;
  const key = { key: crypto.createPublicKey({ key: jwk, format: "jwk" }), dsaEncoding: "ieee-p1363" };
  const good = crypto.verify("sha256", Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, "base64url"));
  return good ? "good" : "badly signed";
}

const list = fields => Object.entries(fields).filter(([, value]) => value != null)
  .map(([name, value]) => ` ${name}=${value}`).join("");

// Formats a request to each service as a line of the log.
const describe = {
  sts(request, rest, body) {
    const form = new URLSearchParams(body);
    return form.get("Action") + list({ role: form.get("RoleArn"), session: form.get("RoleSessionName"),
      external: form.get("ExternalId"), duration: form.get("DurationSeconds"), token: form.get("WebIdentityToken"),
      by: signer(request, body) });
  },
  sso(request, rest) {
    const query = new URL(rest, "http://x").searchParams;
    return `${request.method} ${rest.split("?")[0]}` + list({ account: query.get("account_id"), role: query.get("role_name"),
      token: request.headers["x-amz-sso_bearer_token"] });
  },
  oidc(request, rest, body) {
    const { grantType, clientId, clientSecret, refreshToken } = JSON.parse(body);
    return `${request.method} ${rest}` + list({ grant: grantType, client: clientId, secret: clientSecret, token: refreshToken });
  },
  signin(request, rest, body) {
    const { grantType, clientId, refreshToken } = JSON.parse(body);
    return `${request.method} ${rest}` + list({ grant: grantType, client: clientId, token: refreshToken, proof: proof(request) });
  },
  container: (request, rest) => `${request.method} ${rest}` + list({ token: request.headers.authorization }),
  metadata: (request, rest) => `${request.method} ${rest.replace("/latest/meta-data/iam/security-credentials/", "ROLE/")}` +
    list({ ttl: request.headers["x-aws-ec2-metadata-token-ttl-seconds"], token: request.headers["x-aws-ec2-metadata-token"] }),
  elsewhere: (request, rest) => `${request.method} ${rest}`,
};

let script = {}, text = "", used = {};

// The next response of a service. A changed script restarts the count of every service.
function next(service, rest) {
  const now = fs.readFileSync(path.join(directory, "script.json"), "utf8");
  if (now !== text) [script, text, used] = [JSON.parse(now), now, {}];
  used[service] = (used[service] || 0) + 1;
  const responses = script.responses[service] || [];
  return responses[Array.isArray(responses) ? used[service] - 1 : rest] || { status: 418, body: "no more responses" };
}

// An error in the format of the service whose message is the request.
function echo(service, request, body) {
  const text = [request.url, ...Object.values(request.headers), body].join(" ");
  return service === "sts" ? `<ErrorResponse><Error><Code>Echo</Code><Message>${text}</Message></Error></ErrorResponse>`
    : JSON.stringify({ error: text, error_description: text, code: text, message: text, Message: text });
}

function send(response, scripted) {
  if (scripted.hang) return;
  if (scripted.drop) return response.destroy();
  const body = scripted.size ? "x".repeat(scripted.size)
    : typeof scripted.body === "object" ? JSON.stringify(scripted.body) : scripted.body || "";
  response.writeHead(scripted.status || 200, { "Content-Length": Buffer.byteLength(body), ...scripted.headers });
  response.end(body);
}

function serve(request, response) {
  const [, service, rest] = /^\/(\w+)(.*)$/.exec(request.url) || [null, "elsewhere", request.url];
  const known = describe[service] ? service : "elsewhere";
  let body = "";
  request.setEncoding("latin1");
  request.on("data", part => { body += part; });
  request.on("end", () => {
    const by = /^lua-dynamodb\//.test(request.headers["user-agent"]) ? "" : " (without our user agent)";
    fs.appendFileSync(log, `${known} ${describe[known](request, rest, body)}${by}\n`);
    const scripted = next(known, rest);
    if (scripted.echo) scripted.body = echo(known, request, body);
    setTimeout(() => send(response, scripted), scripted.delay || 0);
  });
}

const server = http.createServer(serve);
server.on("connect", (request, socket) => { // a proxy request
  fs.appendFileSync(log, `proxy CONNECT ${request.url}\n`);
  socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
});
server.listen(0, "127.0.0.1", () => console.log(process.pid, server.address().port));
