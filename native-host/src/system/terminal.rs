//! A terminal that does not show what is typed.

use rustix::{
    stdio::stdin,
    termios::{LocalModes, OptionalActions, Termios, isatty, tcgetattr, tcsetattr},
};
use std::io;

/// Whether stdin is a terminal.
pub(crate) fn is_stdin() -> bool {
    isatty(stdin())
}

/// While this value lives, the terminal at stdin shows nothing of what is typed except line breaks.
pub(crate) struct Hidden {
    before: Termios,
}

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
        tcsetattr(stdin(), OptionalActions::Now, &hidden)?;
        Ok(Self { before })
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let back = tcsetattr(stdin(), OptionalActions::Now, &self.before);
        crate::ignore_because("the terminal is gone", back);
    }
}
