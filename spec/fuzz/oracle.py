# Answers for fuzz targets, by Python's own libraries. Reads batches of spec/fuzz/oracle.c from its input and replies '='
# to each that is right. A wrong result is reported, and its input written to a file.

import base64
import hashlib
import hmac
import json
import os
import re
import struct
import sys
import zlib
from datetime import datetime, timedelta
from decimal import Decimal

sys.path.insert(0, "spec/support")
from decimal_oracle import result as exact_result

ARTIFACTS = os.environ.get("FUZZ_ARTIFACTS", ".")

# {===== JSON =====


class Number(str):
    pass


class Object(list):
    pass


def refuse(text):
    raise ValueError(text)


JSON = json.JSONDecoder(object_pairs_hook=Object, parse_int=Number, parse_float=Number, parse_constant=refuse)
sys.setrecursionlimit(100000)


def text_event(kind, text):
    data = text.encode("utf-8")
    return b"%c%d:%s" % (kind, len(data), data)


def events(value, out):
    if value is None or value is True or value is False:
        out.append({None: b"n", True: b"t", False: b"f"}[value])
    elif isinstance(value, Number):
        out.append(text_event(ord("n"), value))
    elif isinstance(value, str):
        out.append(text_event(ord("s"), value))
    elif isinstance(value, Object):
        out.append(b"{")
        for name, member in value:
            out.append(text_event(ord("s"), name))
            events(member, out)
        out.append(b"}")
    else:
        out.append(b"[")
        for element in value:
            events(element, out)
        out.append(b"]")


# Strict: no NaN, no byte order mark, no lone surrogates, valid UTF-8.
def check_json(text, _):
    out = []
    try:
        events(JSON.decode(text.decode("utf-8")), out)
    except (ValueError, UnicodeError):
        return [text, b"invalid"]
    return [text, b"".join(out)]


# ===================== }

# {===== Decimals =====

FORM = re.compile(rb"([+-]?)(?=[0-9.])([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?", re.ASCII)


# Returns a Decimal within the service's limits, or the reason why the text is none.
def parse_decimal(text):
    form = FORM.fullmatch(text)
    if not form or not (form[2] or form[3]):
        return "form"
    digits = (form[2] + (form[3] or b"")).lstrip(b"0").decode()
    significant = digits.rstrip("0")
    if len(significant) > 38:
        return "digits"
    if not significant:
        return Decimal(0)
    exponent = int(form[4] or 0) - len(form[3] or b"")
    magnitude = exponent + len(digits) - 1
    if not -130 <= magnitude <= 125:
        return "range"
    return Decimal("%s%sE%d" % (form[1].decode(), digits, exponent))


# The canonical text: plain between 1E-7 and 1E+38, otherwise d.dddE+x.
def canonical(number):
    sign, digits, exponent = number.as_tuple()
    digits = "".join(map(str, digits)).lstrip("0")
    if not digits:
        return "0"
    magnitude = exponent + len(digits) - 1
    digits = digits.rstrip("0")
    if not -7 <= magnitude <= 37:
        text = digits[0] + ("." + digits[1:] if len(digits) > 1 else "") + "E%+d" % magnitude
    elif magnitude < 0:
        text = "0." + "0" * (-magnitude - 1) + digits
    elif magnitude + 1 >= len(digits):
        text = digits + "0" * (magnitude + 1 - len(digits))
    else:
        text = digits[: magnitude + 1] + "." + digits[magnitude + 1 :]
    return "-" * sign + text


def shown(number):
    return number if isinstance(number, str) else canonical(number)


# Any shortest text of the double will do.
def shortest(real, given):
    if real != real or real in (float("inf"), float("-inf")):
        return "special"
    if real == 0:
        return "0"
    best = Decimal(repr(real))
    if not -130 <= best.adjusted() <= 125:
        return "range"
    try:
        same = float(given) == real and len(digits_of(Decimal(given))) == len(digits_of(best))
    except (ValueError, ArithmeticError):
        same = False
    return given if same else canonical(best)


def digits_of(number):
    return "".join(map(str, number.as_tuple().digits)).strip("0")


def kind_of(number):
    if number == number.to_integral_value() and -(2**63) <= number < 2**63:
        return "integer"
    return "float" if Decimal(repr(float(number))) == number else "decimal"


def check_decimal(data, one, two, given):
    given = given.decode("ascii", "replace").split("\n")
    real = struct.unpack("=d", data[:8].ljust(8, b"\0"))[0]
    a, b = parse_decimal(one), parse_decimal(two)
    lines = [shown(a), shown(b), shortest(real, given[2] if len(given) > 2 else "")]
    if not isinstance(a, str):
        bits = struct.unpack("=Q", struct.pack("=d", float(a) + 0.0))[0]
        whole = int(a) if kind_of(a) == "integer" else 0
        lines += ["%016x" % bits, str(whole), kind_of(a)]
    if not isinstance(a, str) and not isinstance(b, str):
        for operator in "+-*/%":
            found = exact_result(operator, a, b)
            lines.append(found if found in ("digits", "range", "zero") else canonical(Decimal(found)))
        lines.append("<" if a < b else ">" if a > b else "=")
    return [data, one, two, "\n".join(lines + [""]).encode()]


# ===================== }


def check_base64(input_bytes, _text, _url, _status, _bytes):
    text, url = base64.b64encode(input_bytes), base64.urlsafe_b64encode(input_bytes).rstrip(b"=")
    try:
        decoded = base64.b64decode(input_bytes, validate=True)
        status = b"decoded" if base64.b64encode(decoded) == input_bytes else b"refused"
    except ValueError:
        status = b"refused"
    return [input_bytes, text, url, status, decoded if status == b"decoded" else b""]


GZIP_LIMIT = 50000


# One or more gzip files one after the other, and nothing else.
def gunzip(data):
    out = b""
    while True:
        member = zlib.decompressobj(31)
        try:
            part = member.decompress(data, GZIP_LIMIT + 1 - len(out))
        except zlib.error:
            return b"invalid", b""
        out += part
        if len(out) > GZIP_LIMIT:
            return b"big", b""
        if not member.eof:
            return b"invalid", b""
        data = member.unused_data
        if not data:
            return b"ok", out


def check_gunzip(_input, data, _status, _bytes):
    return [_input, data, *gunzip(data)]


# {===== Signature Version 4 =====


def lower(name):
    return bytes(byte + 32 if 65 <= byte <= 90 else byte for byte in name)


# The canonical form of headers, a list of name and value -> lines, names.
def canonical_headers(headers):
    merged = {}
    for name, value in headers:
        merged.setdefault(lower(name), []).append(re.sub(b" +", b" ", value.strip(b" \t")))
    names = sorted(merged)
    return b"".join(b"%s:%s\n" % (name, b",".join(merged[name])) for name in names), b";".join(names)


def mac(key, text):
    return hmac.new(key, text, hashlib.sha256).digest()


def has_break(*texts):
    return any(byte in text for text in texts for byte in b"\r\n\0")


# Why a request cannot be signed | None. The limits are those of csrc/core/sigv4.h.
def obstacle(key, secret, token, region, service, seconds, method, path, query, headers):
    required = [(key, 1024), (secret, 1024), (region, 128), (service, 128), (method, 128), (path, 65536)]
    if any(not text or len(text) > most for text, most in required) or len(token) > 32768 or len(query) > 65536:
        return "size"
    if has_break(key, secret, token, region, service, method, path, query):
        return "break"
    if not 0 <= seconds <= 253402300799 or len(headers) > 32:
        return "limit"
    names = [lower(name) for name, _ in headers]
    for name, value in headers:
        if not name or len(name) > 128 or len(value) > 65536 or has_break(name, value):
            return "header"
    if b"host" not in names or b"x-amz-date" in names or b"x-amz-security-token" in names:
        return "names"
    return None


def sign(key, secret, token, region, service, seconds, method, path, query, body, headers):
    date = (datetime(1970, 1, 1) + timedelta(seconds=seconds)).strftime("%Y%m%dT%H%M%SZ").rjust(16, "0").encode()
    taken = [h for h in headers if lower(h[0]) in (b"host", b"content-type") or lower(h[0]).startswith(b"x-amz-")]
    taken.append((b"x-amz-date", date))
    if token:
        taken.append((b"x-amz-security-token", token))
    lines, names = canonical_headers(taken)
    request = b"\n".join([method, path, query, lines, names, hashlib.sha256(body).hexdigest().encode()])
    scope = b"/".join([date[:8], region, service, b"aws4_request"])
    text = b"\n".join([b"AWS4-HMAC-SHA256", date, scope, hashlib.sha256(request).hexdigest().encode()])
    derived = b"AWS4" + secret
    for part in (date[:8], region, service, b"aws4_request"):
        derived = mac(derived, part)
    return date, b"AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        key, scope, names, mac(derived, text).hex().encode())


def check_sigv4(*fields):
    rest = fields[6:]
    key, secret, token, region, service, seconds, method, path, query, body = rest[:10]
    headers = list(zip(rest[10::2], rest[11::2]))
    seconds = struct.unpack("=q", seconds)[0]
    head = (key, secret, token, region, service, seconds, method, path, query)
    lines, names = canonical_headers(headers[:34])
    results = [b"refused", b"", b""]
    if not obstacle(*head, headers):
        results = [b"signed", *sign(*head, body, headers)]
    return [fields[0], *results, lines or b"\n", names]


# ===================== }

# A check gets the fuzz input and the fields, and returns the expected ones, of which the fields may have more.
CHECKS = {
    "base64": check_base64,
    "decimal": check_decimal,
    "gunzip": check_gunzip,
    "json": check_json,
    "sigv4": check_sigv4,
}


def records(batch):
    at = 0
    while at < len(batch):
        (count,) = struct.unpack_from("=I", batch, at)
        at += 4
        fields = []
        for _ in range(count):
            (size,) = struct.unpack_from("=I", batch, at)
            fields.append(batch[at + 4 : at + 4 + size])
            at += 4 + size
        yield fields


def report(name, fields, expected):
    path = os.path.join(ARTIFACTS, "differs-" + hashlib.sha1(fields[0]).hexdigest())
    with open(path, "wb") as file:
        file.write(fields[0])
    for given, wanted in zip(fields, expected):
        if given != wanted:
            print("%s: expected %r\n%s  got      %r" % (name, wanted, " " * len(name), given), file=sys.stderr)
    print("%s: input %r is in %s" % (name, fields[0], path), file=sys.stderr)


def main(name):
    check, total = CHECKS[name], 0
    while True:
        head = sys.stdin.buffer.read(4)
        if len(head) < 4:
            break
        batch = sys.stdin.buffer.read(struct.unpack("=I", head)[0])
        for fields in records(batch):
            expected = check(*fields)
            if fields[: len(expected)] != list(expected):
                report(name, fields, expected)
                sys.exit(1)
            total += 1
        os.write(1, b"=")
    print("%s: %d results are those of Python" % (name, total), file=sys.stderr)


main(sys.argv[1])
