//! The listener, the checks around every route, and the routes, over real sockets and with a real
//! ledger.

mod canary;
mod chains;
mod client;
mod crowd;
mod described;
mod openings;
mod owner;
mod reports;
mod requests;
mod running;
mod signatures;
mod slow;
mod tls;
