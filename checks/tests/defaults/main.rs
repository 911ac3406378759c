//! Browsers with default settings, in a network in which everything that is not loopback is
//! counted.
//!
//! What a browser sends out of this network would go past Tor. Each test that nothing leaves has a
//! control in which something does leave, so that the test can fail.

#[cfg(test)]
mod by_default;
