//! What differs between operating systems, each behind a small interface.

pub(crate) mod network;
