//! Error codes: one per thing that a person can do about it, each with one sentence.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident => $sentence:literal, )*) => {
        /// What went wrong, by what a person can do about it.
        #[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode {
            $( $(#[$doc])* $name, )*
            /// A code of a newer version; its message says what it means.
            #[serde(other)]
            Unknown,
        }

        impl ErrorCode {
            /// Every code that this version can send.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The sentence a person reads.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self {
                    $( Self::$name => $sentence, )*
                    Self::Unknown => "Something went wrong that this version does not know; update \
                                      it.",
                }
            }
        }
    };
}

codes! {
    // What a client sent.
    /// Not JSON, not a request, or a field that does not belong there.
    BadRequest => "The extension and the host program misunderstood each other; update both.",
    /// A request that this version does not know.
    UnknownRequest => "The host program does not know this request; update it.",
    /// No common protocol version.
    UnsupportedProtocol => "The extension and the host program have no protocol in common; update \
                            the older one.",
    /// A request before `hello`.
    HelloFirst => "The connection has to begin with a hello.",
    /// Too many requests at once.
    Busy => "Too many requests at once; wait a moment and try again.",
    /// Thresholds outside their limits; the old ones stay.
    BadThresholds => "These session thresholds are outside their limits; the old ones stay in \
                      force.",
    /// A new identity so soon after the last one.
    IdentityTooSoon => "A new identity was made a moment ago; wait a few seconds.",

    /// New circuits for a site so soon after the last ones.
    CircuitTooSoon => "A site got a new circuit a moment ago; wait a few seconds.",
    /// No site that the relay would pass to Tor.
    BadSite => "That is not a site that is reached through Tor.",

    // The daemon's own house.
    /// The home folder cannot be made or used.
    HomeUnusable => "Onionmeter cannot use its folder; run `onionmeter doctor` to see what to \
                     repair.",
    /// `config.toml` has an error.
    ConfigInvalid => "There is a mistake in config.toml; run `onionmeter doctor` to see the line.",
    /// Wrong owner, mode or size of the key file.
    KeyRefused => "The signing key is not safe to use; run `onionmeter doctor` to see how to \
                   repair it.",
    /// There are reports, but the key that signed them is gone.
    KeyMissing => "The signing key of your reports is gone; restore it from a backup. No new key \
                   was made.",
    /// The book cannot be read.
    BookDamaged => "The book of reports cannot be read; run `onionmeter doctor`. Nothing was \
                    overwritten.",
    /// The book cannot be written just now, and the disk is neither full nor read-only.
    BookUnwritable => "The book cannot be written; run `onionmeter doctor`. The session stays open \
                       and nothing is lost.",
    /// Another program writes to the book.
    BookBusy => "Another program holds the book of reports; close it. The session stays open and \
                 nothing is lost.",
    /// The book is of a later format.
    BookNewer => "The book of reports was written by a newer Onionmeter; update this one. The book \
                  is in order.",
    /// Reports were signed that the book does not hold.
    BookBehind => "The book of reports is older than the last signed report, so nothing more is \
                   signed.",
    /// Two reports were signed under one number.
    BookForked => "Two different reports have the same number, so nothing more is signed.",
    /// The book's file is gone from its place while it is open.
    BookMoved => "The book of reports was moved away while it was in use; put it back. The session \
                  stays open.",
    /// No room is left on the disk.
    DiskFull => "The disk is full; make room. The session stays open and nothing is lost.",
    /// Nothing can be written to the disk.
    DiskReadOnly => "The disk that holds Onionmeter's folder is read-only; make it writable.",
    /// The relay's port is in use by something else.
    PortTaken => "Another program has the relay's port; name another one in config.toml, \
        or remove the line there.",
    /// Nobody can be asked whose a connection is.
    RelayUnguarded => "This system does not tell whose connections are, so the relay stays closed \
                       to all.",
    /// Another relay failure.
    RelayFailed => "The relay could not start; run `onionmeter doctor`.",
    /// No daemon could be started or reached.
    DaemonUnreachable => "The Onionmeter daemon cannot be started; run `onionmeter doctor`.",
    /// A daemon runs and answers nobody.
    DaemonSilent => "The Onionmeter daemon runs but does not answer.",
    /// All of its places are taken.
    DaemonFull => "The Onionmeter daemon serves too many browsers at once; close some and try \
                   again.",
    /// Another program holds its lock or its socket.
    DaemonPlaceTaken => "Another program keeps the Onionmeter daemon from running; end it and try \
                         again.",

    // Tor.
    /// The program `tor` was not found.
    TorMissing => "Tor is not installed.",
    /// Tor ended right after its start.
    TorStartFailed => "Tor did not start.",
    /// Tor keeps ending.
    TorCrashLoop => "Tor keeps stopping by itself.",
    /// Tor's data or socket folder cannot be used.
    TorFolderUnusable => "Tor cannot use its folder; it must belong to you alone.",
    /// A file in which the embedded Tor keeps its guards is damaged.
    TorStateDamaged => "The state of the Tor that is built in is damaged, so it does not start.",
    /// Another `tor` uses the same data folder.
    TorAlreadyRunning => "Another Tor is already using Onionmeter's Tor folder.",
    /// What answers on the configured port is not Tor.
    NotTor => "Something else than Tor answers on Tor's port; nothing was sent through it.",
    /// Another user could sit at the Unix socket of the Tor that was to be used.
    TorSocketUnsafe => "Tor's socket lies where another user could have put it; nothing was sent \
                        to it.",
    /// The Tor that was to be used does not answer.
    TorNotRunning => "The Tor to be used is not running.",
    /// A Tor that was found already running is not ours to stop.
    TorNotOurs => "This Tor was not started by Onionmeter, so Onionmeter does not stop it.",
    /// The control port refused us.
    TorControlRefused => "Tor's control port did not accept Onionmeter.",
    /// The program of a bridge's transport was not found.
    BridgeProgramMissing => "The program that your bridges need is not installed; Tor was not \
                             started.",
    /// The file of the Shadowsocks server is not there, not private, or names no server that can be
    /// used.
    ShadowsocksRefused => "The file of your Shadowsocks server cannot be used; Tor was not \
                           started.",
    /// The local end of Shadowsocks does not run.
    ShadowsocksDown => "Shadowsocks on this computer is not running; Onionmeter starts it again by \
                        itself.",
    /// The Shadowsocks server accepts no connection.
    ShadowsocksUnreachable => "Your Shadowsocks server does not answer.",
    /// The Shadowsocks server accepts connections, and nothing comes through.
    ShadowsocksSilent => "Your Shadowsocks server passes nothing on; check its method and \
                          password.",
    /// There is no way out of this computer.
    TorOffline => "This computer has no network connection, so Tor waits for one.",
    /// Tor's relays are silent while it connects.
    TorBlocked => "No Tor relay answers.",
    /// Tor's relays, or something in front of them, refuse connections while it connects.
    TorRefused => "Connections to the Tor network are being refused.",
    /// Tor cannot connect because of this computer's clock.
    TorClockWrong => "This computer's clock is wrong, so Tor cannot connect.",
    /// Tor connects no further, for a reason that nobody knows.
    TorStalled => "Tor is making no progress.",
    /// Tor was connected and gives no answers any more.
    TorSilent => "Tor is not answering; it reconnects by itself.",
    /// A Tor that works but is out of date.
    TorTooOld => "This Tor is older than Onionmeter supports.",

    // What the extension sees itself.
    /// The browser knows no such host.
    HostNotInstalled => "The Onionmeter program is not installed for this browser.",
    /// The host does not allow this copy of the extension.
    HostForbidden => "The Onionmeter program is registered for another copy of this extension.",
    /// The host cannot be started or stopped.
    HostStopped => "The Onionmeter program stopped. Your traffic is blocked, not exposed.",
    /// The host runs and says nothing.
    HostSilent => "The Onionmeter program does not answer.",
    /// The host says what is no message, or a message with something that this version does not
    /// know.
    HostUnreadable => "The extension cannot read what the Onionmeter program says; update both.",
    /// The host says more than anybody could read.
    HostFlooding => "The Onionmeter program sends too many messages, so the connection to it was \
                     cut.",
    /// The host names a port for its relay that no relay of ours can have.
    RelayPortRefused => "The Onionmeter program names a port that its relay cannot have.",
    /// Another extension owns the proxy settings.
    ProxyControlledByOther => "Another extension controls this browser's proxy, so nothing is \
                               protected or counted.",
    /// A policy owns the proxy settings.
    ProxyNotControllable => "This browser's proxy is set by an administrator, so nothing is \
                             protected or counted.",
    /// Firefox demands private-window access for proxy settings.
    PrivateWindowsNotAllowed => "Firefox lets an extension protect you only if it may run in \
                                 private windows.",
    /// The browser refused the proxy settings for another reason.
    ProxyRefused => "The browser did not accept the proxy settings.",
    /// A request of our own did not arrive at the relay.
    WitnessLost => "A test request of this browser did not reach Onionmeter, so pages may go out \
                    past Tor.",
    /// Another extension answers where requests go, and past us.
    ProxyOverridden => "Another extension sends requests of this browser elsewhere, past Tor.",
    /// No further connection can be made through the relay.
    ConnectionsFull => "So many connections are open that this browser makes no further ones; new \
                        pages wait.",
    /// A host that cannot confirm that requests reach the relay.
    WitnessUnknown => "The Onionmeter program is too old to confirm that pages go through Tor; \
                       update it.",
    /// A report whose signature or chain does not hold.
    ReportRefused => "A report did not verify in this browser, so it is not counted.",

    /// We broke our own rule.
    Internal => "Onionmeter made a mistake; please report it with the log.",
}

/// An error as it travels: the code for programs, the sentence for people, a detail for both.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Problem {
    /// What it is.
    pub code: ErrorCode,
    /// The sentence of the code, so that an older client can show a newer code.
    #[serde(deserialize_with = "crate::plain::line")]
    pub message: String,
    /// What exactly: a key, a line, a limit. Never a target, never a secret.
    #[serde(
        default,
        deserialize_with = "crate::plain::some_text",
        skip_serializing_if = "Option::is_none"
    )]
    pub detail: Option<String>,
}

impl Problem {
    /// A problem without a detail.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self {
            code,
            message: code.sentence().to_owned(),
            detail: None,
        }
    }

    /// A problem with a detail.
    #[must_use]
    pub fn with_detail(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..Self::new(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_sentence_of_its_own() {
        let sentences: Vec<_> = ErrorCode::ALL.iter().map(|code| code.sentence()).collect();
        for (index, sentence) in sentences.iter().enumerate() {
            assert!(sentence.ends_with('.'), "{sentence}");
            assert!(sentence.len() <= 120, "{sentence}");
            assert!(!sentences[..index].contains(sentence), "twice: {sentence}");
        }
    }

    #[test]
    fn a_code_of_a_newer_version_is_unknown_and_keeps_its_message() {
        let json = r#"{"code":"moon_too_bright","message":"Wait for dawn.","extra":1}"#;
        let problem: Problem = serde_json::from_str(json).expect("tolerated");
        assert_eq!(
            (problem.code, problem.message.as_str()),
            (ErrorCode::Unknown, "Wait for dawn.")
        );
    }
}
