//! `config.toml` of the data folder. Everything has a default, and options of the command line come
//! before it.

use crate::{
    http::{Limits, Origin, OriginError},
    store::{PostgresUrl, StoreFault},
};
use serde::Deserialize;
use std::{
    fs, io,
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
        match fs::read_to_string(path) {
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
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
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
        }
        self.origins(self.listen).map(drop)
    }

    /// The addresses under which clients reach the ledger that listens at `listen`. The first is
    /// the one to show.
    ///
    /// # Errors
    /// When one of them has another form.
    pub fn origins(&self, listen: SocketAddr) -> Result<Vec<Origin>, ConfigError> {
        let scheme = if self.tls_cert.is_some() {
            "https"
        } else {
            "http"
        };
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The example file of the documents.
    const EXAMPLE: &str = include_str!("../config.example.toml");

    #[test]
    fn the_example_file_has_every_key_with_its_default() {
        let shown: toml::Table = toml::from_str(EXAMPLE).expect("toml");
        let keys: Vec<_> = shown.keys().map(String::as_str).collect();
        let mut without = shown.clone();
        for key in ["tls_cert", "tls_key"] {
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
        // With the two lines that are commented out, every field of `Config` is there.
        let fields = format!("{:?}", Config::default()).matches(": ").count();
        let socket_and_nothing_else = known.len() + 2;
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
    }
}
