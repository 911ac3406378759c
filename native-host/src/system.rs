//! What differs between operating systems, each behind a small interface.

pub(crate) mod mounts;
pub(crate) mod network;
