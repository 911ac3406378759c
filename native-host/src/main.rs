//! The arguments decide: a browser's arguments start a bridge, `daemon` alone the daemon, and
//! everything else is a command.

use std::process::ExitCode;

fn main() -> ExitCode {
    match onionmeter_host::start::Start::from_args(std::env::args_os().skip(1)) {
        onionmeter_host::start::Start::Bridge(caller) => onionmeter_host::bridge::run(&caller),
        onionmeter_host::start::Start::Daemon => onionmeter_host::cli::run_daemon(),
        #[cfg(feature = "embedded-tor")]
        onionmeter_host::start::Start::EmbeddedTor => onionmeter_host::cli::run_embedded_tor(),
        onionmeter_host::start::Start::Command => onionmeter_host::cli::run(),
    }
}
