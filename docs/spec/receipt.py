#!/usr/bin/env python3
"""Verifies receipts, chain states, key changes and vkeys of an Onionmeter ledger.

Written from receipt.md alone, with nothing but Python's standard library:

    python3 receipt.py < CLAIMS.json

CLAIMS is a list of objects. Binary values are lower-case hexadecimal.
  {"kind": "receipt" | "chain-state" | "key-change", "key": …, "body": …, "signature": …}
      to verify with this key; "report", the body of a verified session report, checks also that the
      receipt answers it; "before", the body of a verified receipt or key change, that it follows.
  {"kind": "vkey", "line": …}
It prints a list with the fields of each claim that is accepted, and for the others the reason as a
text. It exits with 1 if there is one that is not accepted.
"""

import base64
import hashlib
import json
import struct
import sys


class Refused(Exception):
    """Why a claim is not accepted: the reason of the specification."""


def refuse_if(broken, reason):
    if broken:
        raise Refused(reason)


# ---------------------------------------------------------------- Ed25519

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
L = 2**252 + 27742317777372353535851937790883648493
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(one, other):
    """Adds two points (X, Y, Z, T) with x = X/Z, y = Y/Z, xy = T/Z."""
    x1, y1, z1, t1 = one
    x2, y2, z2, t2 = other
    a = x1 * y2 + x2 * y1
    b = y1 * y2 + x1 * x2
    z = z1 * z2
    t = D * t1 * t2
    low, high = z - t, z + t
    return a * low % P, b * high % P, low * high % P, a * b % P


def times(number, point):
    result = NEUTRAL
    while number:
        if number & 1:
            result = add(result, point)
        point = add(point, point)
        number >>= 1
    return result


def decode(data):
    """The point of 32 bytes; None if there is none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, (number & (2**255 - 1)) % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if v * x * x % P != u:
        return None
    if x & 1 != sign:
        x = -x % P
    return x, y, 1, x * y % P


def encode(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def is_unusable(point):
    """Not a point, or one of small order."""
    return point is None or encode(times(8, point)) == encode(NEUTRAL)


BASE = decode((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def verify_signature(key, signature, message):
    point = decode(key)
    refuse_if(is_unusable(point), "key")
    refuse_if(len(signature) != 64, "signature")
    first, scalar = signature[:32], int.from_bytes(signature[32:], "little")
    refuse_if(scalar >= L, "signature")
    refuse_if(is_unusable(decode(first)), "signature")
    k = int.from_bytes(hashlib.sha512(first + key + message).digest(), "little") % L
    x, y, z, t = times(k, point)
    difference = add(times(scalar, BASE), (-x % P, y, z, -t % P))
    refuse_if(encode(difference) != first, "signature")


# ---------------------------------------------------------------- bodies

# A kind: payload type, length, magic, name of the signing key, and the fields after the version:
# name and form. "b" is a byte, "h", "i" and "q" are integers of 2, 4 and 8 bytes, a number is that
# many bytes, "0" that many reserved ones.
RECEIPT = (
    "ledger-receipt", 200, b"OMRC", "ledger",
    [("kind", "b"), ("reasons", "h"), ("ledger", 32), ("device", 32), ("chain", 16),
     ("sequence", "q"), ("link", 32), ("at", "q"), ("awarded_ms", "q"), ("awarded_bytes", "q"),
     ("amount", "q"), ("awarded_total", "q"), ("policy", "i"), ("tariff", "i"), ("0", 24)],
)
CHAIN_STATE = (
    "chain-state", 152, b"OMCS", "ledger",
    [("condition", "b"), ("0", 2), ("ledger", 32), ("device", 32), ("chain", 16),
     ("sequence", "q"), ("link", 32), ("at", "q"), ("awarded_total", "q"), ("0", 8)],
)
KEY_CHANGE = (
    "ledger-key", 88, b"OMKC", "old",
    [("0", 3), ("old", 32), ("new", 32), ("number", "i"), ("0", 4), ("at", "q")],
)
KINDS = {"receipt": RECEIPT, "chain-state": CHAIN_STATE, "key-change": KEY_CHANGE}
REASONS = {1: "time-budget", 2: "byte-budget", 4: "before-enrolment", 8: "session-cap"}
CONDITIONS = {1: "open", 2: "frozen"}
# The rules of the first bytes: which values are known, and the reason for any other.
CLOSED = {
    "kind": (lambda value: value == 1, "kind"),
    "reasons": (lambda value: value < 16, "reserved"),
    "condition": (lambda value: value in CONDITIONS, "condition"),
}


def read(kind, body):
    """The fields of a body that has the form of its kind."""
    _, length, magic, _, layout = kind
    refuse_if(len(body) != length, "length")
    refuse_if(body[:4] != magic, "magic")
    refuse_if(body[4] != 1, "version")
    at, values, tail = 5, {}, []
    for name, form in layout:
        size = form if isinstance(form, int) else struct.calcsize(">" + form)
        data, at = body[at:at + size], at + size
        if name == "0":
            # Reserved bytes at the end come after the range of the numbers before them.
            is_last = at == length
            tail.append(data) if is_last else refuse_if(any(data), "reserved")
        elif isinstance(form, int):
            values[name] = data
        else:
            values[name] = int.from_bytes(data, "big")
            if name in CLOSED:
                is_known, reason = CLOSED[name]
                refuse_if(not is_known(values[name]), reason)
            refuse_if(form == "q" and values[name] >= 2**63, "range")
    refuse_if(any(map(any, tail)), "reserved")
    return values


def check_receipt(values):
    refuse_if(values["sequence"] == 0, "sequence-zero")
    refuse_if(values["policy"] == 0, "policy")
    refuse_if(values["tariff"] != 1, "tariff")
    award = 100000 * values["awarded_ms"] + 500 * values["awarded_bytes"]
    refuse_if(values["amount"] != award, "amount")
    total = values["awarded_total"]
    is_in = total == award if values["sequence"] == 1 else total >= award
    refuse_if(not is_in, "totals")


def check_chain_state(values):
    if values["sequence"] == 0:
        genesis = labelled("onionmeter/genesis/v1", values["chain"] + values["device"])
        refuse_if(values["link"] != genesis, "genesis")
        refuse_if(values["awarded_total"] != 0, "totals")


def check_key_change(values):
    refuse_if(values["number"] < 2, "number")
    refuse_if(values["new"] == values["old"], "same-key")


CHECKS = {
    "receipt": check_receipt,
    "chain-state": check_chain_state,
    "key-change": check_key_change,
}


def labelled(label, data):
    return hashlib.sha256(label.encode() + b"\0" + data).digest()


def verify(name, key, body, signature):
    """The fields of a body that this key has signed."""
    kind = KINDS[name]
    payload_type = f"application/vnd.onionmeter.{kind[0]}.v1".encode()
    head = b"DSSEv1 %d %b %d " % (len(payload_type), payload_type, len(body))
    verify_signature(key, signature, head + body)
    values = read(kind, body)
    CHECKS[name](values)
    refuse_if(values[kind[3]] != key, "signer")
    return values


# ---------------------------------------------------------------- answers and chains

def check_answers(receipt, report):
    """The receipt answers the session report with this body, which was verified before."""
    number = lambda at, size=8: int.from_bytes(report[at:at + size], "big")
    named = (report[24:56], report[8:24], number(56), labelled("onionmeter/link/v1", report))
    fields = ("device", "chain", "sequence", "link")
    refuse_if(tuple(receipt[field] for field in fields) != named, "other-report")
    refuse_if(receipt["tariff"] != number(176, 4), "tariff")
    duration, count = number(112), number(120) + number(128)
    more = receipt["awarded_ms"] > duration or receipt["awarded_bytes"] > count
    refuse_if(more, "more-than-claimed")
    pairs = [(receipt["awarded_ms"] < duration, bool(receipt["reasons"] & (1 | 4 | 8))),
             (receipt["awarded_bytes"] < count, bool(receipt["reasons"] & 2))]
    refuse_if((True, False) in pairs, "unexplained")
    refuse_if((False, True) in pairs, "needless-reason")


def check_follows(after, before):
    same = all(after[field] == before[field] for field in ("device", "chain"))
    refuse_if(not same, "other-chain")
    refuse_if(after["sequence"] != before["sequence"] + 1, "sequence")
    total = before["awarded_total"] + after["amount"]
    refuse_if(after["awarded_total"] != total, "chain-totals")


def read_vkey(line):
    parts = line.split("+", 2)
    refuse_if(len(parts) < 3, "form")
    name, number, text = parts
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused("form") from None
    refuse_if(len(text) != 44 or len(data) != 33, "form")
    refuse_if(data[0] != 1, "algorithm")
    refuse_if(not name or any(letter.isspace() for letter in name), "name")
    wanted = hashlib.sha256(name.encode() + b"\n" + data).hexdigest()[:8]
    refuse_if(number != wanted, "number")
    return {"name": name, "key": data[1:]}


# ---------------------------------------------------------------- claims

def judge(claim):
    name = claim["kind"]
    if name == "vkey":
        return read_vkey(claim["line"])
    key, body, signature = (bytes.fromhex(claim[part]) for part in ("key", "body", "signature"))
    values = verify(name, key, body, signature)
    if "report" in claim:
        check_answers(values, bytes.fromhex(claim["report"]))
    if "before" in claim:
        before = read(KINDS[name], bytes.fromhex(claim["before"]))
        if name == "receipt":
            check_follows(values, before)
        else:
            refuse_if(values["number"] != before["number"] + 1, "number")
    return values


def shown(name, value):
    if isinstance(value, bytes):
        return value.hex()
    if name == "reasons":
        return [REASONS[bit] for bit in REASONS if value & bit]
    if name == "condition":
        return CONDITIONS[value]
    is_small = name in ("policy", "tariff", "number", "name")
    return value if is_small else str(value)


def verdict(claim):
    try:
        values = judge(claim)
    except Refused as refused:
        return str(refused)
    return {name: shown(name, value) for name, value in values.items() if name != "kind"}


if __name__ == "__main__":
    verdicts = [verdict(claim) for claim in json.load(sys.stdin)]
    print(json.dumps(verdicts, indent=2))
    sys.exit(any(isinstance(one, str) for one in verdicts))
