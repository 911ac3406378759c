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

mod batch;
mod judging;
mod message;
mod outbox;
mod pace;

pub use batch::{BATCH_MAX, Batch, BatchError, Plan};
pub use message::{Act, Answer, Seen, SendError, SendingState, Stop};
pub use outbox::{Outbox, Start};
