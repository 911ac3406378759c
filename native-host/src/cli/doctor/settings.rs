//! Findings about `config.toml`: whether it is correct, and the changes that a running daemon does
//! not use yet.

use super::{
    finding::Finding::{self, Bad, Good, Note},
    seen::Seen,
};
use crate::{
    cli::settings::{THRESHOLDS, is_threshold, remedy},
    config::keys::Effect,
    home::Home,
    problems,
};
use meter_wire::{Setting, Settings};

pub(super) fn findings(seen: &Seen, home: &Home) -> Vec<Finding> {
    let (file, in_force) = (&seen.file, seen.in_force.as_ref());
    let path = home.config();
    let mut findings = vec![match file {
        Ok(_) if path.is_file() => Good(format!("{} is in order", path.display())),
        Ok(_) => Good("defaults are in force: there is no config.toml".to_owned()),
        Err(error) => Bad {
            what: problems::chain(error),
            remedy: remedy(error, &path),
        },
    }];
    match (file, in_force) {
        (Ok(_), Some(settings)) => findings.extend(settings.changes().map(change)),
        (Err(_), Some(settings)) => findings.push(Note(goes_on(settings))),
        (Err(_), None) if seen.status.is_some() || seen.unanswered.is_some() => {
            findings.push(Note(
                "what is in force is not known: the daemon does not tell".to_owned(),
            ));
        }
        (Err(_), None) => findings.push(Note(
            "no settings are in force: neither daemon nor Tor starts until config.toml is mended"
                .to_owned(),
        )),
        (Ok(_), None) => {}
    }
    findings
}

fn change(setting: &Setting) -> Finding {
    let Setting {
        key,
        in_force,
        in_file,
        ..
    } = setting;
    let in_file = in_file.as_deref().unwrap_or("unknown");
    let difference = match in_file == in_force {
        true => format!("{key} is another in config.toml than in force ({in_file})"),
        false => format!("{key} is {in_force} in force and {in_file} in config.toml"),
    };
    Note(match is_threshold(key) {
        true => format!("{difference}; {THRESHOLDS}"),
        false => format!("{difference}. {}", Effect::of(key).sentence()),
    })
}

/// The settings that the daemon uses while its file has a mistake.
fn goes_on(settings: &Settings) -> String {
    let shown = [
        "relay.port",
        "tor.backend",
        "tor.bridges",
        "tor.shadowsocks",
    ];
    let shown = shown.iter().filter_map(|key| {
        let value = settings.in_force(key)?;
        Some(format!("{key} {value}"))
    });
    let shown: Vec<_> = shown.collect();
    format!(
        "the daemon goes on with the settings from before the mistake: {}; nothing new starts",
        shown.join(", ")
    )
}
