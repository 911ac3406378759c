//! The program as browsers, terminals and scripts meet it: real processes, real sockets.

mod attach;
mod command_line;
mod detour;
mod frames;
mod relay;
mod strangers;
mod support;
mod tor_choice;
