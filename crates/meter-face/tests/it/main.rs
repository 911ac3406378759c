//! The server over real sockets. The daemon behind it is a stand-in; `native-host/tests/it/face.rs`
//! uses the real one.

mod ask;
mod described;
mod hostile;
mod pages;
mod stand;
