//! The evidence of a device in one file (`docs/spec/export.md`): reports, receipts, keys, policies.
//!
//! Only commands use this part.

mod check;
mod collecting;
mod error;
mod file;

pub(crate) use check::{Proven, ProvenLedger};
pub(crate) use collecting::{CollectError, collect};
pub(crate) use file::{FORMATS, parse};
