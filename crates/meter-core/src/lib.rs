#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::float_arithmetic,
        clippy::indexing_slicing,
        clippy::iter_over_hash_type
    )
)]

mod backend;
mod chain;
mod format;
mod key;
mod kind;
mod report;
mod session;
mod signed;
mod signer;
mod tariff;
mod thresholds;
mod tor_addr;
mod units;
mod witness;

pub use backend::Backend;
pub use chain::{ChainError, ChainHead};
pub use format::{badge_credits, credits_exact, credits_short};
pub use key::{DeviceKey, PublicKey};
pub use kind::SignedKind;
pub use report::{
    BodyError, ChainId, LinkHash, ReportId, RunningTotals, SESSION_REPORT_BODY_BYTES, SessionReport,
};
pub use session::{Moved, OpenSession, SessionBatcher, SessionTotals, Tick};
pub use signed::{SIGNATURE_BYTES, Signable, Signed, Verified, VerifyError, pae};
pub use signer::{DeviceSigner, Signer};
pub use tariff::{AmountOverflow, Award, Tariff, TariffId};
pub use thresholds::{ThresholdError, Thresholds};
pub use tor_addr::TorAddr;
pub use units::{Amount, ByteCount, DurationMs, MonotonicMs, UnixMs};
pub use witness::WitnessName;
