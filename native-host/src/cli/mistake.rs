//! A panic of a command ends it with an exit status and a sentence, as every other failure does.

use super::outcome::{CommandError, Outcome};
use crate::EXIT_BUG;
use std::{
    panic::{self, AssertUnwindSafe},
    sync::OnceLock,
    thread,
};

/// Where the panic was.
static PLACE: OnceLock<String> = OnceLock::new();

/// Runs a command. Of a panic in this thread, only the place is said: its message may quote data.
pub(super) fn caught(command: impl FnOnce() -> Outcome) -> Outcome {
    let (ours, others) = (thread::current().id(), panic::take_hook());
    panic::set_hook(Box::new(move |found| {
        if thread::current().id() != ours {
            return others(found);
        }
        let place = found.location().map(ToString::to_string);
        PLACE.get_or_init(|| place.unwrap_or_default());
    }));
    // What the command has left half done ends with this process.
    let outcome = panic::catch_unwind(AssertUnwindSafe(command));
    outcome.unwrap_or_else(|_| {
        let place = PLACE.get().map_or("", String::as_str);
        let text = format!(
            "a mistake of Onionmeter itself, at {place}; please report it with that place and the \
                command"
        );
        Err(CommandError::Exit(EXIT_BUG, text))
    })
}
