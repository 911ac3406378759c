-- Format 1 of the receipts. Read back word for word at every start: a change is a new format.

-- Accounts that this device was enrolled in. Whoever comes back to one gets no second row.
CREATE TABLE memberships (
    number INTEGER PRIMARY KEY CHECK (number >= 1),
    ledger_key BLOB NOT NULL CHECK (length(ledger_key) = 32),
    account BLOB NOT NULL CHECK (length(account) = 16),
    device_key BLOB NOT NULL CHECK (length(device_key) = 32),
    -- Where the device's chain stood: the ledger answers what follows.
    chain BLOB NOT NULL CHECK (length(chain) = 16),
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    link BLOB NOT NULL CHECK (length(link) = 32),
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    bytes_up INTEGER NOT NULL CHECK (bytes_up >= 0),
    bytes_down INTEGER NOT NULL CHECK (bytes_down >= 0),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    awarded INTEGER NOT NULL CHECK (awarded >= 0)
) STRICT;

-- From an enrolment to the time at which the device left; only the last one can be without an end.
CREATE TABLE stays (
    number INTEGER PRIMARY KEY CHECK (number >= 1),
    membership INTEGER NOT NULL REFERENCES memberships (number),
    address TEXT NOT NULL CHECK (length(address) BETWEEN 1 AND 255),
    device_name TEXT NOT NULL CHECK (length(device_name) <= 255),
    joined_at_ms INTEGER NOT NULL CHECK (joined_at_ms >= 0)
) STRICT;

CREATE TABLE departures (
    stay INTEGER PRIMARY KEY REFERENCES stays (number),
    left_at_ms INTEGER NOT NULL CHECK (left_at_ms >= 0)
) STRICT;

-- Body and signature, as docs/spec/policy.md and docs/spec/receipt.md define them.
CREATE TABLE policies (
    membership INTEGER NOT NULL REFERENCES memberships (number),
    number INTEGER NOT NULL CHECK (number >= 1),
    signed BLOB NOT NULL CHECK (length(signed) = 192),
    PRIMARY KEY (membership, number),
    CHECK (hex(substr(signed, 41, 4)) = printf('%08X', number))
) STRICT, WITHOUT ROWID;

CREATE TABLE key_changes (
    membership INTEGER NOT NULL REFERENCES memberships (number),
    number INTEGER NOT NULL CHECK (number >= 2),
    signed BLOB NOT NULL CHECK (length(signed) = 152),
    PRIMARY KEY (membership, number),
    CHECK (hex(substr(signed, 73, 4)) = printf('%08X', number))
) STRICT, WITHOUT ROWID;

-- Chains whose receipts are here, and what they begin with: the place of enrolment, or nothing.
CREATE TABLE chains (
    number INTEGER PRIMARY KEY CHECK (number >= 1),
    membership INTEGER NOT NULL REFERENCES memberships (number),
    chain BLOB NOT NULL CHECK (length(chain) = 16),
    start INTEGER NOT NULL CHECK (start >= 0),
    awarded INTEGER NOT NULL CHECK (awarded >= 0),
    UNIQUE (membership, chain)
) STRICT;

-- Body and signature of each receipt. Nanocredits: what its report claims, what it awards, and the
-- sums of both since the chain's start.
CREATE TABLE receipts (
    chain INTEGER NOT NULL REFERENCES chains (number),
    sequence INTEGER NOT NULL CHECK (sequence >= 1),
    signed BLOB NOT NULL CHECK (length(signed) = 264),
    reasons INTEGER NOT NULL,
    claimed INTEGER NOT NULL CHECK (claimed >= amount),
    claimed_total INTEGER NOT NULL CHECK (claimed_total >= claimed),
    amount INTEGER NOT NULL CHECK (amount >= 0),
    awarded_total INTEGER NOT NULL CHECK (awarded_total >= amount),
    PRIMARY KEY (chain, sequence),
    CHECK (hex(substr(signed, 7, 2)) = printf('%04X', reasons)),
    CHECK (hex(substr(signed, 89, 8)) = printf('%016X', sequence)),
    CHECK (hex(substr(signed, 153, 8)) = printf('%016X', amount)),
    CHECK (hex(substr(signed, 161, 8)) = printf('%016X', awarded_total))
) STRICT, WITHOUT ROWID;

-- Only what was lowered: the sums over it are asked for at every status.
CREATE INDEX receipts_lowered ON receipts (chain, reasons, claimed, amount) WHERE reasons <> 0;

-- Chains that take no more reports. What they claim without an answer stays unanswered.
CREATE TABLE ends (
    chain INTEGER PRIMARY KEY REFERENCES chains (number),
    sequence INTEGER NOT NULL CHECK (sequence >= 0),
    claimed_total INTEGER NOT NULL CHECK (claimed_total >= 0),
    why TEXT NOT NULL CHECK (why IN ('frozen', 'ahead', 'split', 'forgotten', 'chosen')),
    ended_at_ms INTEGER NOT NULL CHECK (ended_at_ms >= 0)
) STRICT;

-- What a ledger signed or sent that contradicts what is here, byte for byte.
CREATE TABLE contradictions (
    number INTEGER PRIMARY KEY CHECK (number BETWEEN 1 AND 100),
    membership INTEGER NOT NULL REFERENCES memberships (number),
    kind TEXT NOT NULL CHECK (
        kind IN ('signature', 'other_report', 'rule', 'order', 'second', 'total', 'key')
    ),
    evidence BLOB NOT NULL CHECK (length(evidence) BETWEEN 1 AND 4096),
    noticed_at_ms INTEGER NOT NULL CHECK (noticed_at_ms >= 0),
    UNIQUE (membership, kind, evidence)
) STRICT;

-- INSERT OR REPLACE deletes without asking a DELETE trigger, so the inserts are guarded too.
CREATE TRIGGER memberships_are_appended BEFORE INSERT ON memberships
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM memberships)
    OR EXISTS (
        SELECT 1 FROM memberships
        WHERE ledger_key = NEW.ledger_key AND account = NEW.account AND device_key = NEW.device_key
    )
BEGIN SELECT RAISE(ABORT, 'memberships are appended, each once'); END;

CREATE TRIGGER stays_are_appended BEFORE INSERT ON stays
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM stays)
    OR EXISTS (SELECT 1 FROM stays WHERE number NOT IN (SELECT stay FROM departures))
BEGIN SELECT RAISE(ABORT, 'a stay begins when the one before has ended'); END;

CREATE TRIGGER departures_end_the_last_stay BEFORE INSERT ON departures
WHEN NEW.stay IS NOT (SELECT max(number) FROM stays)
    OR EXISTS (SELECT 1 FROM departures WHERE stay = NEW.stay)
BEGIN SELECT RAISE(ABORT, 'a stay ends once'); END;

CREATE TRIGGER policies_are_appended BEFORE INSERT ON policies
WHEN EXISTS (
    SELECT 1 FROM policies WHERE membership = NEW.membership AND number = NEW.number
)
BEGIN SELECT RAISE(ABORT, 'policies are appended, each once'); END;

CREATE TRIGGER key_changes_are_appended BEFORE INSERT ON key_changes
WHEN EXISTS (
    SELECT 1 FROM key_changes WHERE membership = NEW.membership AND number >= NEW.number
)
BEGIN SELECT RAISE(ABORT, 'key changes are appended, in order'); END;

CREATE TRIGGER chains_are_appended BEFORE INSERT ON chains
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM chains)
    OR EXISTS (
        SELECT 1 FROM chains WHERE membership = NEW.membership AND chain = NEW.chain
    )
BEGIN SELECT RAISE(ABORT, 'chains are appended, each once'); END;

CREATE TRIGGER receipts_are_appended_in_order BEFORE INSERT ON receipts
WHEN NEW.sequence IS NOT 1 + coalesce(
        (SELECT max(sequence) FROM receipts WHERE chain = NEW.chain),
        (SELECT start FROM chains WHERE number = NEW.chain)
    )
    OR NEW.claimed_total IS NOT NEW.claimed + coalesce(
        (SELECT claimed_total FROM receipts WHERE chain = NEW.chain
            ORDER BY sequence DESC LIMIT 1),
        0
    )
    OR NEW.awarded_total IS NOT NEW.amount + coalesce(
        (SELECT awarded_total FROM receipts WHERE chain = NEW.chain
            ORDER BY sequence DESC LIMIT 1),
        (SELECT awarded FROM chains WHERE number = NEW.chain)
    )
    OR substr(NEW.signed, 73, 16) IS NOT (SELECT chain FROM chains WHERE number = NEW.chain)
    OR substr(NEW.signed, 41, 32) IS NOT (
        SELECT device_key FROM memberships
        WHERE number = (SELECT membership FROM chains WHERE number = NEW.chain)
    )
    OR EXISTS (SELECT 1 FROM ends WHERE chain = NEW.chain)
BEGIN SELECT RAISE(ABORT, 'receipts are appended, in order, to their own chain'); END;

CREATE TRIGGER ends_are_appended BEFORE INSERT ON ends
WHEN EXISTS (SELECT 1 FROM ends WHERE chain = NEW.chain)
BEGIN SELECT RAISE(ABORT, 'a chain ends once'); END;

CREATE TRIGGER contradictions_are_appended BEFORE INSERT ON contradictions
WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM contradictions)
    OR EXISTS (
        SELECT 1 FROM contradictions
        WHERE membership = NEW.membership AND kind = NEW.kind AND evidence = NEW.evidence
    )
BEGIN SELECT RAISE(ABORT, 'contradictions are appended, each once'); END;

CREATE TRIGGER memberships_are_never_changed BEFORE UPDATE ON memberships
BEGIN SELECT RAISE(ABORT, 'memberships are never changed'); END;

CREATE TRIGGER memberships_are_never_removed BEFORE DELETE ON memberships
BEGIN SELECT RAISE(ABORT, 'memberships are never removed'); END;

CREATE TRIGGER stays_are_never_changed BEFORE UPDATE ON stays
BEGIN SELECT RAISE(ABORT, 'stays are never changed'); END;

CREATE TRIGGER stays_are_never_removed BEFORE DELETE ON stays
BEGIN SELECT RAISE(ABORT, 'stays are never removed'); END;

CREATE TRIGGER departures_are_never_changed BEFORE UPDATE ON departures
BEGIN SELECT RAISE(ABORT, 'departures are never changed'); END;

CREATE TRIGGER departures_are_never_removed BEFORE DELETE ON departures
BEGIN SELECT RAISE(ABORT, 'departures are never removed'); END;

CREATE TRIGGER policies_are_never_changed BEFORE UPDATE ON policies
BEGIN SELECT RAISE(ABORT, 'policies are never changed'); END;

CREATE TRIGGER policies_are_never_removed BEFORE DELETE ON policies
BEGIN SELECT RAISE(ABORT, 'policies are never removed'); END;

CREATE TRIGGER key_changes_are_never_changed BEFORE UPDATE ON key_changes
BEGIN SELECT RAISE(ABORT, 'key changes are never changed'); END;

CREATE TRIGGER key_changes_are_never_removed BEFORE DELETE ON key_changes
BEGIN SELECT RAISE(ABORT, 'key changes are never removed'); END;

CREATE TRIGGER chains_are_never_changed BEFORE UPDATE ON chains
BEGIN SELECT RAISE(ABORT, 'chains are never changed'); END;

CREATE TRIGGER chains_are_never_removed BEFORE DELETE ON chains
BEGIN SELECT RAISE(ABORT, 'chains are never removed'); END;

CREATE TRIGGER receipts_are_never_changed BEFORE UPDATE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are never changed'); END;

CREATE TRIGGER receipts_are_never_removed BEFORE DELETE ON receipts
BEGIN SELECT RAISE(ABORT, 'receipts are never removed'); END;

CREATE TRIGGER ends_are_never_changed BEFORE UPDATE ON ends
BEGIN SELECT RAISE(ABORT, 'ends are never changed'); END;

CREATE TRIGGER ends_are_never_removed BEFORE DELETE ON ends
BEGIN SELECT RAISE(ABORT, 'ends are never removed'); END;

CREATE TRIGGER contradictions_are_never_changed BEFORE UPDATE ON contradictions
BEGIN SELECT RAISE(ABORT, 'contradictions are never changed'); END;

CREATE TRIGGER contradictions_are_never_removed BEFORE DELETE ON contradictions
BEGIN SELECT RAISE(ABORT, 'contradictions are never removed'); END;
