//! Every statement, in one place: [`ALL`] is prepared at start and in a test, on both databases.
//!
//! Parameters are numbered in the order in which they first appear, because SQLite counts them so.

macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $sql:literal;)+) => {
        $($(#[$doc])* pub const $name: &str = $sql;)+

        /// Every statement.
        pub const ALL: &[&str] = &[$($name),+];
    };
}

statements! {
    /// The version of the tables.
    VERSION = "SELECT version FROM ledger WHERE id = 1";
    /// Writes that version.
    MARK = "INSERT INTO ledger (id, version, made_ms) VALUES (1, $1, $2)";
    /// The newest policy.
    POLICY = "SELECT number, signed FROM policies ORDER BY number DESC LIMIT 1";
    /// Every policy.
    POLICIES = "SELECT number, signed FROM policies ORDER BY number";
    /// Adds a policy, once.
    ADD_POLICY = "INSERT INTO policies (number, signed) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    /// Every receipt key, the newest last.
    KEYS = "SELECT number, key, change FROM keys ORDER BY number";
    /// Adds a receipt key, once.
    ADD_KEY = "INSERT INTO keys (number, key, change) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";

    /// A device. Its account changes only when that account is deleted and the device is enrolled
    /// again.
    DEVICE = "SELECT account_id, name, enrolled_ms, revoked_ms FROM devices WHERE device_key = $1";
    /// The devices of an account, in the order in which they came.
    DEVICES = "SELECT device_key, name, enrolled_ms, revoked_ms FROM devices \
        WHERE account_id = $1 ORDER BY enrolled_ms, device_key";
    /// Adds a device, once.
    ADD_DEVICE = "INSERT INTO devices (device_key, account_id, name, enrolled_ms, enrolment) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    /// Sets right when a device was enrolled.
    SET_ENROLLED = "UPDATE devices SET enrolled_ms = $1 WHERE device_key = $2";
    /// Keeps the hash of the key of a deleted account.
    BURY_DEVICE = "INSERT INTO deleted_devices (hash) VALUES ($1) ON CONFLICT DO NOTHING";
    /// Whether a key is one of those.
    BURIED_DEVICE = "SELECT hash FROM deleted_devices WHERE hash = $1";
    /// Revokes one device of an account.
    REVOKE_DEVICE = "UPDATE devices SET revoked_ms = $1 \
        WHERE device_key = $2 AND account_id = $3 AND revoked_ms IS NULL";
    /// Revokes every device of an account.
    REVOKE_DEVICES = "UPDATE devices SET revoked_ms = $1 \
        WHERE account_id = $2 AND revoked_ms IS NULL";
    /// An account.
    ACCOUNT = "SELECT state, created_ms, time_paid_to_ms, bytes_paid_to_ms, era FROM accounts \
        WHERE account_id = $1";
    /// Adds an account.
    ADD_ACCOUNT = "INSERT INTO accounts \
        (account_id, state, created_ms, time_paid_to_ms, bytes_paid_to_ms, era, recovery_hash) \
        VALUES ($1, 1, $2, $3, $4, 0, $5)";
    /// The account of a recovery code.
    ACCOUNT_OF_RECOVERY = "SELECT account_id FROM accounts WHERE recovery_hash = $1 AND state = 1";
    /// Replaces the recovery code.
    SET_RECOVERY = "UPDATE accounts SET recovery_hash = $1 WHERE account_id = $2";
    /// Moves the budgets of an account.
    SET_BUDGETS = "UPDATE accounts SET time_paid_to_ms = $1, bytes_paid_to_ms = $2, \
        created_ms = $3, era = $4 WHERE account_id = $5";

    /// A chain of a device.
    CHAIN = "SELECT chain_no, state, start_seq, began_ms, seq, link, total_ms, total_up, \
        total_down, total_amount, awarded_ms, awarded_bytes, awarded_total FROM chains \
        WHERE device_key = $1 AND chain_id = $2";
    /// How many chains of a device began after a time.
    CHAINS_OF_THE_DAY = "SELECT COUNT(*) FROM chains WHERE device_key = $1 AND began_ms > $2 \
        AND began_ms < $3";
    /// Adds a chain and returns its number.
    ADD_CHAIN = "INSERT INTO chains (device_key, chain_id, account_id, state, start_seq, began_ms, \
        seq, link, total_ms, total_up, total_down, total_amount, awarded_ms, awarded_bytes, \
        awarded_total) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) \
        RETURNING chain_no";
    /// Moves a chain on, from exactly the place where it was read.
    MOVE_CHAIN = "UPDATE chains SET state = $1, seq = $2, link = $3, total_ms = $4, total_up = $5, \
        total_down = $6, total_amount = $7, awarded_ms = $8, awarded_bytes = $9, \
        awarded_total = $10 WHERE chain_no = $11 AND seq = $12";
    /// A report by its place.
    REPORT = "SELECT report_link, receipt FROM reports WHERE chain_no = $1 AND seq = $2";
    /// What is stored at a place, found by the names that a report carries.
    STORED = "SELECT r.report_link, r.signed, r.receipt FROM reports r \
        JOIN chains c ON c.chain_no = r.chain_no \
        WHERE c.device_key = $1 AND c.chain_id = $2 AND r.seq = $3";
    /// Whether a device is enrolled, and what is stored at a place of its chain.
    SEEN = "SELECT r.signed, r.receipt FROM devices d \
        LEFT JOIN chains c ON c.device_key = d.device_key AND c.chain_id = $1 \
        LEFT JOIN reports r ON r.chain_no = c.chain_no AND r.seq = $2 WHERE d.device_key = $3";
    /// Adds a report with its receipt and award. The primary key refuses a second one.
    ADD_REPORT = "INSERT INTO reports (chain_no, seq, account_id, era, ledger_ms, award_ms, \
        award_bytes, award, reasons, policy, report_link, signed, receipt) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    /// Keeps the first other body for a place that is taken.
    ADD_FORK = "INSERT INTO forks (chain_no, seq, signed, seen_ms) VALUES ($1, $2, $3, $4) \
        ON CONFLICT DO NOTHING";

    /// What an account has been credited: a sum over few rows, stored nowhere.
    CREDITED = "SELECT CAST(COALESCE(SUM(awarded_ms), 0) AS BIGINT), \
        CAST(COALESCE(SUM(awarded_bytes), 0) AS BIGINT), \
        CAST(COALESCE(SUM(awarded_total), 0) AS BIGINT) FROM chains WHERE account_id = $1";
    /// What movements add or take.
    MOVED = "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM movements WHERE account_id = $1";
    /// The chains of an account.
    CHAINS = "SELECT device_key, chain_id, state, start_seq, began_ms, seq, awarded_ms, \
        awarded_bytes, awarded_total FROM chains WHERE account_id = $1 ORDER BY chain_no";
    /// A page of sessions, the newest first, after a place.
    SESSIONS = "SELECT c.device_key, c.chain_id, r.seq, r.chain_no, r.ledger_ms, r.award_ms, \
        r.award_bytes, r.award, r.reasons, r.signed, r.receipt FROM reports r \
        JOIN chains c ON c.chain_no = r.chain_no WHERE r.account_id = $1 \
        AND (r.ledger_ms, r.chain_no, r.seq) < ($2, $3, $4) \
        ORDER BY r.ledger_ms DESC, r.chain_no DESC, r.seq DESC LIMIT $5";
    /// One session of an account.
    SESSION = "SELECT c.device_key, c.chain_id, r.seq, r.chain_no, r.ledger_ms, r.award_ms, \
        r.award_bytes, r.award, r.reasons, r.signed, r.receipt FROM reports r \
        JOIN chains c ON c.chain_no = r.chain_no WHERE c.account_id = $1 \
        AND c.chain_id = $2 AND r.seq = $3 ORDER BY r.chain_no";
    /// Awards of an account for each day of the ledger's clock (UTC), from a time on.
    DAYS = "SELECT ledger_ms / 86400000, CAST(SUM(award_ms) AS BIGINT), \
        CAST(SUM(award_bytes) AS BIGINT), CAST(SUM(award) AS BIGINT), COUNT(*) FROM reports \
        WHERE account_id = $1 AND ledger_ms >= $2 GROUP BY 1 ORDER BY 1";
    /// For each chain of an account: its device, its state, how many reports were taken, and when
    /// the last one was.
    CHAIN_ENDS = "SELECT c.device_key, c.state, c.seq - c.start_seq, c.awarded_total, r.ledger_ms \
        FROM chains c LEFT JOIN reports r ON r.chain_no = c.chain_no AND r.seq = c.seq \
        WHERE c.account_id = $1 ORDER BY c.chain_no";
    /// The evidence of two histories, for each device of an account, the newest last.
    FORKS = "SELECT c.device_key, f.seq, f.seen_ms FROM forks f \
        JOIN chains c ON c.chain_no = f.chain_no WHERE c.account_id = $1 ORDER BY f.seen_ms";
    /// How many accounts there are.
    COUNT_ACCOUNTS = "SELECT COUNT(*) FROM accounts";
    /// How many devices may submit.
    COUNT_DEVICES = "SELECT COUNT(*) FROM devices WHERE revoked_ms IS NULL";
    /// How many reports were taken, what was awarded, and how many chains are frozen, over all.
    COUNT_CHAINS = "SELECT CAST(COALESCE(SUM(seq - start_seq), 0) AS BIGINT), \
        CAST(COALESCE(SUM(awarded_total), 0) AS BIGINT), \
        CAST(COALESCE(SUM(state - 1), 0) AS BIGINT) FROM chains";

    /// Uses a challenge, once.
    USE_CHALLENGE = "INSERT INTO used_challenges (challenge, expires_ms) VALUES ($1, $2) \
        ON CONFLICT DO NOTHING";
    /// Whether a challenge was used.
    USED_CHALLENGE = "SELECT expires_ms FROM used_challenges WHERE challenge = $1";
    /// Forgets challenges that are too old to be accepted anyway.
    FORGET_CHALLENGES = "DELETE FROM used_challenges WHERE expires_ms < $1";
    /// Adds an invitation.
    ADD_INVITE = "INSERT INTO invites (code_hash, account_id, created_ms, expires_ms) \
        VALUES ($1, $2, $3, $4)";
    /// An invitation that can still be used.
    INVITE = "SELECT account_id FROM invites \
        WHERE code_hash = $1 AND used_ms IS NULL AND expires_ms > $2";
    /// Uses an invitation, once.
    USE_INVITE = "UPDATE invites SET used_ms = $1 WHERE code_hash = $2 AND used_ms IS NULL \
        AND expires_ms > $1";

    /// Adds a link for signing in.
    ADD_LOGIN = "INSERT INTO logins (token_hash, account_id, device_key, words, expires_ms) \
        VALUES ($1, $2, $3, $4, $5)";
    /// A link for signing in.
    LOGIN = "SELECT account_id, device_key, words, expires_ms, used_ms FROM logins \
        WHERE token_hash = $1";
    /// Uses it, once.
    USE_LOGIN = "UPDATE logins SET used_ms = $1 WHERE token_hash = $2 AND used_ms IS NULL \
        AND expires_ms > $1";
    /// Forgets links that ended long ago.
    FORGET_LOGINS = "DELETE FROM logins WHERE expires_ms < $1";
    /// Adds the session of a browser.
    ADD_WEB_SESSION = "INSERT INTO web_sessions (token_hash, account_id, device_key, created_ms, \
        expires_ms) VALUES ($1, $2, $3, $4, $5)";
    /// A session that has not ended.
    WEB_SESSION = "SELECT account_id, expires_ms FROM web_sessions \
        WHERE token_hash = $1 AND expires_ms > $2";
    /// Ends a session.
    END_WEB_SESSION = "DELETE FROM web_sessions WHERE token_hash = $1";
    /// The browsers that are signed in to an account, the newest first.
    WEB_SESSIONS = "SELECT token_hash, created_ms, expires_ms FROM web_sessions \
        WHERE account_id = $1 AND expires_ms > $2 ORDER BY created_ms DESC";
    /// Ends every session of an account but one.
    END_OTHER_WEB_SESSIONS = "DELETE FROM web_sessions WHERE account_id = $1 AND token_hash <> $2";
    /// Ends every session of a browser that a device signed in.
    END_DEVICE_WEB_SESSIONS = "DELETE FROM web_sessions WHERE device_key = $1";
    /// Forgets sessions that have ended.
    FORGET_WEB_SESSIONS = "DELETE FROM web_sessions WHERE expires_ms <= $1";

    /// Deletes an account's browser sessions.
    DELETE_WEB_SESSIONS = "DELETE FROM web_sessions WHERE account_id = $1";
    /// Deletes an account's links for signing in.
    DELETE_LOGINS = "DELETE FROM logins WHERE account_id = $1";
    /// Deletes an account's invitations.
    DELETE_INVITES = "DELETE FROM invites WHERE account_id = $1";
    /// Deletes an account's movements.
    DELETE_MOVEMENTS = "DELETE FROM movements WHERE account_id = $1";
    /// Deletes an account's evidence.
    DELETE_FORKS = "DELETE FROM forks WHERE chain_no IN \
        (SELECT chain_no FROM chains WHERE account_id = $1)";
    /// Deletes an account's reports.
    DELETE_REPORTS = "DELETE FROM reports WHERE account_id = $1";
    /// Deletes an account's chains.
    DELETE_CHAINS = "DELETE FROM chains WHERE account_id = $1";
    /// Deletes an account's devices.
    DELETE_DEVICES = "DELETE FROM devices WHERE account_id = $1";
    /// Deletes an account.
    DELETE_ACCOUNT = "DELETE FROM accounts WHERE account_id = $1";

    // The operator's tools. `marks` is written by the committer.

    /// Changes a row, to see whether that can be committed. SQLite writes nothing where a row
    /// becomes what it was.
    TOUCH = "UPDATE ledger SET touched = 1 - touched WHERE id = 1";
    /// Moves the mark of a writing thread on, and returns how many receipts it has stored.
    MOVE_MARK = "INSERT INTO marks (instance, writer, receipts, at_ms) VALUES ($1, $2, $3, $4) ON \
        CONFLICT (instance, writer) DO UPDATE SET receipts = marks.receipts + excluded.receipts, \
        at_ms = excluded.at_ms RETURNING receipts";
    /// The marks of a data folder.
    MARKS = "SELECT writer, receipts, at_ms FROM marks WHERE instance = $1 ORDER BY writer";
    /// Whether any data folder has stored a receipt.
    ANY_MARK = "SELECT COUNT(*) FROM marks";
    /// A page of accounts after one, by their names.
    ACCOUNTS = "SELECT account_id, state, created_ms, time_paid_to_ms, bytes_paid_to_ms, era \
        FROM accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2";
    /// How many reports of an account are stored.
    REPORTS_OF = "SELECT COUNT(*) FROM reports WHERE account_id = $1";
    /// How many sessions of an account are stored, and what they were awarded.
    EXTENT = "SELECT COUNT(*), CAST(COALESCE(SUM(award), 0) AS BIGINT) FROM reports \
        WHERE account_id = $1";
    /// A page of the numbers of chains after one.
    CHAIN_NUMBERS = "SELECT chain_no FROM chains WHERE chain_no > $1 ORDER BY chain_no LIMIT $2";
    /// Forgets the bodies of a chain's reports that were taken before a time. Receipts stay.
    PRUNE = "UPDATE reports SET signed = NULL WHERE chain_no = $1 AND ledger_ms < $2 \
        AND signed IS NOT NULL";

    // The audit.

    /// A page of devices after one, with the statements that enrolled them.
    AUDIT_DEVICES = "SELECT device_key, account_id, enrolment FROM devices WHERE device_key > $1 \
        ORDER BY device_key LIMIT $2";
    /// The statement that enrolled a device.
    ENROLMENT = "SELECT account_id, enrolment FROM devices WHERE device_key = $1";
    /// A page of chains after one.
    AUDIT_CHAINS = "SELECT chain_no, device_key, chain_id, account_id, state, start_seq, seq, \
        link, total_ms, total_up, total_down, total_amount, awarded_ms, awarded_bytes, \
        awarded_total FROM chains WHERE chain_no > $1 ORDER BY chain_no LIMIT $2";
    /// A page of reports after one, up to a chain.
    AUDIT_REPORTS = "SELECT chain_no, seq, account_id, ledger_ms, award_ms, award_bytes, award, \
        reasons, policy, report_link, signed, receipt FROM reports \
        WHERE (chain_no, seq) > ($1, $2) AND chain_no <= $3 ORDER BY chain_no, seq LIMIT $4";
    /// A page of an account's awards of one era in the order in which they were given, after one.
    AUDIT_AWARDS = "SELECT ledger_ms, chain_no, seq, award_ms, award_bytes, policy FROM reports \
        WHERE account_id = $1 AND era = $2 AND (ledger_ms, chain_no, seq) > ($3, $4, $5) \
        ORDER BY ledger_ms, chain_no, seq LIMIT $6";
    /// The eras in which an account was awarded something.
    AUDIT_ERAS = "SELECT DISTINCT era FROM reports WHERE account_id = $1 ORDER BY era";
    /// Reports whose chain is not there.
    AUDIT_STRAY = "SELECT r.chain_no, r.seq FROM reports r LEFT JOIN chains c \
        ON c.chain_no = r.chain_no WHERE c.chain_no IS NULL ORDER BY r.chain_no, r.seq LIMIT 100";
    /// Evidence of two histories, with what is stored at its place.
    AUDIT_FORKS = "SELECT f.chain_no, f.seq, f.signed, c.device_key, c.chain_id, c.state, \
        r.report_link FROM forks f LEFT JOIN chains c ON c.chain_no = f.chain_no \
        LEFT JOIN reports r ON r.chain_no = f.chain_no AND r.seq = f.seq \
        WHERE (f.chain_no, f.seq) > ($1, $2) ORDER BY f.chain_no, f.seq LIMIT $3";
    /// Frozen chains without evidence.
    AUDIT_FROZEN = "SELECT c.chain_no FROM chains c LEFT JOIN forks f ON f.chain_no = c.chain_no \
        WHERE c.state = 2 AND f.chain_no IS NULL ORDER BY c.chain_no LIMIT 100";
    /// What all postings add up to, and what they credit.
    AUDIT_POSTINGS = "SELECT CAST(COALESCE(SUM(credited + issued), 0) AS BIGINT), \
        CAST(COALESCE(SUM(credited), 0) AS BIGINT) FROM postings";
    /// What all chains were awarded.
    AUDIT_AWARDED = "SELECT CAST(COALESCE(SUM(awarded_total), 0) AS BIGINT) FROM chains";
    /// The heads of chains after one, with the report and receipt that each should end with.
    HEADS = "SELECT c.chain_no, c.start_seq, c.seq, c.link, c.awarded_total, r.report_link, \
        r.receipt FROM chains c LEFT JOIN reports r ON r.chain_no = c.chain_no AND r.seq = c.seq \
        WHERE c.chain_no > $1 ORDER BY c.chain_no LIMIT $2";
    /// The number of the newest chain.
    LAST_CHAIN = "SELECT COALESCE(MAX(chain_no), 0) FROM chains";

    // Copying: a page of each table after a row, and its rows again. The columns that name a row
    // come first.

    /// A page of the receipt keys.
    COPY_KEY = "SELECT number, key, change FROM keys WHERE number > $1 ORDER BY number LIMIT $2";
    /// Adds such a row.
    PASTE_KEY = "INSERT INTO keys (number, key, change) VALUES ($1, $2, $3)";
    /// A page of the policies.
    COPY_POLICY_ROW = "SELECT number, signed FROM policies WHERE number > $1 ORDER BY number \
        LIMIT $2";
    /// Adds such a row.
    PASTE_POLICY_ROW = "INSERT INTO policies (number, signed) VALUES ($1, $2)";
    /// A page of the accounts.
    COPY_ACCOUNT_ROW = "SELECT account_id, state, created_ms, time_paid_to_ms, bytes_paid_to_ms, \
        era, recovery_hash FROM accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2";
    /// Adds such a row.
    PASTE_ACCOUNT_ROW = "INSERT INTO accounts (account_id, state, created_ms, time_paid_to_ms, \
        bytes_paid_to_ms, era, recovery_hash) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// A page of the devices.
    COPY_DEVICE_ROW = "SELECT device_key, account_id, name, enrolled_ms, revoked_ms, enrolment \
        FROM devices WHERE device_key > $1 ORDER BY device_key LIMIT $2";
    /// Adds such a row.
    PASTE_DEVICE_ROW = "INSERT INTO devices (device_key, account_id, name, enrolled_ms, \
        revoked_ms, enrolment) VALUES ($1, $2, $3, $4, $5, $6)";
    /// A page of the chains.
    COPY_CHAIN_ROW = "SELECT chain_no, device_key, chain_id, account_id, state, start_seq, \
        began_ms, seq, link, total_ms, total_up, total_down, total_amount, awarded_ms, \
        awarded_bytes, awarded_total FROM chains WHERE chain_no > $1 ORDER BY chain_no LIMIT $2";
    /// Adds such a row.
    PASTE_CHAIN_ROW = "INSERT INTO chains (chain_no, device_key, chain_id, account_id, state, \
        start_seq, began_ms, seq, link, total_ms, total_up, total_down, total_amount, awarded_ms, \
        awarded_bytes, awarded_total) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
        $13, $14, $15, $16)";
    /// A page of the reports.
    COPY_REPORT_ROW = "SELECT chain_no, seq, account_id, era, ledger_ms, award_ms, award_bytes, \
        award, reasons, policy, report_link, signed, receipt FROM reports WHERE (chain_no, seq) > \
        ($1, $2) ORDER BY chain_no, seq LIMIT $3";
    /// Adds such a row.
    PASTE_REPORT_ROW = "INSERT INTO reports (chain_no, seq, account_id, era, ledger_ms, award_ms, \
        award_bytes, award, reasons, policy, report_link, signed, receipt) VALUES ($1, $2, $3, \
        $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    /// A page of the movements.
    COPY_MOVEMENT_ROW = "SELECT id, account_id, kind, amount, cause, ledger_ms, receipt FROM \
        movements WHERE id > $1 ORDER BY id LIMIT $2";
    /// Adds such a row.
    PASTE_MOVEMENT_ROW = "INSERT INTO movements (id, account_id, kind, amount, cause, ledger_ms, \
        receipt) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    /// A page of the evidence.
    COPY_FORK_ROW = "SELECT chain_no, seq, signed, seen_ms FROM forks WHERE (chain_no, seq) > \
        ($1, $2) ORDER BY chain_no, seq LIMIT $3";
    /// Adds such a row.
    PASTE_FORK_ROW = "INSERT INTO forks (chain_no, seq, signed, seen_ms) VALUES ($1, $2, $3, $4)";
    /// A page of the invitations.
    COPY_INVITE_ROW = "SELECT code_hash, account_id, created_ms, expires_ms, used_ms FROM invites \
        WHERE code_hash > $1 ORDER BY code_hash LIMIT $2";
    /// Adds such a row.
    PASTE_INVITE_ROW = "INSERT INTO invites (code_hash, account_id, created_ms, expires_ms, \
        used_ms) VALUES ($1, $2, $3, $4, $5)";
    /// A page of the used challenges.
    COPY_CHALLENGE_ROW = "SELECT challenge, expires_ms FROM used_challenges WHERE challenge > $1 \
        ORDER BY challenge LIMIT $2";
    /// Adds such a row.
    PASTE_CHALLENGE_ROW = "INSERT INTO used_challenges (challenge, expires_ms) VALUES ($1, $2)";
    /// A page of the links for signing in.
    COPY_LOGIN_ROW = "SELECT token_hash, account_id, device_key, words, expires_ms, used_ms FROM \
        logins WHERE token_hash > $1 ORDER BY token_hash LIMIT $2";
    /// Adds such a row.
    PASTE_LOGIN_ROW = "INSERT INTO logins (token_hash, account_id, device_key, words, expires_ms, \
        used_ms) VALUES ($1, $2, $3, $4, $5, $6)";
    /// A page of the browser sessions.
    COPY_WEB_SESSION_ROW = "SELECT token_hash, account_id, device_key, created_ms, expires_ms \
        FROM web_sessions WHERE token_hash > $1 ORDER BY token_hash LIMIT $2";
    /// Adds such a row.
    PASTE_WEB_SESSION_ROW = "INSERT INTO web_sessions (token_hash, account_id, device_key, \
        created_ms, expires_ms) VALUES ($1, $2, $3, $4, $5)";
    /// A page of the hashes of deleted devices.
    COPY_DELETED_ROW = "SELECT hash FROM deleted_devices WHERE hash > $1 ORDER BY hash LIMIT $2";
    /// Adds such a row.
    PASTE_DELETED_ROW = "INSERT INTO deleted_devices (hash) VALUES ($1)";
    /// A page of the marks.
    COPY_MARK_ROW = "SELECT instance, writer, receipts, at_ms FROM marks WHERE (instance, writer) \
        > ($1, $2) ORDER BY instance, writer LIMIT $3";
    /// Adds such a row.
    PASTE_MARK_ROW = "INSERT INTO marks (instance, writer, receipts, at_ms) VALUES ($1, $2, $3, \
        $4)";
    /// A page of receipts after one, in the order of their places.
    COPY_RECEIPTS = "SELECT chain_no, seq, receipt FROM reports WHERE (chain_no, seq) > ($1, $2) \
        ORDER BY chain_no, seq LIMIT $3";
    /// A page of what accounts were awarded, after one.
    COPY_BALANCES = "SELECT account_id, CAST(SUM(awarded_total) AS BIGINT) FROM chains \
        WHERE account_id > $1 GROUP BY account_id ORDER BY account_id LIMIT $2";
    /// How many receipt keys and accounts there are: none in an empty database.
    COPY_IS_EMPTY = "SELECT (SELECT COUNT(*) FROM keys) + (SELECT COUNT(*) FROM accounts) \
        + (SELECT COUNT(*) FROM marks)";
}
