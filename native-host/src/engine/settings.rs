//! The settings in force, beside those of the file.

use super::Engine;
use crate::config::{Config, keys};
use meter_wire::Settings;

impl Engine {
    /// Passes changed settings on: to accounting what counts at once, to the relay what counts from
    /// its next start on. Tor's supervisor takes its changes from the same channel itself.
    pub(super) fn follow_settings(&mut self) {
        let settings = self.changes.borrow_and_update();
        let badge = settings.ledger_badge;
        self.relay.configure(&self.home, &settings);
        drop(settings);
        self.tell_books(move |accounting| accounting.show_first(badge));
    }

    /// The settings in force, compared with the file as it is now. Every owner is told what the
    /// file has, in case a person changed it by hand.
    pub(super) fn settings_and_file(&mut self) -> Settings {
        let file = self.settings.read_again();
        self.follow_settings();
        keys::settings(&self.in_force(), file)
    }

    /// The settings in force, compared with those that the file has or would have.
    pub(super) fn settings_beside(&mut self, file: Config) -> Settings {
        self.follow_settings();
        keys::settings(&self.in_force(), Ok(file))
    }

    /// Each part uses the file as it was when that part began. What no part has to start anew for
    /// follows the file as it was last read.
    fn in_force(&self) -> Config {
        let read = self.settings.current();
        let begun = self.relay.in_force();
        let relay = &begun.config;
        Config {
            relay_port: relay.listen.port(),
            relay_port_is_named: begun.port_is_named,
            connections_max: relay.connections_max,
            optimistic: relay.optimistic,
            serve_unidentified: relay.serve_unidentified,
            thresholds: self.accounting.status().thresholds,
            tor: self.tor.in_force(),
            ledger_badge: read.ledger_badge,
            desktop_notice: read.desktop_notice,
            ..self.begun_with.clone()
        }
    }
}
