"""Verifies signatures with botocore, an implementation that is independent of this client.

signature_verifier.py serve REFUSED [HOST:PORT]
    Serves on a free port and prints it. Correctly signed requests are forwarded to HOST:PORT unchanged, and so are the
    responses. Without HOST:PORT such requests get the response {}.
signature_verifier.py check REFUSED FILE...
    Verifies recorded requests of any date. In each FILE a request follows a line with its length.
The file REFUSED gets one line for each wrongly signed request.

Keys are taken from the environment and from spec/support/verifier_keys.json. For check, any other key id has the secret
"secret-of-" followed by the id.
Source: AWS Signature Version 4 (IAM User Guide); DynamoDB developer guide, "Error messages and codes".
"""
import datetime, hashlib, json, os, re, select, socket, sys, threading, zlib
from email.utils import formatdate

from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

TOLERANCE = datetime.timedelta(minutes=15)
AUTHORIZATION = re.compile("AWS4-HMAC-SHA256 Credential=([^/, ]+)/([0-9]{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, "
                           "SignedHeaders=([^, ]+), Signature=([0-9a-f]{64})")
DIFFERENT = ("The request signature we calculated does not match the signature you provided. Check your AWS Secret "
             "Access Key and signing method. Consult the service documentation for details.")

# key id -> [secret, token]; a request must carry the token if there is one.
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "verifier_keys.json")) as file:
    keys = json.load(file)
if os.environ.get("AWS_ACCESS_KEY_ID"):
    keys[os.environ["AWS_ACCESS_KEY_ID"]] = [os.environ["AWS_SECRET_ACCESS_KEY"], None]


class Refused(Exception):
    """A request that the service would reject: (error code, message)."""


class Request:
    """One request, parsed from its bytes into the attributes that SigV4Auth reads."""

    params = None

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        line, *fields = head.decode("latin1").split("\r\n")
        self.method, target, _ = line.split(" ")
        self.url = "http://-" + target
        self.all = [(name.lower(), value.strip()) for name, _, value in (field.partition(":") for field in fields)]
        self.headers = HTTPHeaders()

    def header(self, wanted):
        return next((value for name, value in self.all if name == wanted), None)

    def take_signed(self, names):
        for name, value in self.all:
            if name in names:
                self.headers[name] = value


def incomplete(message):
    return Refused("IncompleteSignatureException", message)


def check_date(stamp, scope_date, now):
    try:
        date = datetime.datetime.strptime(stamp or "", SIGV4_TIMESTAMP)
    except ValueError:
        raise incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if stamp[:8] != scope_date:
        raise Refused("InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 "
                      "version of date from HTTP: '%s' != '%s'" % (scope_date, stamp[:8]))
    if not now:
        return
    for limit, sign, text, relation in ((now - TOLERANCE, "-", "Signature expired", "earlier"),
                                        (now + TOLERANCE, "+", "Signature not yet current", "later")):
        if (date < limit) if sign == "-" else (date > limit):
            raise Refused("InvalidSignatureException", "%s: %s is %s %s than %s (%s %s 15 min.)" % (
                text, stamp, "now" if sign == "-" else "still", relation, limit.strftime(SIGV4_TIMESTAMP),
                now.strftime(SIGV4_TIMESTAMP), sign))


def check_headers(request, signed):
    """Raises Refused unless host, content-type and x-amz-* are signed and every signed header occurs once."""
    present = [name for name, _ in request.all]
    for name in set(present):
        if name not in signed and (name in ("host", "content-type") or name.startswith("x-amz-")):
            raise incomplete("'%s' must be a 'SignedHeader' in the AWS Authorization." % name)
    for name in signed:
        if present.count(name) != 1:
            raise Refused("InvalidSignatureException", DIFFERENT)
    hashed = request.header("x-amz-content-sha256") # botocore takes the value of the header as it is
    if hashed and hashed != hashlib.sha256(request.body).hexdigest():
        raise Refused("InvalidSignatureException", "The x-amz-content-sha256 is not the body's.")


def verify(request, now):
    """Raises Refused unless the request is signed with a known key, and within 15 minutes of now unless now is None."""
    authorization = request.header("authorization")
    if not authorization:
        raise Refused("MissingAuthenticationTokenException", "Request is missing Authentication Token")
    match = AUTHORIZATION.fullmatch(authorization)
    if not match:
        raise incomplete("Authorization header is not of its form: '%s'" % authorization)
    key, date, region, service, signed, signature = match.groups()
    secret, token = keys.get(key) or (not now and "secret-of-" + key, None)
    if not secret or token and token != request.header("x-amz-security-token"):
        raise Refused("UnrecognizedClientException", "The security token included in the request is invalid.")
    signed = signed.split(";")
    stamp = request.header("x-amz-date")
    check_date(stamp, date, now)
    if request.header("x-amz-target") and service != "dynamodb":
        raise Refused("InvalidSignatureException", "Credential should be scoped to correct service: 'dynamodb'.")
    check_headers(request, signed)
    request.take_signed(signed)
    request.context = {"timestamp": stamp}
    auth = SigV4Auth(Credentials(key, secret), service, region)
    if signature != auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request):
        raise Refused("InvalidSignatureException", DIFFERENT)


def note(refused, request, err):
    """Appends the operation, the authorization header and the error to the file."""
    lines = [request.header("x-amz-target") or request.url, request.header("authorization") or "-", *map(str, err.args)]
    with open(refused, "a") as file:
        file.write(" | ".join(lines) + "\n")


# ===== check

def recorded(path):
    with open(path, "rb") as file:
        for length in file:
            yield file.read(int(length))


def check(refused, paths):
    for path in paths:
        for raw in recorded(path):
            request = Request(raw)
            # Without both headers the request was written by a spec or needs no signature.
            if not request.header("x-amz-target") and not request.header("authorization"):
                continue
            try:
                verify(request, None)
            except Refused as err:
                note(refused, request, err)


# ===== serve

def response(status, body):
    head = ("HTTP/1.1 %s\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\nx-amz-crc32: %d\r\n"
            "Date: %s\r\nx-amzn-RequestId: VERIFIER\r\n\r\n")
    return (head % (status, len(body), zlib.crc32(body), formatdate(usegmt=True))).encode() + body


def refusal(err):
    code, message = err.args
    body = {"__type": "com.amazon.coral.service#" + code, "message": message}
    return response("400 Bad Request", json.dumps(body).encode())


class Proxy:
    """A client connection and its own connection to the upstream server."""

    def __init__(self, client, upstream, refused):
        self.client, self.address, self.refused = client, upstream, refused
        self.upstream, self.bytes, self.length = None, bytearray(), None

    def run(self):
        try:
            while self.step():
                pass
        except OSError:
            pass # either side may close at any time
        finally:
            self.client.close()
            if self.upstream:
                self.upstream.close()

    def step(self):
        both = [self.client, self.upstream] if self.upstream else [self.client]
        for ready in select.select(both, [], [])[0]:
            data = ready.recv(65536)
            if not data:
                return False
            if ready is self.client:
                self.take(data)
            else:
                self.client.sendall(data)
        return True

    def take(self, data):
        """Buffers bytes of a request and forwards or rejects it once it is complete."""
        self.bytes += data
        if not self.bytes[:1].isalpha():
            raise ConnectionError("not an HTTP request")
        if self.length is None:
            end = self.bytes.find(b"\r\n\r\n")
            if end < 0:
                return
            match = re.search(rb"\r\ncontent-length: *([0-9]+)\r\n", self.bytes[:end + 2], re.IGNORECASE)
            self.length = end + 4 + int(match[1] if match else 0)
        if len(self.bytes) >= self.length:
            raw = bytes(self.bytes[:self.length])
            del self.bytes[:self.length]
            self.length = None
            self.forward(raw)

    def forward(self, raw):
        request = Request(raw)
        try:
            verify(request, datetime.datetime.utcnow())
        except Refused as err:
            note(self.refused, request, err)
            self.client.sendall(refusal(err))
            return
        if self.address is None:
            self.client.sendall(response("200 OK", b"{}"))
            return
        if not self.upstream:
            self.upstream = no_delay(socket.create_connection(self.address))
        self.upstream.sendall(raw)


def no_delay(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def serve(refused, upstream=None):
    if upstream:
        host, port = upstream.split(":")
        upstream = host, int(port)
    listener = socket.create_server(("127.0.0.1", 0), backlog=511)
    print("listening on", listener.getsockname()[1], flush=True)
    while True:
        proxy = Proxy(no_delay(listener.accept()[0]), upstream, refused)
        threading.Thread(target=proxy.run, daemon=True).start()


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "check":
        check(arguments[0], arguments[1:])
    else:
        serve(*arguments)
