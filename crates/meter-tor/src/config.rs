//! The caller's choices: backend, folders, limits. Plain values; nothing here opens a socket or a
//! file.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::sync::Notify;

use meter_core::{Backend, TorAddr};

use crate::Detour;

/// The settings of [`Tor`](crate::Tor). They stay fixed while one Tor runs.
#[derive(Clone, Debug)]
pub struct TorConfig {
    /// The only backend that may be used. `None`, the automatic choice, tries in this order: a
    /// running Tor that proves itself on its control port; a managed one; if no program is
    /// installed, the embedded one; if that is not built in, a running one without control.
    pub backend: Option<Backend>,
    /// The addresses of [`Backend::Existing`]: loopback, or a Unix socket that nobody else could
    /// have made. Without `socks`: the address that its control port reports. Without `control`:
    /// the ports of the candidates (with `socks` given, of those with this address).
    pub existing: Candidate,
    /// The program of a managed Tor. A bare name is looked up in `PATH` and then in the usual
    /// system folders (Debian keeps `tor` in one that a user's `PATH` may lack). A path must be
    /// absolute.
    pub program: PathBuf,
    /// The data directory of a managed Tor. Made with mode 0700 if it does not exist; refused if it
    /// belongs to another user or is open to others.
    pub data_dir: PathBuf,
    /// The Tor that is built into the program; `None` if the program was built without one.
    pub embedded: Option<Embedded>,
    /// Folder for the sockets and the cookie of a Tor of ours. The rules of `data_dir` apply. The
    /// socket paths must have at most 107 bytes (`sun_path`, unix(7)).
    pub run_dir: PathBuf,
    /// Extra torrc lines for the managed Tor, from `config.toml` only. Each must begin with one of
    /// [`OPTIONS_ALLOWED`](crate::OPTIONS_ALLOWED).
    pub extra_torrc: Vec<String>,
    /// A detour for Tor's own connections. With a detour, only a Tor of ours is used.
    pub detour: Detour,
    /// Places where a Tor may already run.
    pub existing_candidates: Vec<Candidate>,
    /// Cookie files that are accepted from an existing Tor, besides those with Tor's own file
    /// names.
    pub cookie_files: Vec<PathBuf>,
    /// Pauses between restarts, and when to stop restarting.
    pub restart: RestartPolicy,
    /// How long a starting Tor may take until its control socket answers.
    pub start_max: Duration,
    /// How long a stopping Tor may take before it is killed.
    pub stop_max: Duration,
    /// How often a Tor without a control port is checked.
    pub watch_every: Duration,
    /// Requests a check now. A caller with its own clock can notify this more often than
    /// `watch_every`; then no second timer is needed.
    pub watch_now: Arc<Notify>,
}

impl TorConfig {
    /// The defaults of the product: [`Choice::Auto`], `tor` from `PATH`, well-known ports.
    #[must_use]
    pub fn new(data_dir: PathBuf, run_dir: PathBuf) -> Self {
        Self {
            backend: None,
            existing: Candidate::default(),
            program: PathBuf::from("tor"),
            data_dir,
            embedded: None,
            run_dir,
            extra_torrc: Vec::new(),
            detour: Detour::default(),
            existing_candidates: Candidate::well_known(),
            cookie_files: Vec::new(),
            restart: RestartPolicy::default(),
            // When another Tor uses the data directory, `tor` takes 5 s to refuse it (measured).
            start_max: Duration::from_secs(20),
            stop_max: Duration::from_secs(5),
            watch_every: Duration::from_secs(5),
            watch_now: Arc::default(),
        }
    }
}

/// The built-in Tor: how to start our own program as Tor.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// Path of our own program, absolute.
    pub program: PathBuf,
    /// The arguments that make it the embedded Tor.
    pub arguments: Vec<OsString>,
    /// Folder for its state and directory. The rules of [`TorConfig::data_dir`] apply; it must be a
    /// different folder.
    pub data_dir: PathBuf,
    /// Arti's configuration as TOML, from `config.toml` only. Usually empty.
    pub arti: String,
    /// Log level: `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: String,
}

/// A place where a Tor may already run.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Candidate {
    /// SOCKS address: loopback or a Unix socket.
    pub socks: Option<TorAddr>,
    /// Control port.
    pub control: Option<TorAddr>,
}

impl Candidate {
    /// The system service (Debian's sockets, and 9050 with 9051 or Debian's control socket) and Tor
    /// Browser (9150, 9151). Sockets come first, because any user can listen on a port.
    #[must_use]
    pub fn well_known() -> Vec<Self> {
        let port = |port| Some(TorAddr::loopback(port));
        let folder = Path::new(SYSTEM_SOCKETS);
        let system_control = Some(TorAddr::Unix(folder.join("control")));
        vec![
            Self {
                socks: Some(TorAddr::Unix(folder.join("socks"))),
                control: system_control.clone(),
            },
            Self {
                socks: port(9050),
                control: port(9051),
            },
            Self {
                socks: port(9050),
                control: system_control,
            },
            Self {
                socks: port(9150),
                control: port(9151),
            },
        ]
    }
}

/// Folder of the system service's sockets. On Linux `/var/run` is a link to `/run`.
const SYSTEM_SOCKETS: &str = if cfg!(target_os = "linux") {
    "/run/tor"
} else {
    "/var/run/tor"
};

/// Pauses between restarts: they double from `first` to `max`, and return to `first` after
/// `stable`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RestartPolicy {
    /// Pause before the first restart.
    pub first: Duration,
    /// Longest pause.
    pub max: Duration,
    /// After a Tor ran this long, its earlier ends no longer count.
    pub stable: Duration,
    /// This many exits within `window` count as a crash loop.
    pub exits_max: u32,
    /// The window for `exits_max`. Longer than a minute: with the pauses, ten exits do not fit into
    /// one minute.
    pub window: Duration,
}

impl Default for RestartPolicy {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            max: Duration::from_secs(30),
            stable: Duration::from_secs(60),
            exits_max: 10,
            window: Duration::from_secs(600),
        }
    }
}
