//! The listener and the checks around every route, over real sockets.

mod client;
mod requests;
mod running;
mod slow;
