//! Files, sockets and programs that settings name and that no start could use as they are now. That
//! is no mistake: they may be made later. But a person who mistyped a path should hear of it at
//! once, and not from a Tor that does not start.

use super::{detour, own_backend};
use crate::{config::Config, home::Home, problems, system::files::is_socket};
use meter_core::TorAddr;
use meter_tor::{TorProblem, find_program, is_idle_bridge, may_be_set, odd_blank};
use meter_wire::{ErrorCode, Problem};
use std::{fs, io::ErrorKind, path::Path};

/// Every setting that names something outside `config.toml`, or that is for Tor itself.
pub(crate) const NAMING: [&str; 6] = [
    "tor.program",
    "tor.extra_torrc",
    "tor.socks_port",
    "tor.control_port",
    "tor.shadowsocks",
    "tor.bridges",
];

/// Why what this setting names cannot be used; `None` if it can, or if it names nothing. The detail
/// says it, with the file's name. Waits for the disk.
pub(crate) fn unusable(key: &str, config: &Config, home: &Home) -> Option<Problem> {
    let tor = &config.tor;
    match key {
        "tor.program" => program(&tor.program),
        "tor.extra_torrc" => options(&tor.extra_torrc),
        "tor.socks_port" => socket(tor.socks_port.as_ref()?),
        "tor.control_port" => socket(tor.control_port.as_ref()?),
        "tor.shadowsocks" => {
            let file = home.root().join(tor.shadowsocks.as_ref()?);
            Some(about(&file, way(config, home)?))
        }
        "tor.bridges" if !tor.bridges.is_empty() => way(config, home),
        _ => None,
    }
}

fn program(program: &Path) -> Option<Problem> {
    let problem = find_program(program).err()?;
    let shown = program.display();
    let why = match problem {
        TorProblem::Missing => {
            format!("no program {shown} is in PATH or in the usual folders")
        }
        TorProblem::ProgramUnusable { why, .. } => format!("{shown} {why}"),
        other => return Some(about(program, problems::tor(&other))),
    };
    Some(Problem::with_detail(ErrorCode::TorMissing, why))
}

/// The name of an option is no secret; what stands behind it may be one.
fn options(lines: &[String]) -> Option<Problem> {
    let is_bad = |line: &&String| !may_be_set(line) || is_idle_bridge(line, lines);
    let line = lines.iter().find(is_bad)?;
    let name = line.split_whitespace().next().unwrap_or_default();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let why = match is_name {
        _ if odd_blank(line).is_some() => odd(line, lines),
        true if is_idle_bridge(line, lines) => {
            "Bridge belongs into tor.bridges; here Tor ignores it and connects straight".to_owned()
        }
        true if name.eq_ignore_ascii_case("Socks5Proxy") => {
            "Socks5Proxy needs an IP address: Tor would ask the system for a name, past Tor"
                .to_owned()
        }
        true => format!("{name} is not among the options of Tor that may be set there"),
        false => "one of its lines does not begin with the name of an option".to_owned(),
    };
    Some(Problem::with_detail(ErrorCode::TorStartFailed, why))
}

/// Such a blank cannot be seen, so its line is counted.
fn odd(line: &String, lines: &[String]) -> String {
    let number = lines.iter().position(|other| other == line).unwrap_or(0) + 1;
    let blank = odd_blank(line).map_or(0, u32::from);
    format!("line {number} has a blank that Tor does not know (U+{blank:04X}); type it anew")
}

fn socket(place: &TorAddr) -> Option<Problem> {
    let TorAddr::Unix(path) = place else {
        return None;
    };
    let shown = path.display();
    let why = match fs::metadata(path) {
        Ok(there) if is_socket(there.file_type()) => return None,
        Ok(_) => format!("{shown} is not a socket"),
        Err(error) if error.kind() == ErrorKind::NotFound => format!("{shown} is not there"),
        Err(error) => format!("{shown}: {error}"),
    };
    Some(Problem::with_detail(ErrorCode::TorNotRunning, why))
}

/// Of bridges and a server in a file only one can be set.
fn way(config: &Config, home: &Home) -> Option<Problem> {
    let checked = detour(home, config).check(own_backend(config));
    checked.err().map(|problem| problems::tor(&problem))
}

fn about(path: &Path, problem: Problem) -> Problem {
    let why = problem.detail.as_deref().unwrap_or(&problem.message);
    let detail = format!("{}: {why}", path.display());
    Problem {
        detail: Some(detail),
        ..problem
    }
}
