//! What the caller chooses: which Tor, which folders, how patient. Values only; nothing here
//! touches a socket or a file.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::sync::Notify;

use meter_core::TorAddr;

use crate::Detour;

/// Everything [`Tor`](crate::Tor) needs to know, fixed for one life of it.
#[derive(Clone, Debug)]
pub struct TorConfig {
    /// Which Tor to use.
    pub choice: Choice,
    /// The program to start when Tor is managed: a bare name is looked up in `PATH` and then in
    /// the usual system folders (Debian keeps `tor` in one that users' `PATH` may lack); a path
    /// must be absolute.
    pub program: PathBuf,
    /// Tor's own data directory when managed. Made 0700 if absent; refused if it is anyone
    /// else's or open to others.
    pub data_dir: PathBuf,
    /// The Tor that is part of the program; `None` where it was built without.
    pub embedded: Option<Embedded>,
    /// Where the sockets and the cookie of a Tor of ours live. Same rules as `data_dir`; the socket
    /// paths must stay within 107 bytes (`sun_path`, unix(7)).
    pub run_dir: PathBuf,
    /// Extra torrc lines for the managed Tor, from `config.toml` only. Each must begin with one
    /// of [`OPTIONS_ALLOWED`](crate::OPTIONS_ALLOWED).
    pub extra_torrc: Vec<String>,
    /// Another way out for Tor's own connections. With one, Tor is always one of ours.
    pub detour: Detour,
    /// Where to look for a Tor that already runs.
    pub existing_candidates: Vec<Candidate>,
    /// Cookie files accepted from an existing Tor besides those with Tor's own file names.
    pub cookie_files: Vec<PathBuf>,
    /// How restarts are spaced and when they end.
    pub restart: RestartPolicy,
    /// How long a starting Tor may take until its control socket answers.
    pub start_max: Duration,
    /// How long a stopping Tor may take before it is killed.
    pub stop_max: Duration,
    /// How often a Tor without control port is checked for being there.
    pub watch_every: Duration,
    /// Tells it to check now. Who has a clock that runs anyway spares it one of its own, by telling
    /// it more often than `watch_every`.
    pub watch_now: Arc<Notify>,
}

impl TorConfig {
    /// The defaults of a product: [`Choice::Auto`], `tor` from `PATH`, well-known ports.
    #[must_use]
    pub fn new(data_dir: PathBuf, run_dir: PathBuf) -> Self {
        Self {
            choice: Choice::Auto,
            program: PathBuf::from("tor"),
            data_dir,
            embedded: None,
            run_dir,
            extra_torrc: Vec::new(),
            detour: Detour::default(),
            existing_candidates: Candidate::well_known(),
            cookie_files: Vec::new(),
            restart: RestartPolicy::default(),
            // A data directory that another Tor holds takes 5 s to be refused (measured).
            start_max: Duration::from_secs(20),
            stop_max: Duration::from_secs(5),
            watch_every: Duration::from_secs(5),
            watch_now: Arc::default(),
        }
    }
}

/// Which Tor to use.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Choice {
    /// A running Tor that proves itself on its control port; else a managed one; else, where no
    /// program is installed, the embedded one; else, where there is none, a running one without
    /// control.
    Auto,
    /// Only a Tor that someone else runs. Never stopped by us.
    Existing {
        /// Its SOCKS address: loopback, or a Unix socket where nobody else can sit. `None`: what
        /// its control port says.
        socks: Option<TorAddr>,
        /// Its control port. `None`: the candidates' (those with this SOCKS address, if given).
        control: Option<TorAddr>,
    },
    /// Only a child of ours, made of the program that is installed.
    Managed,
    /// Only a child of ours, made of our own program.
    Embedded,
}

/// The Tor that is part of the program: how to start the program once more, as that.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// Our own program, absolute.
    pub program: PathBuf,
    /// What makes it the embedded Tor.
    pub arguments: Vec<OsString>,
    /// Its state and directory; rules as for [`TorConfig::data_dir`], which must be another folder.
    pub data_dir: PathBuf,
    /// Arti's configuration as TOML, from `config.toml` only. Mostly empty.
    pub arti: String,
    /// How much it writes to its log: `error`, `warn`, `info`, `debug` or `trace`.
    pub log_level: String,
}

/// One place where a Tor may already be running.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Candidate {
    /// SOCKS address: loopback or a Unix socket.
    pub socks: Option<TorAddr>,
    /// Control port.
    pub control: Option<TorAddr>,
}

impl Candidate {
    /// The system service (Debian's sockets, and 9050 with 9051 or Debian's control socket) and Tor
    /// Browser (9150, 9151). Sockets come first: at a port anybody may sit.
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

/// Where a system's service keeps its sockets. On Linux `/var/run` leads to `/run`.
const SYSTEM_SOCKETS: &str = if cfg!(target_os = "linux") {
    "/run/tor"
} else {
    "/var/run/tor"
};

/// How restarts are spaced: doubling from `first` to `max`, back to `first` after `stable`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RestartPolicy {
    /// Pause before the first restart.
    pub first: Duration,
    /// Longest pause.
    pub max: Duration,
    /// A Tor that lasted this long is forgiven its earlier ends.
    pub stable: Duration,
    /// This many exits within `window` are a crash loop.
    pub exits_max: u32,
    /// The window for `exits_max`. Wider than a minute, because the pauses themselves keep ten
    /// exits from fitting into one.
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
