//! The JSON between a ledger and its clients. `docs/spec/ledger-http.md` describes it in words.
//!
//! A request is read strictly, like a request to the daemon: unknown fields, wrong types, repeated
//! keys and other spellings are errors. In an answer a client ignores fields that it does not know,
//! so that a host works with a newer ledger; what counts in an answer is signed anyway.

mod account;
mod code;
mod enrol;
mod info;
mod parse;
mod signed;
mod submit;

pub use account::{
    Balance, ChainAnswer, ChainStands, Deleted, DeviceInfo, Devices, Invited, Login, PolicyInfo,
    Recovery, Removed, SessionInfo, SessionsPage, SessionsQuery,
};
pub use code::{LedgerCode, LedgerError, LedgerProblem};
pub use enrol::{Enrol, Enrolled};
pub use info::{Challenge, Healthy, KeyEntry, LedgerInfo};
pub use parse::{LedgerParseError, parse, read_answer, write_request};
pub use signed::{WireSigned, WireSignedError};
pub use submit::{Answer, Answers, Batch, Outcome, Submit, Submitted};

/// Most reports of one batch.
pub const BATCH_MAX: usize = 100;

/// Bytes of a report or receipt as it is stored and as a batch of records holds it: the body, then
/// the signature.
pub const RECORD_BYTES: usize = 264;

/// Most sessions of one page.
pub const SESSIONS_PAGE_MAX: u16 = 100;

/// The media type of a batch as records.
pub const RECORDS_MEDIA_TYPE: &str = "application/octet-stream";
