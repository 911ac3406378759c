//! Files, sockets and programs that settings name and that no start could use as they are now. That
//! is no mistake: they may be made later. But a person who mistyped a path should hear of it at
//! once, and not from a Tor that does not start.

use crate::{config::Config, home::Home, problems, system::files::is_socket, tor_supervisor};
use meter_core::TorAddr;
use meter_tor::{TorProblem, find_program};
use std::{fs, io::ErrorKind, path::Path};

/// Every setting that names something outside `config.toml`.
const NAMING: [&str; 5] = [
    "tor.program",
    "tor.socks_port",
    "tor.control_port",
    "tor.shadowsocks",
    "tor.bridges",
];

/// Why what this setting names cannot be used; `None` if it can, or if it names nothing.
pub(super) fn note(key: &str, config: &Config, home: &Home) -> Option<String> {
    let tor = &config.tor;
    let why = match key {
        "tor.program" => program(&tor.program)?,
        "tor.socks_port" => socket(tor.socks_port.as_ref()?)?,
        "tor.control_port" => socket(tor.control_port.as_ref()?)?,
        "tor.shadowsocks" => {
            let file = home.root().join(tor.shadowsocks.as_ref()?);
            let why = detour(config, home)?;
            format!("{}: {why}", file.display())
        }
        "tor.bridges" if !tor.bridges.is_empty() => detour(config, home)?,
        _ => return None,
    };
    Some(format!("{key} cannot be used as it is now: {why}"))
}

/// The same for all settings.
pub(super) fn notes(config: &Config, home: &Home) -> Vec<String> {
    let default = Config::default();
    // Whether the usual `tor` is installed is no question of this file.
    let names = NAMING
        .iter()
        .filter(|key| **key != "tor.program" || config.tor.program != default.tor.program);
    names.filter_map(|key| note(key, config, home)).collect()
}

/// The notes as lines after another text.
pub(super) fn lines(notes: &[String]) -> String {
    notes
        .iter()
        .map(|note| format!("\nNote: {note}."))
        .collect()
}

fn program(program: &Path) -> Option<String> {
    let problem = find_program(program).err()?;
    let shown = program.display();
    Some(match problem {
        TorProblem::Missing if program.components().count() == 1 => {
            format!("no program {shown} is in PATH or in the usual folders")
        }
        TorProblem::Missing if fs::metadata(program).is_ok() => {
            format!("{shown} is not a program that may be run")
        }
        TorProblem::Missing => format!("{shown} is not there"),
        other => format!("{shown}: {}", problems::chain(&other)),
    })
}

fn socket(place: &TorAddr) -> Option<String> {
    let TorAddr::Unix(path) = place else {
        return None;
    };
    let shown = path.display();
    match fs::metadata(path) {
        Ok(there) if is_socket(there.file_type()) => None,
        Ok(_) => Some(format!("{shown} is not a socket")),
        Err(error) if error.kind() == ErrorKind::NotFound => Some(format!("{shown} is not there")),
        Err(error) => Some(format!("{shown}: {error}")),
    }
}

/// Of bridges and a server in a file only one can be set.
fn detour(config: &Config, home: &Home) -> Option<String> {
    let detour = tor_supervisor::detour(home, config);
    let checked = detour.check(tor_supervisor::own_backend(config));
    checked.err().map(|problem| problems::chain(&problem))
}
