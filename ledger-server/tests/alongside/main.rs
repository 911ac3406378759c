//! A device's side and the ledger's side together: book, receipts and outbox as the daemon uses
//! them, and the decisions of the ledger, over any order of events.

#[cfg(test)]
mod host;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod property;
