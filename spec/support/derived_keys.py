"""Prints what Signature Version 4 derives from a secret, as hexadecimal: derived_keys.py SECRET DATE REGION SERVICE

Each line is the name of a key and bytes that only code that holds the key has: the key itself, and the states of
SHA-256 after the key's block for the two passes of HMAC, as words of this machine.
"""

import hmac
import struct
import sys


def primes():
    found, number = [], 2
    while True:
        if all(number % prime for prime in found):
            found.append(number)
            yield number
        number += 1


def root_bits(number, degree):
    """The first 32 bits of the fractional part of a square or cube root."""
    low, high = 0, number << 32
    while low < high:
        middle = (low + high + 1) // 2
        if middle ** degree <= number << (32 * degree):
            low = middle
        else:
            high = middle - 1
    return low & 0xFFFFFFFF


FIRST_PRIMES = [prime for prime, _ in zip(primes(), range(64))]
START = [root_bits(prime, 2) for prime in FIRST_PRIMES[:8]]
CONSTANTS = [root_bits(prime, 3) for prime in FIRST_PRIMES]


def rotated(word, count):
    return (word >> count | word << (32 - count)) & 0xFFFFFFFF


def compress(block):
    """The state of SHA-256 (FIPS 180-4 section 6.2.2) after its first block."""
    words = list(struct.unpack(">16I", block))
    for i in range(16, 64):
        a, b = words[i - 15], words[i - 2]
        small = rotated(a, 7) ^ rotated(a, 18) ^ a >> 3
        large = rotated(b, 17) ^ rotated(b, 19) ^ b >> 10
        words.append((words[i - 16] + small + words[i - 7] + large) & 0xFFFFFFFF)
    a, b, c, d, e, f, g, h = START
    for word, constant in zip(words, CONSTANTS):
        first = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + (e & f ^ ~e & g) + constant + word
        second = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (first + second) & 0xFFFFFFFF, a, b, c, (d + first) & 0xFFFFFFFF, e, f, g
    return struct.pack("=8I", *((x + y) & 0xFFFFFFFF for x, y in zip(START, (a, b, c, d, e, f, g, h))))


def show(name, key):
    block = key.ljust(64, b"\0")
    print(name, key.hex())
    for pass_name, pad in (("inner", 0x36), ("outer", 0x5C)):
        padded = bytes(byte ^ pad for byte in block)
        print(f"{name}, {pass_name} block", padded[: len(key)].hex())
        print(f"{name}, {pass_name} state", compress(padded).hex())


secret, *parts = sys.argv[1:]
key = b"AWS4" + secret.encode()
show("secret", key)
for name, part in zip(("date key", "region key", "service key", "signing key"), (*parts, "aws4_request")):
    key = hmac.digest(key, part.encode(), "sha256")
    show(name, key)
