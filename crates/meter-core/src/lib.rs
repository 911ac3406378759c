//! Units, tariff, session batcher and signed session reports; pure: no I/O, no clock, no float.

mod upstream;

pub use upstream::Upstream;
