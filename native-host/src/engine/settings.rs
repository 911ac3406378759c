//! The settings in force, beside those of the file.

use super::Engine;
use crate::{
    config::{Config, keys},
    problems,
};
use meter_wire::Settings;

impl Engine {
    /// The settings in force, compared with the file as it is now.
    pub(super) fn settings_and_file(&mut self) -> Settings {
        let file = self.settings.read();
        keys::settings(
            &self.in_force(),
            file.map_err(|error| problems::config(&error)),
        )
    }

    /// The settings in force, compared with those that the file has or would have.
    pub(super) fn settings_beside(&mut self, file: Config) -> Settings {
        keys::settings(&self.in_force(), Ok(file))
    }

    /// Each part uses the file as it was when that part began. What no part has to start anew for
    /// follows the file as it was last read.
    fn in_force(&mut self) -> Config {
        let read = self.settings.current();
        self.accounting.show_first(read.ledger_badge);
        let begun = self.relay.in_force();
        let relay = &begun.config;
        Config {
            relay_port: relay.listen.port(),
            relay_port_is_named: begun.port_is_named,
            connections_max: relay.connections_max,
            optimistic: relay.optimistic,
            serve_unidentified: relay.serve_unidentified,
            thresholds: self.accounting.thresholds(),
            tor: self.tor.in_force(),
            ledger_badge: read.ledger_badge,
            desktop_notice: read.desktop_notice,
            ..self.begun_with.clone()
        }
    }
}
