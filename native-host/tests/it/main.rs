//! The program as browsers, terminals and scripts meet it: real processes, real sockets.

mod attach;
mod command_line;
mod frames;
mod relay;
mod strangers;
mod support;
