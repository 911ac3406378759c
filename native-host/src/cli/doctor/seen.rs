//! What the doctor looks at before it judges: the daemon as it answers, and `config.toml`.

use crate::{
    cli::{ask, ask::Patience, outcome::CommandError},
    config::{Config, ConfigError},
    home::Home,
    ipc, program,
    versions::Daemon,
};
use meter_wire::{Settings, Status};

/// What the findings go by.
pub(super) struct Seen {
    /// Of the daemon; `None` while none answers.
    pub(super) status: Option<Status>,
    /// What it goes by; `None` also for a daemon that does not tell.
    pub(super) in_force: Option<Settings>,
    /// Which program it runs; `None` while none answers.
    pub(super) daemon: Option<Daemon>,
    /// What its next start goes by.
    pub(super) file: Result<Config, ConfigError>,
    /// Why a daemon that may run is not heard.
    pub(super) unanswered: Option<CommandError>,
}

/// Never starts the daemon.
pub(super) fn look(patience: Patience, home: &Home) -> Seen {
    let answered = patience.wait(async {
        let Some(mut connection) = ipc::Connection::attach(home).await? else {
            return Ok(None);
        };
        let status = ask::status(&mut connection).await?;
        let in_force = ask::settings(&mut connection).await;
        let program = program::program().unwrap_or_default();
        Ok(Some((status, in_force, Daemon::of(&connection, &program))))
    });
    let mut seen = Seen {
        status: None,
        in_force: None,
        daemon: None,
        file: Config::load(&home.config()),
        unanswered: None,
    };
    match answered {
        Ok(None) => {}
        Ok(Some((status, in_force, daemon))) => {
            (seen.status, seen.in_force, seen.daemon) = (Some(status), in_force, Some(daemon));
        }
        Err(error) => seen.unanswered = Some(error),
    }
    seen
}
