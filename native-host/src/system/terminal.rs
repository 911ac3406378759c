//! A terminal that does not show what is typed.

use rustix::{
    stdio::stdin,
    termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcsetattr},
};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP},
    iterator::Signals,
    low_level::emulate_default_handler,
};
use std::{
    io,
    sync::{Mutex, OnceLock, PoisonError},
    thread,
};

/// Whether stdin is a terminal.
pub(crate) fn is_stdin() -> bool {
    isatty(stdin())
}

/// While this value lives, the terminal at stdin shows nothing of what is typed except line breaks.
/// A signal that ends or stops the process gives it back first.
pub(crate) struct Hidden {
    before: Termios,
}

/// How the terminal is to be while it hides what is typed, and how it was before.
struct Modes {
    before: Termios,
    hidden: Termios,
}

/// `None` while nothing is hidden.
static HIDDEN: Mutex<Option<Modes>> = Mutex::new(None);

impl Hidden {
    /// Hides what is typed from now on.
    ///
    /// # Errors
    /// The error of the system, also when stdin is no terminal.
    pub(crate) fn begin() -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        hidden.local_modes.insert(LocalModes::ECHONL);
        watch_signals()?;
        let mut now = HIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
        tcsetattr(stdin(), OptionalActions::Now, &hidden)?;
        *now = Some(Modes {
            before: before.clone(),
            hidden,
        });
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        *HIDDEN.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let back = tcsetattr(stdin(), OptionalActions::Now, &self.before);
        crate::ignore_because("the terminal is gone", back);
    }
}

/// From the first question on, a thread takes these signals and then does what the system would.
fn watch_signals() -> io::Result<()> {
    static WATCHED: OnceLock<()> = OnceLock::new();
    if WATCHED.set(()).is_err() {
        return Ok(());
    }
    let mut signals = Signals::new([SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP])?;
    let begun = thread::Builder::new().spawn(move || {
        for signal in &mut signals {
            set(|modes| &modes.before);
            let done = emulate_default_handler(signal);
            crate::ignore_because("only signals with a default were asked for", done);
            // The process was only stopped, and goes on.
            set(|modes| &modes.hidden);
        }
    });
    begun.map(drop)
}

fn set(wanted: fn(&Modes) -> &Termios) {
    let now = HIDDEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(modes) = now.as_ref() {
        let set = tcsetattr(stdin(), OptionalActions::Now, wanted(modes));
        crate::ignore_because("the terminal is gone", set);
    }
}
