//! Bodies of the host's own HTTP server (`onionmeter serve`): `docs/spec/http-face.md`.
//!
//! Names are in camel case here, because programs in JavaScript read them. A number of 64 bits
//! stands there twice: as a string, and as a plain number where JSON's numbers can hold it.

mod code;
mod login;
mod plain_number;
mod sessions;
mod thresholds;
mod tor;

pub use code::{EitherCode, FaceCode, FaceError, FaceProblem};
pub use login::{Login, LoginReply};
pub use plain_number::PlainNumber;
pub use sessions::{
    Balance, LedgerBalance, PolicyOfLedger, Sessions, SessionsQuery, SignedSession,
};
pub use thresholds::{FieldError, ThresholdsChange, ThresholdsNow};
pub use tor::{
    Activity, ActivityMinute, ActivityQuery, Done, MonitoringStats, RelayNow, TorNow,
    TrafficConfig, TrafficStats,
};
