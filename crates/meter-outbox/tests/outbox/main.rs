//! An outbox, step by step, beside a ledger that the test plays.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod contact;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod support;
