//! Real daemons and a real ledger on loopback, without Tor: what is sent survives every change of
//! the ledger's key.

#[cfg(test)]
mod keys;
#[cfg(test)]
mod place;
