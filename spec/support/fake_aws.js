// The services that give credentials, faked on loopback: node fake_aws.js FOLDER; spec/support/fake_aws.lua starts it.
// Each has a path of its own: /sts, /sso, /oidc, /signin, /container, /metadata; all else is /elsewhere or came by a proxy.
// FOLDER/script.json has the responses of each in order: {status, headers, body, size, delay, hang, drop, echo}; none left: 418.
// With echo the response is an error that repeats all of the request.
// FOLDER/log reports what was asked, a line for each request. Signatures and proofs are checked here, by node's own means.
const crypto = require("crypto"), fs = require("fs"), http = require("http"), path = require("path");
const folder = process.argv[2];
const log = path.join(folder, "log");

const hmac = (key, text) => crypto.createHmac("sha256", key).update(text).digest();
const sha256 = text => crypto.createHash("sha256").update(text).digest("hex");

// Signature Version 4, of a request whose path and query need no encoding. The secret of KEY is "secret-of-KEY".
function signer(request, body) {
  const header = request.headers.authorization || "";
  const parts = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d+)\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/
    .exec(header);
  if (!parts) return header ? "nobody (bad header)" : "nobody";
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

// A proof of possession (RFC 9449) for this request: "good", or what is wrong with it.
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

// What a request to each service asks for, as a line.
const tell = {
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

// The next response of a service, from the script as it is now.
function next(service) {
  const now = fs.readFileSync(path.join(folder, "script.json"), "utf8");
  if (now !== text) [script, text, used] = [JSON.parse(now), now, {}];
  used[service] = (used[service] || 0) + 1;
  const responses = script.responses[service] || [];
  return responses[used[service] - 1] || { status: 418, body: "no more responses" };
}

// An error in the form of each service, its text the request.
function echo(service, request, body) {
  const text = [request.url, ...Object.values(request.headers), body].join(" ");
  return service === "sts" ? `<ErrorResponse><Error><Code>Echo</Code><Message>${text}</Message></Error></ErrorResponse>`
    : JSON.stringify({ error: text, error_description: text, code: text, message: text, Message: text });
}

function send(response, answer) {
  if (answer.hang) return;
  if (answer.drop) return response.destroy();
  const body = answer.size ? "x".repeat(answer.size)
    : typeof answer.body === "object" ? JSON.stringify(answer.body) : answer.body || "";
  response.writeHead(answer.status || 200, { "Content-Length": Buffer.byteLength(body), ...answer.headers });
  response.end(body);
}

function serve(request, response) {
  const [, service, rest] = /^\/(\w+)(.*)$/.exec(request.url) || [null, "elsewhere", request.url];
  const known = tell[service] ? service : "elsewhere";
  let body = "";
  request.setEncoding("latin1");
  request.on("data", part => { body += part; });
  request.on("end", () => {
    const by = /^lua-dynamodb\//.test(request.headers["user-agent"]) ? "" : " (of a client without a name)";
    fs.appendFileSync(log, `${known} ${tell[known](request, rest, body)}${by}\n`);
    const answer = next(known);
    if (answer.echo) answer.body = echo(known, request, body);
    setTimeout(() => send(response, answer), answer.delay || 0);
  });
}

const server = http.createServer(serve);
server.on("connect", (request, socket) => { // of a proxy
  fs.appendFileSync(log, `proxy CONNECT ${request.url}\n`);
  socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
});
server.listen(0, "127.0.0.1", () => console.log(process.pid, server.address().port));
