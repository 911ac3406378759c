//! The exit status and the output of one command.

use crate::support::TestHome;
use std::{
    process::{Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

/// A command that takes longer waits for ever.
const HANG: Duration = Duration::from_secs(60);

/// Exit status and all text of one command, on both of its streams.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
    /// The command, for a failed test to show.
    command: String,
}

impl Said {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().expect("it starts");
        Self {
            command: format!("{command:?}"),
            ..Self::from(&output)
        }
    }

    /// The same, but ends a command that hangs, so that the test fails and says which it was.
    pub(crate) fn unless_it_hangs(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let late = Instant::now() + HANG;
        while child.try_wait().expect("ours").is_none() {
            if Instant::now() > late {
                child.kill().expect("ours");
                panic!("{command:?} hangs");
            }
            thread::sleep(Duration::from_millis(10));
        }
        Self {
            command: format!("{command:?}"),
            ..Self::from(&child.wait_with_output().expect("it has ended"))
        }
    }

    /// Checks the exit status, and that the text contains every part.
    #[track_caller]
    pub(crate) fn expect(self, code: i32, parts: &[&str]) -> String {
        let Self { text, command, .. } = self;
        assert_eq!(self.code, Some(code), "{command}: {text}");
        for part in parts {
            assert!(text.contains(part), "{command} says {part:?}: {text}");
        }
        assert!(!text.contains("panicked"), "{command}: {text}");
        text
    }
}

impl From<&Output> for Said {
    fn from(output: &Output) -> Self {
        let text = [&output.stdout[..], &output.stderr].concat();
        Self {
            code: output.status.code(),
            text: String::from_utf8_lossy(&text).into_owned(),
            command: String::new(),
        }
    }
}

/// Runs a command in a home and checks its result as [`Said::expect`] does.
#[track_caller]
pub(crate) fn check(home: &TestHome, args: &[&str], code: i32, parts: &[&str]) -> String {
    Said::of(&mut home.command(args)).expect(code, parts)
}

/// All text of a command.
pub(crate) fn text(output: &Output) -> String {
    Said::from(output).text
}
