//! Real daemons and a real ledger on loopback, without Tor: what is sent survives every kill, every
//! cut, every change of the ledger's key.

#[cfg(test)]
mod account;
#[cfg(test)]
mod at_rest;
#[cfg(test)]
mod clocks;
#[cfg(test)]
mod cuts;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod place;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod receipts_file;
#[cfg(test)]
mod restored;
