//! The ledger server.

use std::process::ExitCode;

fn main() -> ExitCode {
    onionmeter_ledger::cli::run()
}
