#!/usr/bin/env python3
"""Verifies an export of an Onionmeter device: reports, receipts, keys and policies.

Written from export.md, session-report.md, receipt.md and policy.md alone, with nothing but Python's
standard library and receipt.py, which was written in the same way:

    python3 export.py FILE            says what the file proves
    python3 export.py --json < LIST   LIST is a list of files; prints the verdict of each

It exits with 1 if a file does not hold.
"""

import hashlib
import json
import pathlib
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))

from receipt import Refused, check_answers, check_follows, labelled, read, refuse_if
from receipt import verify, verify_signature

REPORT = (
    "session-report", 200, b"OMSR", "key",
    [("kind", "b"), ("flags", "h"), ("chain", 16), ("key", 32), ("sequence", "q"), ("previous", 32),
     ("started_at", "q"), ("ended_at", "q"), ("duration", "q"), ("bytes_up", "q"),
     ("bytes_down", "q"), ("amount", "q"), ("total_duration", "q"), ("total_bytes_up", "q"),
     ("total_bytes_down", "q"), ("total_amount", "q"), ("tariff", "i"), ("0", 20)],
)
POLICY = (
    "ledger-policy", 128, b"OMPO", "ledger",
    [("enrolment", "b"), ("0", 2), ("ledger", 32), ("number", "i"), ("tariff", "i"),
     ("effective_at", "q"), ("time_backlog_ms", "q"), ("bytes_per_day", "q"),
     ("byte_backlog_ms", "q"), ("session_cap_ms", "q"), ("devices_per_account", "i"),
     ("chains_per_day", "i"), ("reports_per_minute", "i"), ("0", 28)],
)
SUMMED = ("duration", "bytes_up", "bytes_down", "amount")
DAY = 86_400_000


class Bad(Exception):
    """Where the file does not hold, and why."""

    def __init__(self, place, why):
        super().__init__(f"{place}: {why}")
        self.place = place


# ---------------------------------------------------------------- form

HEX = re.compile(r"(?:[0-9a-f]{2})*\Z")
NUMBER = re.compile(r"(?:0|[1-9][0-9]*)\Z")


def digits(count):
    return lambda value: isinstance(value, str) and len(value) == count and HEX.match(value)


def number(value):
    return isinstance(value, str) and NUMBER.match(value) and int(value) < 2**63


def flag(value):
    return isinstance(value, bool)


def text(value):
    return isinstance(value, str)


def some_hex(value):
    return isinstance(value, str) and HEX.match(value)


def signed(length):
    return {"body": digits(2 * length), "signature": digits(128)}


FORM = {
    "format": lambda value: value == "onionmeter-export/1",
    "chains": [{"chain": digits(32), "key": digits(64), "reports": [signed(200)]}],
    "ledgers": [{
        "key": digits(64),
        "device": digits(64),
        "in_force": flag,
        "start": {"chain": digits(32), "sequence": number, "awarded": number},
        "changes": [signed(88)],
        "policies": [signed(128)],
        "chains": [{"chain": digits(32), "receipts": [signed(200)]}],
        "contradictions": [{"kind": text, "bytes": some_hex}],
    }],
    "sha256": digits(64),
}


def fits(value, form):
    if isinstance(form, dict):
        is_object = isinstance(value, dict) and value.keys() == form.keys()
        return is_object and all(fits(value[name], form[name]) for name in form)
    if isinstance(form, list):
        return isinstance(value, list) and all(fits(item, form[0]) for item in value)
    return bool(form(value))


def unique(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        raise Bad("file", "a member is there twice")
    return members


def parse(data):
    try:
        return json.loads(data, object_pairs_hook=unique)
    except ValueError:
        raise Bad("file", "this is not JSON") from None


def in_order(value, form):
    """The same value with its members in the order of the page."""
    if isinstance(form, dict):
        return {name: in_order(value[name], form[name]) for name in form}
    if isinstance(form, list):
        return [in_order(item, form[0]) for item in value]
    return value


# ---------------------------------------------------------------- one signed body

def unpacked(entry):
    return bytes.fromhex(entry["body"]), bytes.fromhex(entry["signature"])


def check_signature(kind, key, body, signature):
    payload_type = f"application/vnd.onionmeter.{kind[0]}.v1".encode()
    head = b"DSSEv1 %d %b %d " % (len(payload_type), payload_type, len(body))
    verify_signature(key, signature, head + body)


def report_of(entry, key):
    body, signature = unpacked(entry)
    check_signature(REPORT, key, body, signature)
    values = read(REPORT, body)
    refuse_if(values["flags"] > 1, "reserved")
    refuse_if(values["sequence"] == 0, "sequence-zero")
    refuse_if(values["ended_at"] < values["started_at"], "end-before-start")
    refuse_if(values["tariff"] != 1, "tariff")
    earned = 100000 * values["duration"] + 500 * (values["bytes_up"] + values["bytes_down"])
    refuse_if(values["amount"] != earned, "amount")
    for name in SUMMED:
        own, total = values[name], values["total_" + name]
        is_in = total == own if values["sequence"] == 1 else total >= own
        refuse_if(not is_in, "totals")
    refuse_if(values["key"] != key, "signer")
    return values, body


def policy_of(entry, keys):
    body, signature = unpacked(entry)
    key = body[8:40] if body[8:40] in keys else keys[-1]
    check_signature(POLICY, key, body, signature)
    values = read(POLICY, body)
    refuse_if(values["enrolment"] not in (1, 2), "enrolment")
    refuse_if(values["number"] == 0, "number-zero")
    refuse_if(values["tariff"] != 1, "tariff")
    limits = ("devices_per_account", "chains_per_day", "reports_per_minute")
    refuse_if(any(values[name] == 0 for name in limits), "limit-zero")
    refuse_if(100000 * DAY + 500 * values["bytes_per_day"] >= 2**63, "amount")
    refuse_if(values["ledger"] != key, "signer")
    return values


# ---------------------------------------------------------------- the file

class Chain:
    def __init__(self, entry, place):
        self.chain, self.key = bytes.fromhex(entry["chain"]), bytes.fromhex(entry["key"])
        self.bodies, self.totals = [], [dict.fromkeys(SUMMED, 0)]
        link = labelled("onionmeter/genesis/v1", self.chain + self.key)
        for index, one in enumerate(entry["reports"]):
            try:
                values, body = report_of(one, self.key)
                refuse_if(values["chain"] != self.chain, "other-chain")
                refuse_if(values["sequence"] != index + 1, "sequence")
                refuse_if(values["previous"] != link, "link")
                sums = {name: self.totals[-1][name] + values[name] for name in SUMMED}
                same = all(sums[name] == values["total_" + name] for name in SUMMED)
                refuse_if(not same, "chain-totals")
            except Refused as refused:
                raise Bad(f"{place}.reports[{index}]", refused) from None
            link = labelled("onionmeter/link/v1", body)
            self.bodies.append(body)
            self.totals.append(sums)

    def total(self, sequence):
        return self.totals[min(sequence, len(self.bodies))]["amount"]


def keys_of(ledger, place):
    keys, last, bodies = [bytes.fromhex(ledger["key"])], None, set()
    for index, entry in enumerate(ledger["changes"]):
        body, signature = unpacked(entry)
        try:
            refuse_if(body in bodies, "twice")
            values = verify("key-change", keys[-1], body, signature)
            refuse_if(last is not None and values["number"] != last + 1, "number")
        except Refused as refused:
            raise Bad(f"{place}.changes[{index}]", refused) from None
        last = values["number"]
        bodies.add(body)
        keys.append(values["new"])
    return keys


def judge_ledger(ledger, chains, place):
    keys = keys_of(ledger, place)
    last = 0
    for index, entry in enumerate(ledger["policies"]):
        try:
            values = policy_of(entry, keys)
            refuse_if(values["number"] <= last, "number")
        except Refused as refused:
            raise Bad(f"{place}.policies[{index}]", refused) from None
        last = values["number"]
    device = bytes.fromhex(ledger["device"])
    ours = {chain.chain: chain for chain in chains if chain.key == device}
    start = bytes.fromhex(ledger["start"]["chain"])
    sequence, awarded = int(ledger["start"]["sequence"]), int(ledger["start"]["awarded"])
    first = ours.get(start)
    if first and sequence > len(first.bodies):
        raise Bad(f"{place}.start", "the chain ends before it")
    before = first.total(sequence) if first else 0
    sums = {"before": max(before - awarded, 0), "answered": awarded, "credited": 0, "waiting": 0,
            "unanswered": 0}
    ends = {}
    for index, entry in enumerate(ledger["chains"]):
        here = f"{place}.chains[{index}]"
        name = bytes.fromhex(entry["chain"])
        if name in ends:
            raise Bad(here, "this chain is there twice")
        begin = {"device": device, "chain": name, "sequence": sequence if name == start else 0,
                 "awarded_total": awarded if name == start else 0}
        head = judge_receipts(entry, begin, keys, ours.get(name), here)
        ends[name] = head["sequence"]
        sums["credited"] += head["awarded_total"]
        if name in ours:
            total = ours[name].total
            sums["answered"] += total(head["sequence"]) - total(begin["sequence"])
    if start not in ends:
        sums["credited"] += awarded
    untold = (one for one in chains[:-1] if one.chain != start and one.chain not in ends)
    sums["before"] += sum(one.total(len(one.bodies)) for one in untold)
    if ledger["in_force"]:
        in_use = chains[-1].chain
        ends.setdefault(in_use, sequence if in_use == start else 0)
        for name, end in ends.items():
            if name in ours:
                left = ours[name].total(len(ours[name].bodies)) - ours[name].total(end)
                sums["waiting" if name == in_use else "unanswered"] += left
    return sums


def judge_receipts(entry, head, keys, chain, place):
    for index, one in enumerate(entry["receipts"]):
        body, signature = unpacked(one)
        try:
            key = body[8:40] if body[8:40] in keys else keys[-1]
            values = verify("receipt", key, body, signature)
            check_follows(values, head)
            if chain:
                refuse_if(values["sequence"] > len(chain.bodies), "report-missing")
                check_answers(values, chain.bodies[values["sequence"] - 1])
        except Refused as refused:
            raise Bad(f"{place}.receipts[{index}]", refused) from None
        head = values
    return head


def judge(file):
    """The sums of a file that holds."""
    if not fits(file, FORM):
        raise Bad("file", "it has another form")
    chains = []
    for index, entry in enumerate(file["chains"]):
        place = f"chains[{index}]"
        chain = Chain(entry, place)
        if any((one.chain, one.key) == (chain.chain, chain.key) for one in chains):
            raise Bad(place, "this chain is there twice")
        chains.append(chain)
    if not chains:
        raise Bad("chains", "there is none")
    ledgers, is_in_force = [], False
    for index, ledger in enumerate(file["ledgers"]):
        place = f"ledgers[{index}]"
        ledgers.append(judge_ledger(ledger, chains, place))
        if ledger["in_force"] and is_in_force:
            raise Bad(place, "two are in force")
        is_in_force |= ledger["in_force"]
    hashed = in_order(file, FORM)
    stated = hashed.pop("sha256")
    canonical = json.dumps(hashed, separators=(",", ":"), ensure_ascii=False)
    if hashlib.sha256(canonical.encode()).hexdigest() != stated:
        raise Bad("sha256", "it is another one")
    claimed = chains[-1].total(len(chains[-1].bodies))
    ledgers = [{name: str(sums[name]) for name in sums} for sums in ledgers]
    return {"claimed": str(claimed), "ledgers": ledgers}


def verdict(file):
    try:
        return judge(file)
    except Bad as bad:
        return {"place": bad.place, "why": str(bad)}


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["--json"]:
            verdicts = [verdict(file) for file in json.load(sys.stdin)]
        else:
            verdicts = [verdict(parse(pathlib.Path(sys.argv[1]).read_bytes()))]
    except Bad as bad:
        verdicts = [{"place": bad.place, "why": str(bad)}]
    print(json.dumps(verdicts, indent=2))
    sys.exit(any("place" in one for one in verdicts))
