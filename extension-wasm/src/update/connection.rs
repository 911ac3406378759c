//! The connection to the native host: opened, lost, and opened again.

use super::ask::ask;
use super::effect::Effect;
use super::event::{ConnectionId, Timer};
use super::host_error::HostError;
use super::state::{Asked, Host, Link, State};
use meter_wire::{Client, ErrorCode, Hello, Problem, ProtocolRange, Request};

/// A host that must start a daemon first may need a while. A host that sends nothing for this long
/// hangs.
const HELLO_DUE_MS: u32 = 15_000;

const BACKOFF_FIRST_MS: u32 = 250;
const BACKOFF_MAX_MS: u32 = 30_000;

const _: () = assert!(BACKOFF_FIRST_MS < BACKOFF_MAX_MS);

/// Opens a connection and sends hello. There is at most one connection at a time.
pub(super) fn connect(state: &mut State, effects: &mut Vec<Effect>) {
    let connection = ConnectionId(state.last_connection.0.wrapping_add(1));
    state.last_connection = connection;
    state.host = Host::Linked(Box::new(Link {
        connection,
        ..Link::default()
    }));
    effects.push(Effect::Connect(connection));
    let hello = Hello {
        protocol: ProtocolRange::OURS,
        client: Client {
            name: "extension".to_owned(),
            version: state.version.clone(),
        },
        notices: true,
    };
    ask(state, Asked::Hello, Request::Hello(hello), effects);
    effects.push(Effect::After(Timer::HelloDue(connection), HELLO_DUE_MS));
}

pub(super) fn connect_if_gone(state: &mut State, effects: &mut Vec<Effect>) {
    if matches!(state.host, Host::Gone(_)) {
        connect(state, effects);
    }
}

/// Connects again on a person's request.
pub(super) fn reconnect(state: &mut State, effects: &mut Vec<Effect>) {
    if let Host::Linked(link) = &state.host {
        effects.push(Effect::Disconnect(link.connection));
    }
    state.failures = 0;
    connect(state, effects);
}

pub(super) fn on_closed(
    state: &mut State,
    connection: ConnectionId,
    reason: Option<&str>,
    effects: &mut Vec<Effect>,
) {
    match &state.host {
        Host::Linked(link) if link.connection == connection => {
            let error = host_error(reason, link.greeted, link.problem.as_ref());
            gone(state, error, effects);
        }
        Host::Idle | Host::Linked(_) | Host::Gone(_) => {}
    }
}

/// These are the browsers' exact texts: `docs/browsers.md`. If the host has sent a message before,
/// it is installed and allowed, whatever the text says.
fn host_error(reason: Option<&str>, greeted: bool, reported: Option<&Problem>) -> HostError {
    const NOT_INSTALLED: [&str; 3] = [
        "specified native messaging host not found",
        "no such native application",
        // Firefox: the manifest exists, but the program in it cannot be started.
        "an unexpected error occurred",
    ];
    const FORBIDDEN: &str = "access to the specified native messaging host is forbidden";
    if let Some(problem) = reported {
        return HostError::Reported(problem.clone());
    }
    let reason = reason.unwrap_or_default().to_ascii_lowercase();
    match greeted {
        true => HostError::Stopped,
        false if NOT_INSTALLED.iter().any(|words| reason.contains(words)) => {
            HostError::NotInstalled
        }
        false if reason.contains(FORBIDDEN) => HostError::Forbidden,
        false => HostError::Stopped,
    }
}

/// Loses a host that sends too much; the runtime reads nothing more from it.
pub(super) fn on_flooded(state: &mut State, connection: ConnectionId, effects: &mut Vec<Effect>) {
    match &state.host {
        Host::Linked(link) if link.connection == connection => {
            lose(state, HostError::Flooding, effects);
        }
        Host::Idle | Host::Linked(_) | Host::Gone(_) => {}
    }
}

/// Ends a connection that cannot be used.
pub(super) fn lose(state: &mut State, error: HostError, effects: &mut Vec<Effect>) {
    if let Host::Linked(link) = &state.host {
        effects.push(Effect::Disconnect(link.connection));
    }
    gone(state, error, effects);
}

/// Notes the loss. A host that stopped may return in a moment. A missing host, or one of another
/// version, is looked for at each alarm and whenever a popup opens.
fn gone(state: &mut State, error: HostError, effects: &mut Vec<Effect>) {
    state.failures = state.failures.saturating_add(1);
    state.last_known = None;
    let may_be_back = match error.code() {
        ErrorCode::HostNotInstalled | ErrorCode::HostForbidden => false,
        code => code != ErrorCode::UnsupportedProtocol,
    };
    if may_be_back {
        let timer = Timer::Reconnect(state.failures);
        effects.push(Effect::After(timer, backoff_ms(state.failures)));
    }
    state.lost = Some(error.clone());
    state.host = Host::Gone(error);
}

impl State {
    /// Whether the host failed more than once since it last answered or a person asked for it.
    #[must_use]
    pub const fn fails_again(&self) -> bool {
        self.failures > 1
    }
}

/// 250 ms after the first failure, doubled after each further one, at most 30 s.
fn backoff_ms(failures: u32) -> u32 {
    let doublings = failures.saturating_sub(1).min(16);
    BACKOFF_FIRST_MS
        .saturating_mul(1 << doublings)
        .min(BACKOFF_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_words_are_told_apart() {
        #[track_caller]
        fn check(reason: &str, greeted: bool, expected: &HostError) {
            assert_eq!(
                &host_error(Some(reason), greeted, None),
                expected,
                "{reason}"
            );
        }
        let missing = "Specified native messaging host not found.";
        check(missing, false, &HostError::NotInstalled);
        check(missing, true, &HostError::Stopped);
        check(
            "Access to the specified native messaging host is forbidden.",
            false,
            &HostError::Forbidden,
        );
        for stopped in [
            "Failed to start native messaging host.",
            "Native host has exited.",
            "Error when communicating with the native messaging host.",
            "Attempt to postMessage on disconnected port",
            "",
        ] {
            check(stopped, false, &HostError::Stopped);
            check(stopped, true, &HostError::Stopped);
        }
        check(
            "No such native application org.onionmeter.host",
            false,
            &HostError::NotInstalled,
        );
        check(
            "An unexpected error occurred",
            false,
            &HostError::NotInstalled,
        );
        check("An unexpected error occurred", true, &HostError::Stopped);
        assert_eq!(host_error(None, false, None), HostError::Stopped);
    }

    #[test]
    fn what_the_bridge_said_explains_the_end() {
        let problem = Problem::new(ErrorCode::DaemonUnreachable);
        let error = host_error(Some("Native host has exited."), false, Some(&problem));
        assert_eq!(error, HostError::Reported(problem));
    }

    #[test]
    fn the_back_off_doubles_from_a_quarter_second_to_half_a_minute() {
        let steps: Vec<_> = (1..=9).map(backoff_ms).collect();
        assert_eq!(
            steps,
            [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
        );
        assert_eq!(backoff_ms(u32::MAX), 30_000);
    }
}
