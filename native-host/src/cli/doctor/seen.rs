//! What the doctor reads before it judges: the daemon's answers, and `config.toml`.

use crate::{
    cli::{ask, ask::Patience, outcome::CommandError},
    config::{Config, ConfigError},
    home::Home,
    ipc, program,
    versions::Daemon,
};
use meter_wire::{Settings, Status};

/// The basis of the findings.
pub(super) struct Seen {
    /// The daemon's status; `None` if no daemon answers.
    pub(super) status: Option<Status>,
    /// The settings in force; `None` also for a daemon that does not report them.
    pub(super) in_force: Option<Settings>,
    /// The daemon's program; `None` if no daemon answers.
    pub(super) daemon: Option<Daemon>,
    /// The settings of the next start.
    pub(super) file: Result<Config, ConfigError>,
    /// The reason why a daemon that may run does not answer.
    pub(super) unanswered: Option<CommandError>,
}

/// Reads everything. Never starts the daemon.
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
