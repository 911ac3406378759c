//! The answer of `status`, once and at each change.

use super::words::{describe, state};
use crate::{
    cli::{exit, output::Answer},
    home::Home,
};
use meter_wire::Status;

/// The whole answer. `notes` are about mistakes in `config.toml`, which matter at the next start,
/// and about versions.
pub(super) fn answer(status: Option<&Status>, home: &Home, notes: &str) -> Answer {
    match status {
        Some(status) => Answer::new(state(status), describe(status, home) + notes).with_all(status),
        None => {
            let text = "The daemon is not running. The browser starts it, or `onionmeter up`.\n";
            Answer::new("not_running", text.to_owned() + notes).exit(exit::NOT_RUNNING)
        }
    }
}
