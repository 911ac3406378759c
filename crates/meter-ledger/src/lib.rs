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

mod audit;
mod beside;
mod book;
mod error;
mod fault;
mod file;
mod file_error;
mod file_kind;
mod opened;
mod place;
mod posting;
mod reading;
mod receipts;
mod rows;
mod schema;

pub use audit::Audit;
pub use book::{Book, Posted};
pub use error::{BookError, BookFault};
pub use fault::DiskFault;
pub use file_error::{Bug, FileError, FileFault};
pub use file_kind::FileKind;
pub use place::{Place, place_new};
pub use receipts::{
    Added, Contradiction, LoweredSum, Member, Membership, Receipts, ReceiptsAudit, ReceiptsError,
    ReceiptsFault, Sums, Waiting,
};
