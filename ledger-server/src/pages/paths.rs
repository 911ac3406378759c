//! The addresses of the pages. Templates and routes both take them from here.

use meter_core::ChainId;

/// The overview of the account; a page about the ledger while nobody is signed in.
pub const OVERVIEW: &str = "/";
/// The list of sessions, newest first; `?before=CURSOR` continues it.
pub const SESSIONS: &str = "/sessions";
/// The same list, whole, as CSV.
pub const SESSIONS_CSV: &str = "/sessions.csv";
/// The account's devices.
pub const DEVICES: &str = "/devices";
/// Recovery, invitation, sign-ins, export and deletion.
pub const ACCOUNT: &str = "/account";
/// What this ledger credits; open to everybody.
pub const POLICY: &str = "/policy";
/// The operator's view.
pub const OPERATOR: &str = "/operator";
/// Below it stand the links that a device asks for.
pub const LOGIN: &str = "/login";
/// POST: ends this sign-in.
pub const LOGOUT: &str = "/logout";
/// Where a browser is after it signed out.
pub const SIGNED_OUT: &str = "/signed-out";
/// POST: makes a new recovery code.
pub const RECOVERY: &str = "/account/recovery";
/// POST: makes an invitation.
pub const INVITE: &str = "/account/invite";
/// POST: ends every other sign-in.
pub const SIGN_OUT_OTHERS: &str = "/account/sign-out-others";
/// GET: everything that the ledger keeps about the account, in one file.
pub const ACCOUNT_EXPORT: &str = "/api/account/export";
/// POST with `sure=yes`: deletes the account.
pub const ACCOUNT_DELETE: &str = "/account/delete";

/// The sign-in page of a link. GET has no effect; POST signs in.
#[must_use]
pub fn login(token: &str) -> String {
    format!("{LOGIN}/{token}")
}

/// GET: the 264 bytes of a signed receipt.
#[must_use]
pub fn receipt(chain: ChainId, sequence: u64) -> String {
    format!("{SESSIONS}/{}-{sequence}/receipt", hex::encode(chain.0))
}

/// POST with `sure=yes`: removes a device. `key` is the device's public key in lower-case
/// hexadecimal.
#[must_use]
pub fn device_remove(key: &str) -> String {
    format!("{DEVICES}/{key}/remove")
}

/// The sessions older than a cursor.
#[must_use]
pub fn sessions_before(cursor: &str) -> String {
    format!("{SESSIONS}?before={cursor}")
}
