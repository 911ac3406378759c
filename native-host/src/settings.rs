//! The settings: only this module reads `config.toml`, and every owner learns of a change through
//! its channel.

mod change;

use crate::{
    config::{self, Config, ConfigError},
    home::Home,
    problems,
};
pub(crate) use change::{BY_COMMAND, ChangeError, Changed, change};
use meter_core::Backend;
use meter_wire::{ChangeSetting, Problem};
use tokio::sync::watch;

/// Cheap to clone; all clones share one value.
#[derive(Clone)]
pub(crate) struct Settings {
    home: Home,
    current: watch::Sender<Config>,
}

impl Settings {
    /// From a file that was just read.
    pub(crate) fn new(home: &Home, read: Config) -> Self {
        Self {
            home: home.clone(),
            current: watch::Sender::new(read),
        }
    }

    /// The home whose file it is.
    pub(crate) const fn home(&self) -> &Home {
        &self.home
    }

    /// The settings as they were last read, and every change.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Config> {
        self.current.subscribe()
    }

    /// The settings as they were last read.
    pub(crate) fn current(&self) -> Config {
        self.current.borrow().clone()
    }

    /// Reads the file and tells every owner.
    ///
    /// # Errors
    /// `config_invalid`. The settings then stay unchanged.
    pub(crate) fn read_again(&self) -> Result<Config, Problem> {
        let read = self.read().map_err(|error| problems::config(&error))?;
        self.publish(&read);
        Ok(read)
    }

    fn read(&self) -> Result<Config, ConfigError> {
        Config::load(&self.home.config())
    }

    /// Writes another backend into the file and tells every owner.
    ///
    /// # Errors
    /// `config_invalid`. The settings then stay unchanged.
    pub(crate) fn choose_backend(&self, backend: Option<Backend>) -> Result<Config, Problem> {
        let _lock = change::lock(&self.home).map_err(|error| error.problem())?;
        let written = config::set_backend(&self.home.config(), backend);
        let written = written.map_err(|error| problems::config(&error))?;
        self.publish(&written);
        Ok(written)
    }

    /// Changes one setting in the file and tells every owner, or only checks its value. Waits for
    /// the disk.
    ///
    /// # Errors
    /// The reason why it was not changed. Nothing is then written.
    pub(crate) fn change(&self, asked: &ChangeSetting) -> Result<Config, Problem> {
        let changed = change(&self.home, asked).map_err(|error| error.problem())?;
        if asked.keep {
            self.publish(&changed.config);
        }
        Ok(changed.config)
    }

    fn publish(&self, next: &Config) {
        self.current.send_if_modified(|current| {
            let is_new = current != next;
            if is_new {
                current.clone_from(next);
            }
            is_new
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_change_of_the_file_reaches_every_owner_and_a_mistake_changes_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("om"));
        home.prepare().expect("made");
        let file = home.config();
        let settings = Settings::new(&home, Config::default());
        let (mut one, mut other) = (settings.subscribe(), settings.subscribe());

        fs::write(&file, "[relay]\nconnections_max = 77\n").expect("written");
        settings.read_again().expect("in order");
        for owner in [&mut one, &mut other] {
            assert_eq!(owner.has_changed().ok(), Some(true));
            assert_eq!(owner.borrow_and_update().connections_max, 77);
        }
        settings.read_again().expect("in order");
        assert_eq!(one.has_changed().ok(), Some(false), "nothing is new");

        fs::write(&file, "[relay]\nconnections_max = \"many\"\n").expect("written");
        settings.read_again().expect_err("a mistake");
        assert_eq!(one.borrow().connections_max, 77);
        assert_eq!(settings.current().connections_max, 77);
    }

    #[test]
    fn another_backend_is_in_the_file_and_with_every_owner() {
        let folder = tempfile::tempdir().expect("a folder");
        let home = Home::at(folder.path().join("om"));
        home.prepare().expect("made");
        let settings = Settings::new(&home, Config::default());
        let owner = settings.subscribe();
        let written = settings.choose_backend(Some(Backend::Managed));
        assert_eq!(
            written.expect("written").tor.backend,
            Some(Backend::Managed)
        );
        assert_eq!(owner.borrow().tor.backend, Some(Backend::Managed));
        let read = settings.read().expect("in order");
        assert_eq!(read.tor.backend, Some(Backend::Managed));
    }
}
