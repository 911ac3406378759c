//! `doctor`: looks at everything, changes nothing, and says how to repair what it finds.

mod detour;
mod tor;

use super::{Outcome, block_on, install, print};
use crate::{
    config::Config,
    files,
    home::Home,
    ipc, key, problems,
    registration::{self, ManifestState},
};
use clap::Args;
use meter_ledger::Book;
use meter_wire::{RelayStatus, Request, Status, Success};
use std::{
    fmt,
    io::{Write as _, stdout},
    process::ExitCode,
};

#[derive(Args)]
pub(super) struct Doctor {}

enum Finding {
    Good(String),
    Note(String),
    Bad { what: String, remedy: String },
}

use Finding::{Bad, Good, Note};

pub(super) fn run(_: &Doctor, home: &Home) -> Outcome {
    let status = status_of(home);
    let mut own = vec![
        folder(home),
        configuration(home),
        signing_key(home),
        book(home),
        daemon(status.as_ref(), home),
    ];
    own.extend(status.iter().flat_map(strangers));
    let sections = [
        ("Onionmeter", own),
        ("Tor", tor::findings(status.as_ref(), home)),
        ("Browsers", browsers(home)),
    ];
    let mut out = stdout().lock();
    let mut bad = false;
    for (title, findings) in sections {
        writeln!(out, "{title}")?;
        for finding in findings {
            bad |= matches!(finding, Bad { .. });
            writeln!(out, "{finding}")?;
        }
    }
    Ok(ExitCode::from(u8::from(bad)))
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Good(what) => write!(out, "  ok     {what}"),
            Note(what) => write!(out, "  note   {what}"),
            Bad { what, remedy } => {
                let remedy = remedy.replace('\n', "\n            ");
                write!(out, "  BAD    {what}\n         -> {remedy}")
            }
        }
    }
}

fn folder(home: &Home) -> Finding {
    let root = home.root().display();
    match home.root().try_exists() {
        Ok(false) => Note(format!("folder {root} does not exist yet")),
        _ => match [home.root().to_path_buf(), home.key_folder(), home.run()]
            .iter()
            .filter(|folder| folder.try_exists().unwrap_or(true))
            .find_map(|folder| files::private_folder(folder).err())
        {
            None => Good(format!("folder {root} is private")),
            Some(error) => Bad {
                what: problems::chain(&error),
                remedy: "repair its owner and mode as said, then run doctor again".to_owned(),
            },
        },
    }
}

fn configuration(home: &Home) -> Finding {
    match Config::load(&home.config()) {
        Ok(_) if home.config().is_file() => {
            Good(format!("{} is in order", home.config().display()))
        }
        Ok(_) => Good("defaults are in force: there is no config.toml".to_owned()),
        Err(error) => Bad {
            what: problems::chain(&error),
            remedy: "correct that line, then `onionmeter monitor start`".to_owned(),
        },
    }
}

fn signing_key(home: &Home) -> Finding {
    match key::load(&home.key()) {
        Ok(signer) => Good(format!("signing key, public half {}", hex::encode(signer.key().0))),
        Err(key::KeyError::Missing(_)) if !home.book().is_file() => {
            Note("no signing key yet; the daemon makes one at its first start".to_owned())
        }
        Err(error) => Bad {
            what: problems::chain(&error),
            remedy: "repair the file as said, or put it back from a backup; a new key is never made over old reports".to_owned(),
        },
    }
}

fn book(home: &Home) -> Finding {
    if !home.book().is_file() {
        return Note("no book of reports yet".to_owned());
    }
    match Book::open(&home.book()).and_then(|book| book.audit()) {
        Ok(audit) => Good(format!(
            "book: {} reports, every signature and posting checked, {} credits",
            audit.reports,
            meter_core::credits_exact(audit.totals.amount)
        )),
        Err(error) => Bad {
            what: format!("book {}: {}", home.book().display(), problems::chain(&error)),
            remedy: "restore it from a backup; or, to begin a new chain, `onionmeter stop` and move book.sqlite3* and key/device.key away together".to_owned(),
        },
    }
}

fn status_of(home: &Home) -> Option<Status> {
    let status = block_on(async {
        let Some(mut daemon) = ipc::Connection::attach(home).await? else {
            return Ok(None);
        };
        match daemon.ask(Request::Status).await? {
            Success::Status(status) => Ok(Some(*status)),
            Success::Hello(_) | Success::Reports(_) | Success::Circuit(_) | Success::Done => {
                Ok(None)
            }
        }
    });
    status.ok().flatten()
}

fn daemon(status: Option<&Status>, home: &Home) -> Finding {
    let Some(status) = status else {
        return Note(
            "the daemon is not running; the browser or `onionmeter monitor start` starts it"
                .to_owned(),
        );
    };
    if let Some(problem) = &status.problem {
        return Bad {
            what: problem.message.clone(),
            remedy: problem
                .detail
                .clone()
                .unwrap_or_else(|| format!("see {}", home.log().display())),
        };
    }
    match &status.relay {
        RelayStatus::Listening { port } => Good(format!("the relay listens on 127.0.0.1:{port}")),
        RelayStatus::Stopped => Note("the relay is stopped; `onionmeter monitor start` starts it".to_owned()),
        RelayStatus::Failed(problem) => Bad {
            what: problem.message.clone(),
            remedy: "find the program with `ss -ltnp`, stop it or set relay.port in config.toml, then `onionmeter monitor start`".to_owned(),
        },
    }
}

/// Neither needs a repair of ours; both may need a look at something else.
fn strangers(status: &Status) -> Vec<Finding> {
    let mut findings = Vec::new();
    if status.foreign.0 > 0 {
        findings.push(Note(format!(
            "other users of this computer tried the relay {} and were refused",
            print::times(status.foreign.0)
        )));
    }
    if status.literals.0 > 0 {
        findings.push(Note(format!(
            "an address was asked for instead of a name {}; a program that finds names out by itself may do so outside of Tor: let it leave names to the proxy (socks5h)",
            print::times(status.literals.0)
        )));
    }
    findings
}

fn browsers(home: &Home) -> Vec<Finding> {
    // What is wrong with the list itself, `install` says.
    let extra = install::registered(home).unwrap_or_default();
    let program = if home.program().is_file() {
        Some(home.program())
    } else {
        super::this_program().ok()
    };
    let Some(program) = program else {
        return Vec::new();
    };
    let places = install::all_places(&extra);
    let mut findings: Vec<_> = places
        .iter()
        .filter_map(|place| {
            let at = place.manifest.display();
            let repair = "run `onionmeter install`".to_owned();
            match (
                place.present,
                registration::inspect(&place.manifest, place.family, &program),
            ) {
                (false, ManifestState::Absent) => None,
                (true, ManifestState::Absent) => Some(Bad {
                    what: format!("{} does not know the host", place.name),
                    remedy: repair,
                }),
                (_, ManifestState::Current) => Some(Good(format!("{} knows the host", place.name))),
                (_, ManifestState::Stale) => Some(Bad {
                    what: format!("{at} is of another version"),
                    remedy: repair,
                }),
                (_, ManifestState::ProgramMissing(path)) => Some(Bad {
                    what: format!("{at} names {}, which is not there", path.display()),
                    remedy: repair,
                }),
                (_, ManifestState::Broken(why)) => Some(Bad {
                    what: format!("{at}: {why}"),
                    remedy: repair,
                }),
            }
        })
        .collect();
    if findings.is_empty() {
        findings.push(Note("no browser of this user was found".to_owned()));
    }
    findings
}
