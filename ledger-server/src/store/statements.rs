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

    /// A device. Its account never changes, so this may be read before the account is locked.
    DEVICE = "SELECT account_id, name, enrolled_ms, revoked_ms FROM devices WHERE device_key = $1";
    /// The devices of an account, in the order in which they came.
    DEVICES = "SELECT device_key, name, enrolled_ms, revoked_ms FROM devices \
        WHERE account_id = $1 ORDER BY enrolled_ms, device_key";
    /// Adds a device, once.
    ADD_DEVICE = "INSERT INTO devices (device_key, account_id, name, enrolled_ms, enrolment) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    /// Revokes one device.
    REVOKE_DEVICE = "UPDATE devices SET revoked_ms = $1 \
        WHERE device_key = $2 AND revoked_ms IS NULL";
    /// Revokes every device of an account.
    REVOKE_DEVICES = "UPDATE devices SET revoked_ms = $1 \
        WHERE account_id = $2 AND revoked_ms IS NULL";
    /// An account.
    ACCOUNT = "SELECT state, created_ms, time_paid_to_ms, bytes_paid_to_ms FROM accounts \
        WHERE account_id = $1";
    /// Adds an account.
    ADD_ACCOUNT = "INSERT INTO accounts \
        (account_id, state, created_ms, time_paid_to_ms, bytes_paid_to_ms, recovery_hash) \
        VALUES ($1, 1, $2, $3, $4, $5)";
    /// The account of a recovery code.
    ACCOUNT_OF_RECOVERY = "SELECT account_id FROM accounts WHERE recovery_hash = $1 AND state = 1";
    /// Replaces the recovery code.
    SET_RECOVERY = "UPDATE accounts SET recovery_hash = $1 WHERE account_id = $2";
    /// Moves the budgets of an account.
    SET_BUDGETS = "UPDATE accounts SET time_paid_to_ms = $1, bytes_paid_to_ms = $2 \
        WHERE account_id = $3";

    /// A chain of a device.
    CHAIN = "SELECT chain_no, state, start_seq, began_ms, seq, link, total_ms, total_up, \
        total_down, total_amount, awarded_ms, awarded_bytes, awarded_total FROM chains \
        WHERE device_key = $1 AND chain_id = $2";
    /// How many chains of a device began after a time.
    CHAINS_SINCE = "SELECT COUNT(*) FROM chains WHERE device_key = $1 AND began_ms > $2";
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
    /// Adds a report with its receipt and award. The primary key refuses a second one.
    ADD_REPORT = "INSERT INTO reports (chain_no, seq, account_id, ledger_ms, award_ms, \
        award_bytes, award, reasons, policy, report_link, signed, receipt) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
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

    /// Uses a challenge, once.
    USE_CHALLENGE = "INSERT INTO used_challenges (challenge, expires_ms) VALUES ($1, $2) \
        ON CONFLICT DO NOTHING";
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
    ADD_WEB_SESSION = "INSERT INTO web_sessions (token_hash, account_id, created_ms, expires_ms) \
        VALUES ($1, $2, $3, $4)";
    /// A session that has not ended.
    WEB_SESSION = "SELECT account_id, expires_ms FROM web_sessions \
        WHERE token_hash = $1 AND expires_ms > $2";
    /// Ends a session.
    END_WEB_SESSION = "DELETE FROM web_sessions WHERE token_hash = $1";
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
}
