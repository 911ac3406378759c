//! From the options of every command to an open ledger.

use super::{
    answer::{CommandError, Format},
    exit,
};
use crate::{
    config::{Config, ConfigError, Enrolment, check_file},
    folder::Folder,
    http::{ENROL_SOMEWHERE, Origin, enrol_command},
    ledger::Ledger,
    opening::{self, Wanted},
    store::{Place, PostgresUrl},
};
use meter_core::EnrolmentRule;
use std::path::PathBuf;

/// What every command can be told.
pub(super) struct Common {
    pub(super) data: Option<PathBuf>,
    pub(super) database: Option<String>,
    pub(super) format: Format,
}

/// An open data folder with its settings.
pub(super) struct Home {
    pub(super) folder: Folder,
    pub(super) config: Config,
    pub(super) wanted: Wanted,
}

impl Common {
    fn path(&self) -> Result<PathBuf, CommandError> {
        Ok(Folder::path(self.data.clone(), std::env::var_os("HOME"))?)
    }

    /// Opens the folder, which must be there.
    pub(super) fn home(&self) -> Result<Home, CommandError> {
        self.of(Folder::open(&self.path()?)?)
    }

    /// Opens the folder, and makes it if it is not there.
    pub(super) fn prepare(&self) -> Result<Home, CommandError> {
        self.of(Folder::prepare(&self.path()?)?)
    }

    fn of(&self, folder: Folder) -> Result<Home, CommandError> {
        let mut config = Config::read(&folder.config())?;
        if let Some(database) = &self.database {
            config.database.clone_from(database);
        }
        config.check()?;
        let wanted = Wanted {
            place: place(&config.database, &folder)?,
            enrolment: rule(config.enrolment),
            make: false,
            accept_rollback: false,
        };
        Ok(Home {
            folder,
            config,
            wanted,
        })
    }

    /// Opens the ledger, which must be there.
    pub(super) fn ledger(&self) -> Result<Ledger, CommandError> {
        let home = self.home()?;
        Ok(opening::open(&home.folder, &home.wanted)?)
    }
}

impl Home {
    /// The addresses that people are told: by the server of this folder, whose options the settings
    /// do not have, or else by the settings.
    fn origins(&self) -> Result<Vec<Origin>, CommandError> {
        let addresses = self.folder.public_addresses();
        let addresses = addresses.iter().map(|text| text.parse::<Origin>());
        match addresses.collect::<Result<Vec<_>, _>>() {
            Ok(origins) if !origins.is_empty() => Ok(origins),
            _ => Ok(self.config.origins(self.config.listen)?),
        }
    }

    /// The address that is shown.
    pub(super) fn shown(&self) -> Result<Origin, CommandError> {
        let first = self.origins()?.into_iter().next();
        first.ok_or_else(|| CommandError::new(exit::CONFIG, "the ledger has no address"))
    }

    /// The command with which people enrol a device.
    pub(super) fn enrol_command(&self) -> Result<String, CommandError> {
        let command = enrol_command(&self.origins()?);
        Ok(command.unwrap_or_else(|| ENROL_SOMEWHERE.to_owned()))
    }
}

/// A file is meant below the data folder.
pub(super) fn place(text: &str, folder: &Folder) -> Result<Place, CommandError> {
    if PostgresUrl::is_one(text) {
        let url = text.parse().map_err(ConfigError::Database)?;
        return Ok(Place::Server(url));
    }
    check_file(text)?;
    let file = text.strip_prefix("sqlite:").unwrap_or(text);
    Ok(Place::File(folder.root().join(file)))
}

pub(super) const fn rule(enrolment: Enrolment) -> EnrolmentRule {
    match enrolment {
        Enrolment::Open => EnrolmentRule::Open,
        Enrolment::ByInvitation => EnrolmentRule::ByInvitation,
    }
}
