//! Chosen by how it is started: a browser's arguments make a bridge, everything else is a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    match onionmeter::start::Start::from_args(std::env::args_os().skip(1)) {
        onionmeter::start::Start::Bridge(caller) => onionmeter::bridge::run(&caller),
        onionmeter::start::Start::Command => onionmeter::cli::run(),
    }
}
