//! Browsers with their own defaults in a network whose outside counts everything that is not
//! loopback.
//!
//! What a browser lets out here it would let out around Tor. Each claim that nothing leaves has a
//! control beside it in which something does, so that it can fail.

#[cfg(test)]
mod by_default;
