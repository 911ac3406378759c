//! All problems with Tor: one variant for each thing that a person can do about it.
//!
//! No variant contains an address or a name, so the texts may be shown and logged. Two contain a
//! path of this computer.

mod folder;
mod inside;
mod program;

use std::{
    io,
    path::{Path, PathBuf},
};

use meter_uplink::{FileFault, UplinkError};

pub use self::{
    folder::{FolderFault, no_more_files},
    inside::InsideFault,
    program::ProgramFault,
};
use crate::{SocketFault, Transport};

/// The reason why there is no usable Tor.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TorProblem {
    /// There is no such program in `PATH` or the usual folders. Tor must be installed.
    #[error("the tor program is not installed")]
    Missing,
    /// The embedded Tor is configured but not part of this program.
    #[error("this program was built without a Tor of its own (cargo feature embedded-tor)")]
    NotBuiltIn,
    /// Another user could replace the program, or its path is relative.
    #[error("the tor program is not safe to run: others may write to it, or its path is relative")]
    ProgramUnsafe,
    /// The program of the settings cannot be run.
    #[error("{program} {why}", program = .program.display())]
    ProgramUnusable {
        /// Its path.
        program: PathBuf,
        /// What is wrong with it.
        why: ProgramFault,
    },
    /// The program exists, but the system would not run it.
    #[error("the system would not run the tor program ({kind})")]
    SpawnFailed {
        /// The system's error.
        kind: io::ErrorKind,
    },
    /// The system lets this process open no more files, so no program can be started.
    #[error("the system allows no more open files, so the tor program was not started")]
    NoMoreFiles,
    /// Tor ended before its control port could be used.
    #[error("tor ended at start")]
    ExitedAtStart {
        /// Exit status; `None` if a signal ended it.
        status: Option<i32>,
        /// Its last log lines, scrubbed; at most 20.
        log: Vec<String>,
    },
    /// Tor ended after it had run.
    #[error("tor ended unexpectedly")]
    Exited {
        /// Exit status; `None` if a signal ended it.
        status: Option<i32>,
        /// Its last log lines, scrubbed; at most 20.
        log: Vec<String>,
    },
    /// Tor ended again and again.
    #[error("tor ended {exits} times in a row")]
    CrashLoop {
        /// Number of exits within the policy's window.
        exits: u32,
        /// The last log lines of the last one, scrubbed; at most 20.
        log: Vec<String>,
    },
    /// Tor ran but its control socket did not answer in time.
    #[error("tor did not answer in time after its start")]
    StartTimedOut {
        /// Its last log lines, scrubbed; at most 20.
        log: Vec<String>,
    },
    /// Tor refused its configuration.
    #[error("tor does not accept one of its options")]
    BadOption {
        /// Its last log lines, scrubbed; at most 20.
        log: Vec<String>,
    },
    /// An extra torrc line is not on [`OPTIONS_ALLOWED`](crate::OPTIONS_ALLOWED).
    #[error(
        "option number {line} of tor.extra_torrc may not be set there; `onionmeter doctor` says why"
    )]
    OptionNotAllowed {
        /// Number of the extra line, from 1.
        line: usize,
    },
    /// Tor's data directory cannot be used.
    #[error("tor's data folder {0}")]
    DataDirUnusable(FolderFault),
    /// The folder for Tor's sockets cannot be used.
    #[error("the folder for tor's sockets {0}")]
    RunDirUnusable(FolderFault),
    /// Another user could replace a folder above Tor's data directory.
    #[error(
        "{folder}, which is above tor's data folder, {why}",
        folder = .folder.display(),
        why = .why.says(.folder)
    )]
    OpenAbove {
        /// The folder.
        folder: PathBuf,
        /// How others could replace it.
        why: OpenFolder,
    },
    /// Something in Tor's data directory can be changed by others, or cannot be used.
    #[error("{path} {why}", path = .path.display(), why = .why.says(.path))]
    Inside {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        why: InsideFault,
    },
    /// A file of the embedded Tor's state is damaged. It holds the choice of guards, so it is
    /// replaced only on request.
    #[error("{file} is damaged", file = .file.display())]
    StateDamaged {
        /// The file.
        file: PathBuf,
    },
    /// Another Tor uses our data directory.
    #[error("another tor is running with the same data folder")]
    DataDirLocked,
    /// A socket path is too long for a socket address.
    #[error("the path of tor's socket has {bytes} bytes, at most {bytes_max} are possible")]
    SocketPathTooLong {
        /// Length of the longer socket path.
        bytes: usize,
        /// The limit of unix(7).
        bytes_max: usize,
    },
    /// No program answers at the places where a Tor was looked for.
    #[error("no tor is running")]
    NotRunning,
    /// The program at the SOCKS port takes connections and says nothing: suspended, or hanging.
    #[error(
        "the program on its SOCKS port takes connections and does not answer; it hangs or is \
         suspended"
    )]
    Silent,
    /// The program at the SOCKS port is not Tor. Nothing was sent through it.
    #[error("what answers on the SOCKS port is not tor")]
    NotTor,
    /// A control port answers, but it must not or cannot be used.
    #[error("the control port cannot be used: {0}")]
    ControlRefused(ControlRefusal),
    /// The control connection ended unexpectedly, or the Tor behind it ended.
    #[error("the connection to tor's control port broke off")]
    ControlLost,
    /// This Tor has no SOCKS port on this computer, or not the configured one.
    #[error("this tor offers no SOCKS port that can be used; its torrc needs `SocksPort 9050`")]
    NoSocksPort,
    /// Another user could have made the Unix socket of the existing Tor. Nothing was sent there.
    #[error("tor's socket {0}")]
    SocketUnsafe(SocketFault),
    /// A configured address is not on this computer.
    #[error("tor's address must be a loopback address")]
    NotLoopback,
    /// Bridges or Shadowsocks are configured together with a Tor that we cannot configure.
    #[error("only a Tor that Onionmeter runs can use bridges or Shadowsocks")]
    DetourNeedsOwnTor,
    /// Bridges and Shadowsocks are configured together.
    #[error("bridges and Shadowsocks together are not offered; choose one of them")]
    TwoDetours,
    /// A bridge has no fingerprint, and only the embedded Tor is available.
    #[error(
        "a bridge without its fingerprint cannot be used by the Tor that is built in; an installed \
         tor can"
    )]
    BridgeWithoutFingerprint,
    /// No program for a bridge's transport is installed here.
    #[error(
        "bridges with {} need a program that is not installed: {}",
        .0.name(), .0.programs().join(" or ")
    )]
    TransportMissing(Transport),
    /// Other users could have changed the only program for a bridge's transport.
    #[error(
        "bridges with {} need {}, and every user of this computer may change the one that is here",
        .0.name(), .1
    )]
    TransportUnsafe(Transport, &'static str),
    /// The file of the Shadowsocks server cannot be used. Tor was not started.
    #[error("Shadowsocks: {0}")]
    ShadowsocksRefused(UplinkError),
    /// The local end of Shadowsocks does not run.
    #[error("Shadowsocks on this computer does not run: {0}")]
    ShadowsocksDown(UplinkError),
    /// The Shadowsocks server accepts no connection.
    #[error("the Shadowsocks server does not answer")]
    ShadowsocksUnreachable,
    /// The Shadowsocks server accepts connections but passes nothing on.
    #[error("the Shadowsocks server accepts connections and passes nothing on")]
    ShadowsocksSilent,
    /// Tor was stopped before it was ready.
    #[error("stopped")]
    Stopped,
    /// A bug of ours.
    #[error("internal error: {0}")]
    Bug(&'static str),
}

/// How other users could replace a folder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OpenFolder {
    /// The folder is ours, and other users may write to it.
    Ours,
    /// The folder belongs to the system, and other users may write to it.
    Roots,
    /// The folder belongs to another user.
    Theirs,
}

impl OpenFolder {
    /// Says what is wrong and how to repair it. Only the owner of a folder can change its mode.
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

/// The reason why a control port is not used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ControlRefusal {
    /// The program at the port does not speak the control protocol.
    #[error("it is not a Tor control port")]
    NotControlPort,
    /// The program at the port accepts connections and sends nothing.
    #[error("it accepts connections and does not answer; the program there hangs or is suspended")]
    Silent,
    /// It does not know the cookie that it names, so it pretends to be Tor. Our proof was not sent.
    #[error("it could not prove to be Tor")]
    Impostor,
    /// The cookie file that it names is not one that we would read.
    #[error("its cookie file {0}")]
    CookieUnsafe(CookieFault),
    /// We may not read its cookie or open its socket: it belongs to another user.
    #[error("it is for another user")]
    NoAccess,
    /// Its methods would reveal our secret, or need a password.
    #[error("it offers no safe way to authenticate")]
    NoSafeMethod,
    /// It did not accept our proof.
    #[error("it refused our authentication")]
    Rejected,
    /// It broke the protocol after a correct beginning.
    #[error("it broke the control protocol")]
    Malformed,
}

/// What is wrong with a cookie file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CookieFault {
    /// Its name is neither one of Tor's nor a configured one.
    #[error("is not where Tor keeps it")]
    UnexpectedPlace,
    /// It is not a regular file: a link, a pipe or a folder.
    #[error("is not a regular file")]
    NotAFile,
    /// Its length is not 32 bytes.
    #[error("does not have 32 bytes")]
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
    /// Waiting may help. The end counts towards a crash loop.
    LaterCounted,
    /// A person has to do something first.
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
            // A Tor that was orphaned by `kill -9` takes up to 15 s to notice it. Another live Tor
            // does not end by itself.
            | Self::DataDirLocked => Retry::LaterCounted,
            Self::NotRunning
            | Self::Silent
            | Self::ControlRefused(ControlRefusal::Silent)
            | Self::NoMoreFiles
            | Self::DataDirUnusable(FolderFault::NoMoreFiles)
            | Self::RunDirUnusable(FolderFault::NoMoreFiles)
            | Self::ShadowsocksRefused(UplinkError::File(FileFault::NoMoreFiles))
            | Self::ControlLost
            | Self::ShadowsocksDown(_)
            | Self::ShadowsocksUnreachable
            | Self::ShadowsocksSilent => Retry::Later,
            Self::Missing
            | Self::NotBuiltIn
            | Self::ProgramUnsafe
            | Self::ProgramUnusable { .. }
            | Self::SpawnFailed { .. }
            | Self::CrashLoop { .. }
            | Self::BadOption { .. }
            | Self::OptionNotAllowed { .. }
            | Self::DataDirUnusable(_)
            | Self::OpenAbove { .. }
            | Self::Inside { .. }
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

    /// Tor's last log lines, scrubbed; empty if it wrote none.
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
            | Self::ProgramUnusable { .. }
            | Self::SpawnFailed { .. }
            | Self::NoMoreFiles
            | Self::OptionNotAllowed { .. }
            | Self::DataDirUnusable(_)
            | Self::OpenAbove { .. }
            | Self::Inside { .. }
            | Self::StateDamaged { .. }
            | Self::RunDirUnusable(_)
            | Self::DataDirLocked
            | Self::SocketPathTooLong { .. }
            | Self::NotRunning
            | Self::Silent
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
