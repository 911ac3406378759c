//! `config.toml` of the data folder. Everything has a default, and options of the command line come
//! before it.

mod file;
mod mistake;

pub(crate) use mistake::address;

use crate::{
    http::{Limits, Origin, OriginError},
    store::{PostgresUrl, StoreFault},
};
use serde::Deserialize;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// Port of the mission's numbers (`docs/operating.md`).
const PORT: u16 = 3443;

/// The settings.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The addresses under which clients reach it; the first is the one to show.
    pub origins: Vec<String>,
    /// Where `/healthz` and `/metrics` answer as well, for tools on this computer.
    pub monitor: Option<SocketAddr>,
    /// A file below the data folder, or a URL of PostgreSQL.
    pub database: String,
    /// Who may open an account in a new ledger.
    pub enrolment: Enrolment,
    /// So many accounts are opened in an hour without an invitation; 0: none.
    pub new_accounts_per_hour: u32,
    /// Certificate chain, PEM.
    pub tls_cert: Option<PathBuf>,
    /// Its key, PEM.
    pub tls_key: Option<PathBuf>,
    /// Whether Tor names the circuit of each connection (`HiddenServiceExportCircuitID haproxy`).
    pub export_circuit_id: bool,
    /// After so many days the body of a report is forgotten; 0: never.
    pub keep_reports_days: u32,
    /// So often everything is audited beside the work; 0: never.
    pub audit_every_hours: u32,
    /// What is logged to stderr.
    pub log: Log,
}

/// Who may open an account.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Enrolment {
    /// Everybody.
    Open,
    /// Who has an invitation.
    ByInvitation,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Log {
    /// What an operator must mend.
    Error,
    /// And what is unusual.
    Warn,
    /// And starts and ends.
    Info,
    /// And more, for us.
    Debug,
}

/// Why the settings are not used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// It is not what it should be.
    #[error("{path}: {why}", path = .path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What, and in which line.
        why: String,
    },
    /// `listen` does not say where people reach the ledger.
    #[error(
        "{0} means every address of this computer, and not where people reach the ledger: name \
         that with --origin URL, or as origins in config.toml"
    )]
    NoOrigin(SocketAddr),
    /// Others could read how the ledger is.
    #[error(
        "monitor (--monitor) is for tools on this computer alone, and {0} is not: name a port of \
         127.0.0.1, for example 127.0.0.1:3444"
    )]
    Monitor(SocketAddr),
    /// One port cannot be both.
    #[error(
        "listen and monitor (--listen and --monitor) are both {0}: name another port for monitor, \
         for example 127.0.0.1:3444"
    )]
    SamePort(SocketAddr),
    /// The text names no database.
    #[error(
        "the database \"{0}\" (database, --database) is no file and no PostgreSQL: name a file in \
         the data folder, or postgres://USER@HOST/NAME"
    )]
    NoDatabase(String),
    /// Two settings belong together.
    #[error("tls_cert and tls_key (--tls-cert and --tls-key) belong together: name both or none")]
    HalfTls,
    /// An origin has another form.
    #[error("{text} is no origin: {source}")]
    Origin {
        /// What is there.
        text: String,
        /// What it should be.
        source: OriginError,
    },
    /// The address of PostgreSQL has another form.
    #[error(transparent)]
    Database(#[from] StoreFault),
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), PORT),
            origins: Vec::new(),
            monitor: None,
            database: "ledger.sqlite3".to_owned(),
            enrolment: Enrolment::Open,
            new_accounts_per_hour: Limits::default().accounts_per_hour,
            tls_cert: None,
            tls_key: None,
            export_circuit_id: false,
            keep_reports_days: 0,
            audit_every_hours: 24,
            log: Log::Info,
        }
    }
}

impl Config {
    /// Reads the file; without one, every default.
    ///
    /// # Errors
    /// When it cannot be read, names a key that is not known, or has a value out of its limits.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        match file::read(path) {
            Ok(text) => Self::parse(&text).map_err(|why| ConfigError::Form {
                path: path.to_owned(),
                why,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Read {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Reads the text of the file.
    ///
    /// # Errors
    /// What is wrong, and in which line.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| mistake::sentence(text, &error))
    }

    /// Checks what one value alone does not show.
    ///
    /// # Errors
    /// When settings do not go together.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err(ConfigError::HalfTls);
        }
        if PostgresUrl::is_one(&self.database) {
            self.database.parse::<PostgresUrl>()?;
        } else {
            check_file(&self.database)?;
        }
        if let Some(monitor) = self.monitor.filter(|at| !at.ip().is_loopback()) {
            return Err(ConfigError::Monitor(monitor));
        }
        // Port 0 is a free one, so two of them are two.
        if self.monitor == Some(self.listen) && self.listen.port() != 0 {
            return Err(ConfigError::SamePort(self.listen));
        }
        // Options may still name one if the file does not.
        match self.origins.is_empty() {
            true => Ok(()),
            false => self.origins(self.listen).map(drop),
        }
    }

    /// The addresses under which clients reach the ledger that listens at `listen`. The first is
    /// the one to show.
    ///
    /// # Errors
    /// When one of them has another form, or when none is named.
    pub fn origins(&self, listen: SocketAddr) -> Result<Vec<Origin>, ConfigError> {
        let scheme = if self.tls_cert.is_some() {
            "https"
        } else {
            "http"
        };
        if self.origins.is_empty() && listen.ip().is_unspecified() {
            return Err(ConfigError::NoOrigin(listen));
        }
        let own = vec![format!("{scheme}://{listen}")];
        let texts = if self.origins.is_empty() {
            &own
        } else {
            &self.origins
        };
        let parse = |text: &String| {
            let origin = text.parse::<Origin>();
            origin.map_err(|source| ConfigError::Origin {
                text: text.clone(),
                source,
            })
        };
        texts.iter().map(parse).collect()
    }
}

/// Refuses a text that cannot name a file with a database.
pub(crate) fn check_file(text: &str) -> Result<(), ConfigError> {
    match text.is_empty() || text.contains("://") {
        true => Err(ConfigError::NoDatabase(text.to_owned())),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::Mode;

    /// The example file of the documents.
    const EXAMPLE: &str = include_str!("../config.example.toml");

    #[test]
    fn the_example_file_has_every_key_with_its_default() {
        let shown: toml::Table = toml::from_str(EXAMPLE).expect("toml");
        let keys: Vec<_> = shown.keys().map(String::as_str).collect();
        let mut without = shown.clone();
        for key in ["monitor", "tls_cert", "tls_key"] {
            assert!(without.remove(key).is_none(), "{key} has no default");
            assert!(EXAMPLE.contains(&format!("# {key} = ")), "{key}");
        }
        // A key that is missing here would be one that the program does not read.
        let known = [
            "audit_every_hours",
            "database",
            "enrolment",
            "export_circuit_id",
            "keep_reports_days",
            "listen",
            "log",
            "new_accounts_per_hour",
            "origins",
        ];
        let mut sorted = keys;
        sorted.sort_unstable();
        assert_eq!(sorted, known);
        assert_eq!(Config::parse(EXAMPLE).expect("read"), Config::default());
        // With the three lines that are commented out, every field of `Config` is there.
        let fields = format!("{:?}", Config::default()).matches(": ").count();
        let socket_and_nothing_else = known.len() + 3;
        assert_eq!(fields, socket_and_nothing_else);
    }

    #[test]
    fn a_key_that_is_not_known_is_named_with_its_line() {
        let error = Config::parse("log = \"warn\"\nlisten_on = \"x\"\n").expect_err("refused");
        assert!(
            error.contains("listen_on") && error.contains("line 2"),
            "{error}"
        );
    }

    #[test]
    fn without_an_address_of_its_own_a_ledger_is_reached_where_it_listens() {
        let listen = "127.0.0.1:3443".parse().expect("an address");
        let shown = |config: &Config| config.origins(listen).expect("origins")[0].to_string();
        assert_eq!(shown(&Config::default()), "http://127.0.0.1:3443");
        let with_tls = Config {
            tls_cert: Some("cert.pem".into()),
            tls_key: Some("key.pem".into()),
            ..Config::default()
        };
        assert_eq!(shown(&with_tls), "https://127.0.0.1:3443");
        let onion = Config {
            origins: vec!["http://ledger.onion".to_owned()],
            ..Config::default()
        };
        assert_eq!(shown(&onion), "http://ledger.onion");
    }

    #[test]
    fn what_is_no_origin_or_no_address_of_postgresql_is_named() {
        for origin in [
            "ledger.example",
            "ftp://a",
            "http://",
            "http://a/b",
            "http://A",
        ] {
            let config = Config {
                origins: vec![origin.to_owned()],
                ..Config::default()
            };
            let error = config.check().expect_err(origin).to_string();
            assert!(error.starts_with(origin), "{error}");
        }
        let config = Config {
            database: "postgres://".to_owned(),
            ..Config::default()
        };
        config.check().expect_err("no host");
        for database in ["", "mysql://a", "sqlite://a"] {
            let config = Config {
                database: database.to_owned(),
                ..Config::default()
            };
            let error = config.check().expect_err(database);
            assert!(matches!(error, ConfigError::NoDatabase(_)), "{error}");
        }
    }

    #[test]
    fn every_address_is_no_address_to_tell_people() {
        for listen in ["0.0.0.0:3443", "[::]:3443"] {
            let mut config = Config {
                listen: listen.parse().expect("an address"),
                ..Config::default()
            };
            let error = config.origins(config.listen).expect_err(listen);
            assert!(error.to_string().contains("--origin"), "{error}");
            config.origins = vec!["https://ledger.example".to_owned()];
            config.origins(config.listen).expect("it has an address");
        }
    }

    #[test]
    fn the_door_of_tools_is_on_this_computer() {
        let with = |monitor: &str| Config {
            monitor: Some(monitor.parse().expect("an address")),
            ..Config::default()
        };
        for here in ["127.0.0.1:3444", "[::1]:3444"] {
            with(here).check().expect(here);
        }
        for everywhere in ["0.0.0.0:3444", "[::]:3444", "192.0.2.1:3444"] {
            let error = with(everywhere).check().expect_err(everywhere).to_string();
            assert!(error.contains("127.0.0.1:3444"), "{error}");
        }
        let error = with("127.0.0.1:3443").check().expect_err("one port twice");
        let error = error.to_string();
        assert!(
            error.contains("both 127.0.0.1:3443: name another port"),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_file_of_settings_is_not_waited_for_and_not_read_to_its_end() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("config.toml");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, Mode::RUSR | Mode::WUSR).expect("ours");
        let error = Config::read(&path).expect_err("no file").to_string();
        assert!(error.ends_with("it is no file"), "{error}");
        std::fs::remove_file(&path).expect("ours");
        std::fs::write(&path, "#".repeat((64 << 10) + 1)).expect("ours");
        let error = Config::read(&path).expect_err("too large").to_string();
        assert!(error.ends_with("larger than 64 KiB"), "{error}");
        std::fs::write(&path, "#".repeat(64 << 10)).expect("ours");
        Config::read(&path).expect("all of it");
    }
}
