//! Everything that can go wrong with having a Tor: one variant per thing a person can do about it.
//!
//! No variant holds an address or a name: the texts may be shown and logged. Two hold a path of
//! this computer.

use std::{
    io,
    path::{Path, PathBuf},
};

use meter_uplink::UplinkError;

use crate::{SocketFault, Transport};

/// Why there is no usable Tor.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TorProblem {
    /// No such program in `PATH` or the usual folders: install Tor.
    #[error("the tor program is not installed")]
    Missing,
    /// The embedded Tor was asked for and is not part of this program.
    #[error("this program was built without a Tor of its own (cargo feature embedded-tor)")]
    NotBuiltIn,
    /// The program could be replaced by another user, or its path is relative.
    #[error("the tor program is not safe to run: others may write to it, or its path is relative")]
    ProgramUnsafe,
    /// The program is there but the system would not run it.
    #[error("the system would not run the tor program ({kind})")]
    SpawnFailed {
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// Tor ended before its control port could be used.
    #[error("tor ended at start")]
    ExitedAtStart {
        /// Exit status; `None` if a signal ended it.
        status: Option<i32>,
        /// Its last words, scrubbed; at most 20 lines.
        log: Vec<String>,
    },
    /// Tor ended after having run.
    #[error("tor ended unexpectedly")]
    Exited {
        /// Exit status; `None` if a signal ended it.
        status: Option<i32>,
        /// Its last words, scrubbed; at most 20 lines.
        log: Vec<String>,
    },
    /// Tor ended again and again.
    #[error("tor ended {exits} times in a row")]
    CrashLoop {
        /// How often within the policy's window.
        exits: u32,
        /// Last words of the last one, scrubbed; at most 20 lines.
        log: Vec<String>,
    },
    /// Tor ran but its control socket did not answer in time.
    #[error("tor did not answer in time after its start")]
    StartTimedOut {
        /// Its last words, scrubbed; at most 20 lines.
        log: Vec<String>,
    },
    /// Tor refused its configuration.
    #[error("tor does not accept one of its options")]
    BadOption {
        /// Its last words, scrubbed; at most 20 lines.
        log: Vec<String>,
    },
    /// An extra torrc line is not on [`OPTIONS_ALLOWED`](crate::OPTIONS_ALLOWED).
    #[error("extra Tor option number {line} is not among those allowed")]
    OptionNotAllowed {
        /// Which of the extra lines, counted from 1.
        line: usize,
    },
    /// Tor's data directory cannot be used.
    #[error("tor's data folder {0}")]
    DataDirUnusable(FolderFault),
    /// The folder for Tor's sockets cannot be used.
    #[error("the folder for tor's sockets {0}")]
    RunDirUnusable(FolderFault),
    /// Others could put another folder in the place of one above Tor's data directory.
    #[error(
        "{folder}, which is above tor's data folder, {why}",
        folder = .folder.display(),
        why = .why.says(.folder)
    )]
    OpenAbove {
        /// That folder.
        folder: PathBuf,
        /// How they could.
        why: OpenFolder,
    },
    /// A file of the embedded Tor's state is damaged. It holds the choice of guards, so it is not
    /// replaced unasked.
    #[error("{file} is damaged", file = .file.display())]
    StateDamaged {
        /// The file.
        file: PathBuf,
    },
    /// Another Tor holds our data directory.
    #[error("another tor is running with the same data folder")]
    DataDirLocked,
    /// A socket path would not fit into a socket address.
    #[error("the path of tor's socket has {bytes} bytes, at most {bytes_max} are possible")]
    SocketPathTooLong {
        /// Length of the longer socket path.
        bytes: usize,
        /// The limit of unix(7).
        bytes_max: usize,
    },
    /// Nothing answers where a Tor was looked for.
    #[error("no tor is running")]
    NotRunning,
    /// Something answers on the SOCKS port, and it is not Tor. Nothing was sent through it.
    #[error("what answers on the SOCKS port is not tor")]
    NotTor,
    /// A control port answers but must not or cannot be used.
    #[error("the control port cannot be used: {0}")]
    ControlRefused(ControlRefusal),
    /// The control connection broke off in the middle, or the Tor behind it ended.
    #[error("the connection to tor's control port broke off")]
    ControlLost,
    /// This Tor offers no SOCKS port on this computer, or not the one that was configured.
    #[error("this tor offers no SOCKS port that can be used")]
    NoSocksPort,
    /// Another user could sit at the Unix socket of an existing Tor. Nothing was sent there.
    #[error("tor's socket {0}")]
    SocketUnsafe(SocketFault),
    /// A configured address is not on this computer.
    #[error("tor's address must be a loopback address")]
    NotLoopback,
    /// Bridges or Shadowsocks are wanted together with a Tor that is not ours to configure.
    #[error("a Tor of somebody else cannot be kept on a detour; only one of our own can")]
    DetourNeedsOwnTor,
    /// Bridges and Shadowsocks are wanted at once.
    #[error("bridges and Shadowsocks together are not offered; choose one of them")]
    TwoDetours,
    /// A bridge is given without its fingerprint, and only the embedded Tor is there.
    #[error(
        "a bridge without its fingerprint cannot be used by the Tor that is built in; an installed \
         tor can"
    )]
    BridgeWithoutFingerprint,
    /// A bridge's transport has no program here.
    #[error(
        "bridges with {} need a program that is not installed: {}",
        .0.name(), .0.programs().join(" or ")
    )]
    TransportMissing(Transport),
    /// The only program for a bridge's transport is one that others could have changed.
    #[error(
        "bridges with {} need {}, and every user of this computer may change the one that is here",
        .0.name(), .1
    )]
    TransportUnsafe(Transport, &'static str),
    /// The file of the Shadowsocks server cannot be used. Tor was not started.
    #[error("Shadowsocks: {0}")]
    ShadowsocksRefused(UplinkError),
    /// Shadowsocks does not run on this computer.
    #[error("Shadowsocks on this computer does not run: {0}")]
    ShadowsocksDown(UplinkError),
    /// The Shadowsocks server accepts no connection.
    #[error("the Shadowsocks server does not answer")]
    ShadowsocksUnreachable,
    /// The Shadowsocks server accepts connections and passes nothing on.
    #[error("the Shadowsocks server accepts connections and passes nothing on")]
    ShadowsocksSilent,
    /// It was stopped before it was up.
    #[error("stopped")]
    Stopped,
    /// Our mistake.
    #[error("internal error: {0}")]
    Bug(&'static str),
}

/// How others could put another folder in the place of one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OpenFolder {
    /// It is ours, and they may write to it.
    Ours,
    /// It is the system's, and they may write to it.
    Roots,
    /// It is theirs.
    Theirs,
}

impl OpenFolder {
    /// What is wrong, and what mends it. Only its owner can change a folder's mode.
    fn says(self, folder: &Path) -> String {
        let folder = folder.display();
        match self {
            Self::Ours => format!("can be written to by others; run `chmod go-w {folder}`"),
            Self::Roots => format!(
                "can be written to by others and belongs to the system; an administrator can run \
                    `sudo chmod go-w {folder}`"
            ),
            Self::Theirs => "belongs to another user, who could put another in its place; let \
                Onionmeter's folder be elsewhere: set ONIONMETER_HOME to one in your home \
                folder"
                .to_owned(),
        }
    }
}

/// What is wrong with a folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum FolderFault {
    /// It is a file, or a symbolic link.
    #[error("is not a folder")]
    NotAFolder,
    /// Another user owns it.
    #[error("belongs to another user")]
    OtherOwner,
    /// Others may enter it.
    #[error("is open to others (mode {mode:o}): it must be 700")]
    OpenToOthers {
        /// Its permission bits.
        mode: u32,
    },
    /// The system refused.
    #[error("cannot be made or read ({kind})")]
    Io {
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// Tor itself could not use it.
    #[error("was refused by tor")]
    RefusedByTor,
}

/// Why a control port was refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ControlRefusal {
    /// Whatever answers does not speak the control protocol.
    #[error("it is not a Tor control port")]
    NotControlPort,
    /// It does not know the cookie it names: something poses as Tor. Ours was not sent.
    #[error("it could not prove to be Tor")]
    Impostor,
    /// The cookie file it names is not one we would read.
    #[error("its cookie file {0}")]
    CookieUnsafe(CookieFault),
    /// We may not read its cookie or open its socket: it is another user's.
    #[error("it is for another user")]
    NoAccess,
    /// It offers only methods that would give our secret away, or ask for a password.
    #[error("it offers no safe way to authenticate")]
    NoSafeMethod,
    /// It did not accept our proof.
    #[error("it refused our authentication")]
    Rejected,
    /// It broke the protocol after it had begun well.
    #[error("it broke the control protocol")]
    Malformed,
}

/// What is wrong with a cookie file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CookieFault {
    /// Its name is not one of Tor's, nor one that was configured.
    #[error("is not where Tor keeps it")]
    UnexpectedPlace,
    /// It is a link, a pipe, a folder or the like.
    #[error("is not a regular file")]
    NotAFile,
    /// It has not exactly 32 bytes.
    #[error("has not 32 bytes")]
    WrongSize,
    /// It could not be found or read.
    #[error("cannot be read")]
    Unreadable,
}

/// What to do after a problem.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Retry {
    /// Waiting may help.
    Later,
    /// Waiting may help; it counts towards a crash loop.
    LaterCounted,
    /// Someone has to do something first.
    Never,
}

impl TorProblem {
    /// Whether waiting can help.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::ExitedAtStart { .. }
            | Self::Exited { .. }
            | Self::StartTimedOut { .. }
            // A Tor orphaned by kill -9 needs up to 15 s to notice; a living one never goes.
            | Self::DataDirLocked => Retry::LaterCounted,
            Self::NotRunning
            | Self::ControlLost
            | Self::ShadowsocksDown(_)
            | Self::ShadowsocksUnreachable
            | Self::ShadowsocksSilent => Retry::Later,
            Self::Missing
            | Self::NotBuiltIn
            | Self::ProgramUnsafe
            | Self::SpawnFailed { .. }
            | Self::CrashLoop { .. }
            | Self::BadOption { .. }
            | Self::OptionNotAllowed { .. }
            | Self::DataDirUnusable(_)
            | Self::OpenAbove { .. }
            | Self::StateDamaged { .. }
            | Self::RunDirUnusable(_)
            | Self::SocketPathTooLong { .. }
            | Self::NotTor
            | Self::ControlRefused(_)
            | Self::NoSocksPort
            | Self::SocketUnsafe(_)
            | Self::NotLoopback
            | Self::DetourNeedsOwnTor
            | Self::TwoDetours
            | Self::BridgeWithoutFingerprint
            | Self::TransportMissing(_)
            | Self::TransportUnsafe(..)
            | Self::ShadowsocksRefused(_)
            | Self::Stopped
            | Self::Bug(_) => Retry::Never,
        }
    }

    /// Tor's last words, scrubbed; empty where there are none.
    #[must_use]
    pub fn log(&self) -> &[String] {
        match self {
            Self::ExitedAtStart { log, .. }
            | Self::Exited { log, .. }
            | Self::CrashLoop { log, .. }
            | Self::StartTimedOut { log }
            | Self::BadOption { log } => log,
            Self::Missing
            | Self::NotBuiltIn
            | Self::ProgramUnsafe
            | Self::SpawnFailed { .. }
            | Self::OptionNotAllowed { .. }
            | Self::DataDirUnusable(_)
            | Self::OpenAbove { .. }
            | Self::StateDamaged { .. }
            | Self::RunDirUnusable(_)
            | Self::DataDirLocked
            | Self::SocketPathTooLong { .. }
            | Self::NotRunning
            | Self::NotTor
            | Self::ControlRefused(_)
            | Self::ControlLost
            | Self::NoSocksPort
            | Self::SocketUnsafe(_)
            | Self::NotLoopback
            | Self::DetourNeedsOwnTor
            | Self::TwoDetours
            | Self::BridgeWithoutFingerprint
            | Self::TransportMissing(_)
            | Self::TransportUnsafe(..)
            | Self::ShadowsocksRefused(_)
            | Self::ShadowsocksDown(_)
            | Self::ShadowsocksUnreachable
            | Self::ShadowsocksSilent
            | Self::Stopped
            | Self::Bug(_) => &[],
        }
    }
}
