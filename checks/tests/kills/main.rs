//! Every part of the product is killed while pages ask for other pages, in browsers with their own
//! defaults and in a network in which everything that is not loopback is counted. Nothing goes past
//! Tor, and nothing is lost or counted twice.
//!
//! `ONIONMETER_KILLS` is how many times each part is killed.

#[cfg(test)]
mod by_default;
