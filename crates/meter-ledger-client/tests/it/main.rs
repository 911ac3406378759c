//! The client against real sockets: a server that answers as a ledger does, and servers that do
//! everything else.

mod exchanges;
mod hostile;
mod server;
