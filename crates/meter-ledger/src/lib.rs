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
mod place;
mod posting;
mod rows;
mod schema;

pub use audit::Audit;
pub use book::{Book, Posted};
pub use error::{BookError, BookFault, Bug};
pub use fault::DiskFault;
pub use place::{Place, place_new};
