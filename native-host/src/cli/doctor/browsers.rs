//! Findings about the browsers: reads each manifest, and starts the host from it as the browser
//! would.

use super::finding::Finding::{self, Bad, Good, Note};
use crate::{
    cli::ask::Patience,
    home::{self, Home},
    program,
    registration::{
        self, Family, ManifestState, Place, Presence, Reach, Record, Trial, all_places,
    },
};
use std::{
    collections::BTreeMap,
    io::ErrorKind,
    path::{Path, PathBuf},
};

pub(super) fn findings(home: &Home) -> Vec<Finding> {
    let mut findings = Vec::new();
    let record = Record::load(home).unwrap_or_else(|error| {
        findings.push(Bad {
            what: format!("{} cannot be read: {error}", home.registered().display()),
            remedy: match error.kind() {
                ErrorKind::IsADirectory => "move it away, then run `onionmeter install`".to_owned(),
                _ => "run `onionmeter install`, which begins it anew".to_owned(),
            },
        });
        Record::default()
    });
    let program = if home.program().is_file() {
        Some(home.program())
    } else {
        program::program().ok()
    };
    let Some(program) = program else {
        return findings;
    };
    let mut trials = Trials::default();
    let places = all_places(&record);
    findings.extend(
        places
            .iter()
            .filter_map(|place| finding(place, &program, &mut trials)),
    );
    if findings.is_empty() {
        findings.push(Note("no browser of this user was found".to_owned()));
    }
    findings
}

fn finding(place: &Place, program: &Path, trials: &mut Trials) -> Option<Finding> {
    let bad = |what: String| {
        Some(Bad {
            what,
            remedy: repair(),
        })
    };
    let (name, at) = (&place.name, place.manifest.display());
    if let Presence::Unusable(why) = &place.presence {
        let what = format!("{name}: {why}");
        return Some(Bad {
            what,
            remedy: "then run `onionmeter install`".to_owned(),
        });
    }
    // Other browsers read the manifest of a browser in a sandbox, too, so it says nothing about
    // that browser.
    if place.reach != Reach::Direct && !place.is_present() {
        return None;
    }
    let limit = registration::limit(place.reach);
    if place.reach == Reach::Closed {
        return limit.map(|limit| Note(format!("{name}: {limit}")));
    }
    match registration::inspect(&place.manifest, place.family, program) {
        ManifestState::Absent if !place.is_present() => None,
        ManifestState::Absent => match home::blocked(&place.manifest) {
            Some(why) => Some(Bad {
                what: format!("{name}: {why}"),
                remedy: "move it away, then run `onionmeter install`".to_owned(),
            }),
            None => bad(format!("{name} does not know the host")),
        },
        ManifestState::Stale => bad(format!("{at} is of another version")),
        ManifestState::ProgramMissing(path) => {
            bad(format!("{at} names {}, which is not there", path.display()))
        }
        ManifestState::Broken(why) => bad(format!("{at}: {why}")),
        ManifestState::Current | ManifestState::Another(_) => {
            Some(tried(place, program, limit, trials))
        }
    }
}

fn repair() -> String {
    "run `onionmeter install`".to_owned()
}

/// The result of starting the host from the manifest.
fn tried(place: &Place, program: &Path, limit: Option<String>, trials: &mut Trials) -> Finding {
    let name = &place.name;
    let named = registration::program_of(&place.manifest).unwrap_or_else(|| program.to_path_buf());
    let other = home::without_links(&named) != home::without_links(program);
    match trials.of(&named, place) {
        Trial::Answers if other => Note(format!(
            "{name} starts another copy of Onionmeter, {}; `onionmeter install` would have it \
                start this one, {}",
            named.display(),
            program.display()
        )),
        Trial::Answers => match limit {
            None => Good(format!("{name} knows the host, which starts")),
            Some(limit) => Note(format!("{name} knows the host; {limit}")),
        },
        Trial::Repairable(what) => Bad {
            what: format!("{name} cannot use the host: {what}"),
            remedy: "run `onionmeter install`, which repairs it".to_owned(),
        },
        Trial::Fails { what, remedy } => Bad {
            what: format!("{name} cannot use the host: {what}"),
            remedy: remedy.clone(),
        },
    }
}

/// The results of starting, one for each program and kind of browser.
#[derive(Default)]
struct Trials(BTreeMap<(PathBuf, bool), Trial>);

impl Trials {
    fn of(&mut self, program: &Path, place: &Place) -> &Trial {
        let key = (program.to_path_buf(), place.family == Family::Firefox);
        self.0.entry(key).or_insert_with(|| {
            let start = registration::try_host(program, place.family, &place.manifest);
            let outcome = Patience::default().wait(async { Ok(start.await) });
            outcome.unwrap_or_else(|_| Trial::Repairable("it was not tried".to_owned()))
        })
    }
}
