//! After a program was installed: ends a daemon that runs another program, or reports it.

use super::status::sentence;
use crate::{home::Home, ipc, program::VERSION, versions::Daemon};
use meter_wire::Problem;
use std::path::Path;

/// What happened to the earlier daemon.
pub(super) struct Replacement {
    /// A word for programs.
    pub(super) outcome: &'static str,
    /// A sentence for people.
    pub(super) text: String,
}

/// Ends a daemon that runs another program than the one at `installed` and that serves no
/// connection. `None` if no daemon runs, or one of that program.
pub(super) async fn replace(home: &Home, installed: &Path) -> Option<Replacement> {
    let unanswered = |problem: &Problem| Replacement {
        outcome: "does_not_answer",
        text: sentence(problem),
    };
    let connection = match ipc::Connection::attach(home).await {
        Ok(connection) => connection?,
        Err(problem) => return Some(unanswered(&problem)),
    };
    let daemon = Daemon::of(&connection, installed);
    drop(connection);
    daemon.difference?;
    if !daemon.is_idle() {
        let text = format!(
            "one of version {} goes on with the program that was there before. `onionmeter stop` \
                ends it, with what goes through it; \
             the next browser or command then starts version {VERSION}.",
            daemon.version
        );
        return Some(Replacement {
            outcome: "goes_on",
            text,
        });
    }
    Some(match ipc::stop(home, ipc::Means::Asking).await {
        Ok(_) => Replacement {
            outcome: "ended",
            text: format!(
                "the one of before (version {}) was idle and is ended, its session is kept; the \
                    next browser or command starts this one.",
                daemon.version
            ),
        },
        Err(problem) => unanswered(&problem),
    })
}

/// A sentence for each part of Onionmeter that runs in another version than this program.
pub(super) fn differences(daemon: &Daemon) -> Vec<String> {
    let extensions = daemon.other_extensions();
    let extension = (!extensions.is_empty()).then(|| {
        let versions = extensions.join(", ");
        format!(
            "an extension of version {versions} is attached, this program is of version {VERSION}; \
                update the older one: \
             `onionmeter install`, or reload the extension in the browser"
        )
    });
    daemon.advice().into_iter().chain(extension).collect()
}

/// One line with all versions.
pub(super) fn line(daemon: Option<&Daemon>) -> String {
    let mut text = format!("versions: program {VERSION}");
    if let Some(daemon) = daemon {
        text += &format!(", daemon {}", daemon.version);
        let extensions = daemon.parts.iter().flat_map(|parts| &parts.extensions);
        for version in extensions {
            text += &format!(", extension {version}");
        }
    }
    let theirs = daemon.and_then(|daemon| daemon.parts.as_ref());
    let tor = match theirs {
        Some(parts) => parts.embedded_tor.as_deref(),
        None => crate::program::EMBEDDED_TOR,
    };
    match tor {
        Some(version) => text + &format!(", built-in Tor {version}"),
        None => text + ", no Tor built in",
    }
}
