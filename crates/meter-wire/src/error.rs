//! Error codes: one for each thing that a person can do about an error, each with one sentence.

use crate::word;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! codes {
    ($( $(#[$doc:meta])* $name:ident => $sentence:literal, )*) => {
        /// What went wrong. There is one code for each thing that a person can do about it.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum ErrorCode {
            $( $(#[$doc])* $name, )*
            /// A code of a newer version. The message that comes with it says what it means.
            Unknown,
        }

        /// Every code with its Rust name.
        static NAMES: &[(&str, ErrorCode)] = &[$( (stringify!($name), ErrorCode::$name), )*];

        impl ErrorCode {
            /// Every code that this version can send.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The sentence that a person reads.
            #[cfg(any(test, feature = "sentences"))]
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
    /// Not JSON, not a request, or a request with a field that does not belong there.
    BadRequest => "The extension and the host program misunderstood each other; update both.",
    /// A request that this version does not know.
    UnknownRequest => "The host program does not know this request; update it.",
    /// Client and daemon have no protocol version in common.
    UnsupportedProtocol => "The extension and the host program have no protocol in common; update \
                            the older one.",
    /// A request came before `hello`.
    HelloFirst => "The connection has to begin with a hello.",
    /// Too many requests at once.
    Busy => "Too many requests at once; wait a moment and try again.",
    /// The thresholds are outside their limits; the old ones stay in force.
    BadThresholds => "These session thresholds are outside their limits; the old ones stay in \
                      force.",
    /// A setting cannot have this value; the file stays as it was.
    SettingRefused => "This setting cannot have that value; config.toml was left as it is.",
    /// The setting is changed only on the command line: it could start a program, move Tor into
    /// another network, or count the traffic of others.
    SettingByCommand => "This setting is changed in a terminal only; config.toml was left as it \
                         is.",
    /// `config.toml` cannot be written.
    SettingsUnwritable => "config.toml cannot be written, so nothing was changed.",
    /// Another program has the lock for changes of `config.toml`, and keeps it.
    SettingsBusy => "Another program changes the settings and does not end, so nothing was \
                     changed; end it and try again.",
    /// A new identity was asked for too soon after the last one.
    IdentityTooSoon => "A new identity was made a moment ago; wait a few seconds.",

    /// New circuits for a site were asked for too soon after the last ones.
    CircuitTooSoon => "A site got a new circuit a moment ago; wait a few seconds.",
    /// The name is not a site that the relay would pass to Tor.
    BadSite => "That is not a site that is reached through Tor.",

    // What belongs to the daemon itself.
    /// The home folder cannot be made or used.
    HomeUnusable => "Onionmeter cannot use its folder; run `onionmeter doctor` to see what to \
                     repair.",
    /// `config.toml` has an error.
    ConfigInvalid => "There is a mistake in config.toml; run `onionmeter doctor` to see the line.",
    /// The key file has a wrong owner, mode or size.
    KeyRefused => "The signing key is not safe to use; run `onionmeter doctor` to see how to \
                   repair it.",
    /// There are reports, but the key that signed them is missing.
    KeyMissing => "The signing key of your reports is gone; restore it from a backup. No new key \
                   was made.",
    /// The book cannot be read.
    BookDamaged => "The book of reports cannot be read; run `onionmeter doctor`. Nothing was \
                    overwritten.",
    /// The book cannot be written at the moment, although the disk is neither full nor read-only.
    BookUnwritable => "The book cannot be written; run `onionmeter doctor`. The session stays open \
                       and nothing is lost.",
    /// Another program writes to the book.
    BookBusy => "Another program holds the book of reports; close it. The session stays open and \
                 nothing is lost.",
    /// The book has a later format than this program knows.
    BookNewer => "The book of reports was written by a newer Onionmeter; update this one. The book \
                  is in order.",
    /// The book belongs to another chain than the last signed report.
    BookOther => "The book holds another chain of reports than the one signed last; run \
                  `onionmeter doctor`.",
    /// Reports were signed that the book does not contain.
    BookBehind => "The book of reports is older than the last signed report, so nothing more is \
                   signed.",
    /// Two reports were signed with the same number.
    BookForked => "Two different reports have the same number, so nothing more is signed.",
    /// The file of the book was moved or removed while the book was open.
    BookMoved => "The book of reports was moved away while it was in use; put it back. The session \
                  stays open.",
    /// The disk has no space left.
    DiskFull => "The disk is full; make room. The session stays open and nothing is lost.",
    /// Nothing can be written to the disk.
    DiskReadOnly => "The disk that holds Onionmeter's folder is read-only; make it writable.",
    /// The disk has not answered for seconds.
    DiskSilent => "The disk that holds Onionmeter's folder does not answer; look whether it works. \
                   The session stays open.",
    /// The limit on open files of this process, or of the whole system, is reached or too low.
    TooManyFiles => "The system lets Onionmeter open no more files; raise that limit or close \
                     programs.",
    /// Another program uses the relay's port.
    PortTaken => "Another program has the relay's port; name another one in config.toml, \
        or remove the line there.",
    /// The system does not tell which user a connection belongs to.
    RelayUnguarded => "This system does not tell which user a connection belongs to, so the relay \
        stays closed to all.",
    /// The relay failed for another reason.
    RelayFailed => "The relay could not start; run `onionmeter doctor`.",
    /// No daemon could be reached, and none could be started.
    DaemonUnreachable => "The Onionmeter daemon cannot be started; run `onionmeter doctor`.",
    /// A daemon runs but does not answer.
    DaemonSilent => "The Onionmeter daemon runs but does not answer.",
    /// The daemon has no place left for another client.
    DaemonFull => "The Onionmeter daemon serves too many browsers at once; close some and try \
                   again.",
    /// Another program holds the daemon's lock or socket.
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
    /// Asked to start without that state, although it is not what is wrong.
    TorStateSound => "The state of the Tor that is built in is not damaged, so it was left as it \
                      is.",
    /// Another `tor` uses the same data folder.
    TorAlreadyRunning => "Another Tor is already using Onionmeter's Tor folder.",
    /// The program that answers on the configured port is not Tor.
    NotTor => "Something else than Tor answers on Tor's port; nothing was sent through it.",
    /// Another user could have made the Unix socket of the Tor that was to be used.
    TorSocketUnsafe => "Tor's socket lies where another user could have put it; nothing was sent \
                        to it.",
    /// The Tor that was to be used does not answer.
    TorNotRunning => "The Tor to be used is not running.",
    /// Tor was already running when the daemon found it, so the daemon does not stop it.
    TorNotOurs => "This Tor was not started by Onionmeter, so Onionmeter does not stop it.",
    /// The control port refused our login.
    TorControlRefused => "The Tor that is running cannot be used by Onionmeter.",
    /// The program for a bridge's transport was not found.
    BridgeProgramMissing => "The program that your bridges need is not installed; Tor was not \
                             started.",
    /// The file of the Shadowsocks server is missing or not private, or names no usable server.
    ShadowsocksRefused => "The file of your Shadowsocks server cannot be used; Tor was not \
                           started.",
    /// The local end of Shadowsocks does not run.
    ShadowsocksDown => "Shadowsocks on this computer is not running; Onionmeter starts it again by \
                        itself.",
    /// The Shadowsocks server accepts no connection.
    ShadowsocksUnreachable => "Your Shadowsocks server does not answer.",
    /// The Shadowsocks server accepts connections, but no data comes through.
    ShadowsocksSilent => "Your Shadowsocks server passes nothing on; check its method and \
                          password.",
    /// This computer has no network connection.
    TorOffline => "This computer has no network connection, so Tor waits for one.",
    /// No Tor relay answers while Tor connects.
    TorBlocked => "No Tor relay answers.",
    /// Tor relays, or something between them and this computer, refuse connections while Tor
    /// connects.
    TorRefused => "Connections to the Tor network are being refused.",
    /// Tor cannot connect because this computer's clock is wrong.
    TorClockWrong => "This computer's clock is wrong, so Tor cannot connect.",
    /// Tor does not get further in connecting, and the reason is not known.
    TorStalled => "Tor is making no progress.",
    /// Tor was connected but no longer answers.
    TorSilent => "Tor is not answering; it reconnects by itself.",
    /// The Tor in use works but is out of date.
    TorTooOld => "This Tor is older than Onionmeter supports.",

    // The ledger.
    /// No enrolment is in force.
    LedgerNone => "This device is not enrolled with a ledger.",
    /// An enrolment is in force already.
    LedgerEnrolled => "This device is enrolled with a ledger already; leave that one first.",
    /// The address is neither an onion service nor this computer.
    LedgerAddress => "A ledger is reached at an onion address or on this computer, not at this \
                      address.",
    /// Tor cannot be used, so a ledger that is an onion service cannot be reached.
    LedgerNoTor => "The ledger is reached through Tor, and Tor cannot be used now.",
    /// The onion service does not exist or is off.
    LedgerNotFound => "Tor does not find the ledger's onion service; it may be off, or the address \
                       is wrong.",
    /// The connection failed or was refused.
    LedgerUnreachable => "No connection to the ledger could be made.",
    /// There was no answer in time.
    LedgerSilent => "The ledger did not answer in time.",
    /// The ledger says that it is busy, or its store does not answer.
    LedgerBusy => "The ledger is busy at the moment.",
    /// The answer is not one of a ledger.
    LedgerUnreadable => "What answers at the ledger's address is not a ledger that this version \
                         understands.",
    /// The ledger refuses the request itself.
    LedgerDeclined => "The ledger declined the request; the detail says why.",
    /// What was given as a code has another form, or a word or digit of it is wrong.
    LedgerBadCode => "This is no invitation and no recovery code: either is twelve words, or 32 \
                      hexadecimal digits.",
    /// The ledger has another key than the one that was shown.
    LedgerOtherKey => "The ledger has another key than the one that was shown; nothing was \
                       enrolled.",
    /// Neither the ledger's key nor any key before it is the one that is pinned.
    LedgerChanged => "Another ledger answers at this address: its key is not that of the one with \
                      which you enrolled.",
    /// The ledger does not know the device.
    LedgerUnknownDevice => "The ledger does not know this device any more, or removed it; run \
                            `onionmeter doctor`.",
    /// The device was removed from its account.
    LedgerRemoved => "This device was removed from its account; `onionmeter new-chain --new-key` \
                      makes a key to enrol.",
    /// The ledger refuses a report for its bytes.
    LedgerRefused => "The ledger refuses a report of this device for ever, so nothing more of its \
                      chain is sent.",
    /// The ledger contradicts what it has signed.
    LedgerContradicts => "The ledger contradicts what it signed, so nothing more is sent; the \
                          evidence is kept.",
    /// The file of receipts cannot be read.
    ReceiptsDamaged => "The file of receipts cannot be read; run `onionmeter doctor`. Nothing was \
                        overwritten.",
    /// The file of receipts cannot be written.
    ReceiptsUnwritable => "The file of receipts cannot be written; run `onionmeter doctor`. No \
                           report is lost.",
    /// The file of receipts has a later format than this program knows.
    ReceiptsNewer => "The file of receipts was written by a newer Onionmeter; update this one.",

    // What the extension notices itself.
    /// The browser does not know the native messaging host.
    HostNotInstalled => "The Onionmeter program is not installed for this browser.",
    /// The host's manifest does not allow this copy of the extension.
    HostForbidden => "The Onionmeter program is registered for another copy of this extension.",
    /// The host cannot be started, or it ended.
    HostStopped => "The Onionmeter program stopped. Your traffic is blocked, not exposed.",
    /// The host runs but sends nothing.
    HostSilent => "The Onionmeter program does not answer.",
    /// The host sent something that is not a message, or a message with a part that this version
    /// does not know.
    HostUnreadable => "The extension cannot read what the Onionmeter program says; update both.",
    /// The host sends more messages than can be processed.
    HostFlooding => "The Onionmeter program sends too many messages, so the connection to it was \
                     cut.",
    /// The host names a relay port that our relay never uses.
    RelayPortRefused => "The Onionmeter program names a port that its relay cannot have.",
    /// Another extension controls the proxy settings.
    ProxyControlledByOther => "Another extension controls this browser's proxy, so nothing is \
                               protected or counted.",
    /// A policy controls the proxy settings.
    ProxyNotControllable => "This browser's proxy is set by an administrator, so nothing is \
                             protected or counted.",
    /// Firefox allows proxy settings only to an extension that may run in private windows.
    PrivateWindowsNotAllowed => "Firefox lets an extension protect you only if it may run in \
                                 private windows.",
    /// The browser refused the proxy settings for another reason.
    ProxyRefused => "The browser did not accept the proxy settings.",
    /// A test request of our own did not arrive at the relay.
    WitnessLost => "A test request of this browser did not reach Onionmeter, so pages may go out \
                    past Tor.",
    /// Another extension answers Firefox's question where requests go, and sends them past the
    /// relay.
    ProxyOverridden => "Another extension sends requests of this browser elsewhere, past Tor.",
    /// The relay accepts no further connections.
    ConnectionsFull => "So many connections are open that this browser makes no further ones; new \
                        pages wait.",
    /// The host is too old to confirm that requests reach the relay.
    WitnessUnknown => "The Onionmeter program is too old to confirm that pages go through Tor; \
                       update it.",
    /// The signature of a report is not valid, or the report does not fit its chain.
    ReportRefused => "A report did not verify in this browser, so it is not counted.",

    /// A bug of ours.
    Internal => "Onionmeter made a mistake; please report it with the log.",
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = NAMES.iter().find(|(_, code)| code == self);
        word::write(named.map_or("Unknown", |(name, _)| name), serializer)
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        word::read(NAMES, deserializer).map(|code| code.unwrap_or(Self::Unknown))
    }
}

impl ErrorCode {
    /// Whether it is about the file of receipts alone: sessions are signed and pages load.
    #[must_use]
    pub const fn is_of_receipts(self) -> bool {
        matches!(
            self,
            Self::ReceiptsDamaged | Self::ReceiptsUnwritable | Self::ReceiptsNewer
        )
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
}
