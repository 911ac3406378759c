//! Finds out whether a browser or a person started the program, and whether as the daemon.

use crate::ids;
use std::ffi::OsString;

/// The argument with which a daemon starts the program as its Tor. No person needs it, so it is no
/// command: neither help nor completions name it.
pub(crate) const EMBEDDED_TOR: &str = "embedded-tor";

/// How the program was started.
#[derive(Debug, Eq, PartialEq)]
pub enum Start {
    /// By a browser, for the extension that it names.
    Bridge(Caller),
    /// By a bridge, a command or a service manager, to be the daemon.
    Daemon,
    /// By a daemon, to be its Tor.
    #[cfg(feature = "embedded-tor")]
    EmbeddedTor,
    /// By a person or a script.
    Command,
}

/// The extension that is calling, according to the browser.
#[derive(Debug, Eq, PartialEq)]
pub enum Caller {
    /// Ours.
    Known,
    /// Another extension.
    Stranger,
}

impl Start {
    /// Reads the arguments after the program's name.
    ///
    /// Chromium passes `chrome-extension://<id>/` (and `--parent-window=` on Windows), Firefox the
    /// path of the manifest and the add-on's id (sources: `docs/browsers.md`).
    pub fn from_args(args: impl Iterator<Item = OsString>) -> Self {
        let args: Vec<_> = args.map(|arg| arg.to_string_lossy().into_owned()).collect();
        let known = |yes: bool| Self::Bridge(if yes { Caller::Known } else { Caller::Stranger });
        match args.as_slice() {
            [origin, ..] if origin.starts_with("chrome-extension://") => {
                known(*origin == ids::chromium_origin())
            }
            [manifest, id, ..] if manifest.ends_with(".json") && !manifest.starts_with('-') => {
                known(id == ids::firefox_id())
            }
            [word] if word == "daemon" => Self::Daemon,
            #[cfg(feature = "embedded-tor")]
            [word] if word == EMBEDDED_TOR => Self::EmbeddedTor,
            _ => Self::Command,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(args: &[&str], expected: &Start) {
        assert_eq!(
            &Start::from_args(args.iter().map(OsString::from)),
            expected,
            "{args:?}"
        );
    }

    #[test]
    fn n_12_only_our_own_extension_is_known() {
        let ours = ids::chromium_origin();
        check(&[&ours], &Start::Bridge(Caller::Known));
        check(&[&ours, "--parent-window=0"], &Start::Bridge(Caller::Known));
        check(
            &["/a/b.json", ids::firefox_id()],
            &Start::Bridge(Caller::Known),
        );
        check(
            &[ours.trim_end_matches('/')],
            &Start::Bridge(Caller::Stranger),
        );
        check(
            &["chrome-extension://abcdefghijklmnopabcdefghijklmnop/"],
            &Start::Bridge(Caller::Stranger),
        );
        check(
            &["/a/b.json", "other@example.org"],
            &Start::Bridge(Caller::Stranger),
        );
    }

    #[test]
    fn only_the_word_alone_is_a_daemon() {
        check(&["daemon"], &Start::Daemon);
        for args in [
            &["daemon", "--json"][..],
            &["daemon", "--help"],
            &["--json", "daemon"],
        ] {
            check(args, &Start::Command);
        }
    }

    #[test]
    fn everything_else_is_a_command() {
        for args in [&[][..], &["status"], &["verify", "a.json"], &["--help"]] {
            check(args, &Start::Command);
        }
    }
}
