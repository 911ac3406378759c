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

mod account;
mod answered;
mod backend;
mod chain;
mod chain_state;
mod enrolment;
mod format;
mod hash;
mod key;
mod key_change;
mod kind;
mod layout;
mod ledger_keys;
mod named;
mod paying;
mod policy;
mod receipt;
mod report;
mod request;
mod session;
mod signed;
mod signer;
mod tariff;
mod thresholds;
mod tor_addr;
mod units;
mod vkey;
mod witness;

pub use account::{AccountId, CodeHash};
pub use answered::{Answered, AnsweredReport, ChainEnd, ContradictionKind};
pub use backend::Backend;
pub use chain::{ChainError, ChainHead};
pub use chain_state::{CHAIN_STATE_BODY_BYTES, ChainCondition, ChainState, ChainStateError};
pub use enrolment::{Challenge, ENROLMENT_BODY_BYTES, Enrolment, EnrolmentError};
pub use format::{Decimals, badge_credits, credits_exact, credits_short, credits_to};
pub use key::{DeviceKey, LedgerKey, PublicKey};
pub use key_change::{KEY_CHANGE_BODY_BYTES, KeyChange, KeyChangeError};
pub use kind::SignedKind;
pub use layout::FormError;
pub use ledger_keys::{KeyChainError, LedgerKeys};
pub use paying::{Allowance, Budgets, Claim, Grant};
pub use policy::{EnrolmentRule, POLICY_BODY_BYTES, Policy, PolicyError, PolicyNumber};
pub use receipt::{
    AnswerError, RECEIPT_BODY_BYTES, Reason, Reasons, Receipt, ReceiptChainError, ReceiptError,
    ReceiptHead,
};
pub use report::{
    BodyError, ChainId, LinkHash, ReportId, RunningTotals, SESSION_REPORT_BODY_BYTES, SessionReport,
};
pub use request::{
    BodyHash, LEDGER_REQUEST_BODY_BYTES, LedgerRequest, LedgerRequestError, RequestMethod,
    TargetHash,
};
pub use session::{Moved, OpenSession, SessionBatcher, SessionTotals, Tick};
pub use signed::{
    CheckedKey, SIGNATURE_BYTES, Signable, Signed, UnusableKey, Verified, VerifyError, pae,
};
pub use signer::{DeviceSigner, LedgerSigner, Signer};
pub use tariff::{AmountOverflow, Award, Tariff, TariffId};
pub use thresholds::{ThresholdError, Thresholds};
pub use tor_addr::TorAddr;
pub use units::{Amount, ByteCount, DurationMs, MonotonicMs, UnixMs};
pub use vkey::{Vkey, VkeyError};
pub use witness::WitnessName;
