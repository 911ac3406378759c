//! `config.toml`, parsed once into types; an error names key, line and limit.

mod edit;
pub(crate) mod keys;
mod parse;
mod pasted;
pub(crate) mod quantity;
mod read;
mod refusal;
mod typed;
mod without;

use meter_core::{Backend, DurationMs, Thresholds, TorAddr};
use meter_tor::{Bridge, BridgeFault};
use meter_wire::BadgeNumber;
use std::{io, path::PathBuf};

pub(crate) use edit::{Kept, set, set_backend, unset};
pub(crate) use parse::NO_SUCH_KEY;
pub use parse::parse;
pub(crate) use read::read;
pub(crate) use refusal::{Refusal, shown};
pub(crate) use typed::{plain, typed};

/// The relay's port if the file names none and no other program uses it.
pub const USUAL_PORT: u16 = 9149;

/// Everything that can be configured, checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The relay's port on 127.0.0.1.
    pub relay_port: u16,
    /// Whether the file names that port; if not, the relay chooses another one when it is taken.
    pub relay_port_is_named: bool,
    /// Connections served at once.
    pub connections_max: usize,
    /// Whether success is reported to clients before Tor has answered.
    pub optimistic: bool,
    /// Whether connections are served although the system does not tell which user they belong to.
    pub serve_unidentified: bool,
    /// When sessions close.
    pub thresholds: Thresholds,
    /// Tor.
    pub tor: TorChoice,
    /// Seconds without clients and connections after which the daemon ends; `None`: never.
    pub idle_exit_s: Option<u64>,
    /// Whether the daemon shows a notification of the desktop when the extension leaves while pages
    /// are wanted through Tor.
    pub desktop_notice: bool,
    /// The longest random delay before reports are sent to a ledger; 0: at once.
    pub ledger_delay_max: DurationMs,
    /// The number that badge and `status` show first.
    pub ledger_badge: BadgeNumber,
    /// The log's level.
    pub log_level: tracing::Level,
}

/// Which Tor to use and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TorChoice {
    /// The only backend that may be used; `None`: what is found.
    pub backend: Option<Backend>,
    /// The program of a managed Tor.
    pub program: PathBuf,
    /// SOCKS address of an existing Tor; `None`: the usual places.
    pub socks_port: Option<TorAddr>,
    /// Control address of an existing Tor; `None`: the usual places.
    pub control_port: Option<TorAddr>,
    /// Lines added to the torrc of a managed Tor.
    pub extra_torrc: Vec<String>,
    /// Configuration of the embedded Tor, as TOML.
    pub arti: String,
    /// The file of a Shadowsocks server, relative to the home; `None`: Tor connects directly.
    pub shadowsocks: Option<PathBuf>,
    /// Bridges that a Tor of ours connects to instead of public relays.
    pub bridges: Vec<Bridge>,
    /// The only country whose exits a managed Tor uses, as two lower-case letters (ISO 3166).
    pub exit_country: Option<String>,
}

/// The reason why `config.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{path} cannot be read", path = .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// It cannot be changed.
    #[error("{path} cannot be written", path = .0.display())]
    Write(PathBuf, #[source] io::Error),
    /// It is not TOML, or has an unknown key or a value of the wrong type.
    #[error("{path}, {message}", path = .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Line and reason.
        message: String,
    },
    /// A value is outside its limits.
    #[error("{path}, line {line}: {key} is {value}; it must be {limit}",
        path = .path.display(), value = shown(.value))]
    Value {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// With its section.
        key: &'static str,
        /// As written.
        value: String,
        /// What is allowed.
        limit: String,
        /// The same as a word of a closed set with its values; `None` if only the text has it.
        cause: Option<String>,
    },
    /// A bridge line is not valid. It is not repeated: bridges are secrets.
    #[error("{path}, line {line}: tor.bridges cannot be used: {reason}", path = .path.display())]
    Bridge {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        reason: BridgeFault,
    },
}

impl TorChoice {
    /// Whether this program, with the other settings unchanged, allows `backend`.
    #[must_use]
    pub fn allows(&self, backend: Backend) -> bool {
        let is_straight =
            self.shadowsocks.is_none() && self.bridges.is_empty() && self.exit_country.is_none();
        match backend {
            Backend::Managed => true,
            Backend::Existing => is_straight,
            Backend::Embedded => {
                let are_named = self.bridges.iter().all(Bridge::has_fingerprint);
                are_named && self.exit_country.is_none() && cfg!(feature = "embedded-tor")
            }
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        parse("", std::path::Path::new("config.toml")).expect("an empty file is in order; tested")
    }
}

impl Config {
    /// Reads the file; a missing one gives the defaults.
    ///
    /// # Errors
    /// When it cannot be read or contains a mistake.
    pub fn load(path: &std::path::Path) -> Result<Self, ConfigError> {
        read(path)?.map_or_else(|| Ok(Self::default()), |text| parse(&text, path))
    }
}
