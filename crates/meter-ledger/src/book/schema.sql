-- Format 1 of the book. Read back word for word at every start: a change is a new format.

-- Which chain this book holds; written once.
CREATE TABLE chain (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    chain_id BLOB NOT NULL CHECK (length(chain_id) = 16),
    device_key BLOB NOT NULL CHECK (length(device_key) = 32)
) STRICT;

-- Body and signature of each report, as docs/spec/session-report.md stores them. The number in the
-- body is the row's own, so that no report can be there twice.
CREATE TABLE reports (
    sequence INTEGER PRIMARY KEY CHECK (sequence >= 1),
    signed BLOB NOT NULL CHECK (length(signed) = 264),
    CHECK (hex(substr(signed, 57, 8)) = printf('%016X', sequence))
) STRICT;

-- Nanocredits. What a report adds to 'credits' it takes from what was issued: its sum is 0.
CREATE TABLE postings (
    account TEXT NOT NULL CHECK (account IN ('credits', 'issued:time', 'issued:bytes')),
    report INTEGER NOT NULL REFERENCES reports (sequence),
    amount INTEGER NOT NULL CHECK (iif(account = 'credits', amount >= 0, amount <= 0)),
    PRIMARY KEY (account, report)
) STRICT, WITHOUT ROWID;

-- The session in progress: at most one row, the only one that is ever replaced.
CREATE TABLE open_session (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    started_at_ms INTEGER NOT NULL CHECK (started_at_ms >= 0),
    seen_at_ms INTEGER NOT NULL CHECK (seen_at_ms >= started_at_ms),
    duration_ms INTEGER NOT NULL CHECK (duration_ms >= 0),
    bytes_up INTEGER NOT NULL CHECK (bytes_up >= 0),
    bytes_down INTEGER NOT NULL CHECK (bytes_down >= 0),
    resumed INTEGER NOT NULL CHECK (resumed IN (0, 1))
) STRICT;

-- INSERT OR REPLACE deletes without asking a DELETE trigger, so the inserts are guarded too.
CREATE TRIGGER chain_is_written_once BEFORE INSERT ON chain
WHEN EXISTS (SELECT 1 FROM chain)
BEGIN SELECT RAISE(ABORT, 'the chain is written once'); END;

CREATE TRIGGER chain_is_never_changed BEFORE UPDATE ON chain
BEGIN SELECT RAISE(ABORT, 'the chain is never changed'); END;

CREATE TRIGGER chain_is_never_removed BEFORE DELETE ON chain
BEGIN SELECT RAISE(ABORT, 'the chain is never removed'); END;

CREATE TRIGGER reports_are_appended_in_order BEFORE INSERT ON reports
WHEN NEW.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM reports)
    OR substr(NEW.signed, 9, 16) IS NOT (SELECT chain_id FROM chain)
    OR substr(NEW.signed, 25, 32) IS NOT (SELECT device_key FROM chain)
BEGIN SELECT RAISE(ABORT, 'reports are appended, in order, to their own chain'); END;

CREATE TRIGGER reports_are_never_changed BEFORE UPDATE ON reports
BEGIN SELECT RAISE(ABORT, 'reports are never changed'); END;

CREATE TRIGGER reports_are_never_removed BEFORE DELETE ON reports
BEGIN SELECT RAISE(ABORT, 'reports are never removed'); END;

CREATE TRIGGER postings_belong_to_the_last_report BEFORE INSERT ON postings
WHEN NEW.report IS NOT (SELECT max(sequence) FROM reports)
    OR EXISTS (SELECT 1 FROM postings WHERE account = NEW.account AND report = NEW.report)
BEGIN SELECT RAISE(ABORT, 'postings are appended once, with their report'); END;

CREATE TRIGGER postings_are_never_changed BEFORE UPDATE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are never changed'); END;

CREATE TRIGGER postings_are_never_removed BEFORE DELETE ON postings
BEGIN SELECT RAISE(ABORT, 'postings are never removed'); END;
