//! Where a PostgreSQL is, and as whom to go there.

use crate::store::StoreFault;
use std::{fmt, str::FromStr, sync::Arc};
use tokio_postgres::{Config, config::Host};

/// The address of a PostgreSQL database with user and password, as `psql` takes it:
/// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. It is shown without the password.
#[derive(Clone, Eq, PartialEq)]
pub struct PostgresUrl(Arc<Config>);

impl PostgresUrl {
    /// Whether a text means a PostgreSQL at all.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.starts_with("postgres://") || text.starts_with("postgresql://")
    }

    /// How to connect.
    pub(super) fn config(&self) -> &Config {
        &self.0
    }

    /// The user.
    pub(super) fn user(&self) -> &str {
        self.0.get_user().unwrap_or("(the user of this process)")
    }

    /// The name of the database.
    pub(super) fn database(&self) -> &str {
        self.0.get_dbname().unwrap_or_else(|| self.user())
    }
}

impl FromStr for PostgresUrl {
    type Err = StoreFault;

    fn from_str(text: &str) -> Result<Self, StoreFault> {
        let wrong = |why: String| StoreFault::Url(why);
        if !Self::is_one(text) {
            return Err(wrong("it does not begin with postgres://".to_owned()));
        }
        let parsed = Config::from_str(text);
        let mut config = parsed.map_err(|error| match std::error::Error::source(&error) {
            Some(why) => wrong(why.to_string()),
            None => wrong(error.to_string()),
        })?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(wrong("it names no host".to_owned()));
        }
        if config.get_application_name().is_none() {
            config.application_name("onionmeter-ledger");
        }
        Ok(Self(Arc::new(config)))
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres://{}@", self.user())?;
        let mut ports = self.0.get_ports().iter();
        let mut port = None;
        for (number, host) in self.0.get_hosts().iter().enumerate() {
            if number > 0 {
                f.write_str(",")?;
            }
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                Host::Unix(folder) => write!(f, "{}", folder.display())?,
            }
            port = ports.next().copied().or(port);
            write!(f, ":{}", port.unwrap_or(5432))?;
        }
        write!(f, "/{}", self.database())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (text, shown) in [
            (
                "postgres://me:secret@127.0.0.1:5433/books",
                "postgres://me@127.0.0.1:5433/books",
            ),
            (
                "postgresql://me:secret@%2Frun%2Fpostgresql/books",
                "postgres://me@/run/postgresql:5432/books",
            ),
            (
                "postgres://me:secret@one:1,two:2/books?connect_timeout=3",
                "postgres://me@one:1,two:2/books",
            ),
        ] {
            let url: PostgresUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
        }
    }

    #[test]
    fn a_wrong_address_is_told_without_its_password() {
        for text in [
            "mysql://me:secret@host/books",
            "postgres:///books?user=me&password=secret",
            "postgres://me:secret@host:port/books",
            "postgres://me:secret@host/books?secrets=7",
        ] {
            let said = text.parse::<PostgresUrl>().unwrap_err().to_string();
            assert!(!said.contains("secret@"), "{said}");
        }
    }
}
