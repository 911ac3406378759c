//! `doctor`: looks at everything, changes nothing, and says how to repair what it finds.

mod detour;

use super::{Outcome, block_on, install, print};
use crate::{
    config::{BackendChoice, Config},
    files,
    home::Home,
    ipc, key, problems,
    registration::{self, ManifestState},
};
use clap::Args;
use meter_ledger::Book;
use meter_wire::{RelayStatus, Request, Status, Success, TorState, TorStatus};
use std::{
    io::{Write as _, stdout},
    path::Path,
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
    let mut findings = vec![folder(home), configuration(home)];
    findings.push(signing_key(home));
    findings.push(book(home));
    let status = status_of(home);
    findings.push(daemon(status.as_ref(), home));
    findings.extend(status.iter().flat_map(strangers));
    findings.extend(tor(status.as_ref(), home));
    findings.extend(detour::findings(home));
    findings.extend(browsers(home));
    let mut out = stdout().lock();
    let mut bad = false;
    for finding in findings {
        match finding {
            Good(what) => writeln!(out, "  ok     {what}")?,
            Note(what) => writeln!(out, "  note   {what}")?,
            Bad { what, remedy } => {
                bad = true;
                writeln!(out, "  BAD    {what}\n         -> {remedy}")?;
            }
        }
    }
    Ok(ExitCode::from(u8::from(bad)))
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

fn tor(status: Option<&Status>, home: &Home) -> Vec<Finding> {
    let mut findings = Vec::new();
    let config = Config::load(&home.config()).unwrap_or_default();
    findings.extend(tor_to_have(&config));
    findings.extend(status.and_then(|status| in_use(&status.tor)));
    let version = status.and_then(|status| status.tor.version.as_deref());
    findings.extend(version.map(|version| Good(format!("Tor's version: {version}"))));
    findings.extend(status.and_then(|status| trouble(&status.tor)));
    match status.map(|status| &status.tor.state) {
        Some(TorState::Ready) if status.is_some_and(|status| !status.tor.is_usable()) => {}
        Some(TorState::Ready) => findings.push(Good("Tor is connected".to_owned())),
        Some(TorState::Bootstrapping { .. })
            if status.is_some_and(|status| status.tor.trouble.is_some()) => {}
        Some(TorState::Bootstrapping {
            percent, summary, ..
        }) => {
            findings.push(Note(format!("Tor is connecting, {percent} %: {summary}")));
        }
        Some(TorState::Failed(problem) | TorState::Restarting { problem, .. }) => {
            findings.push(Bad {
                what: problem.message.clone(),
                remedy: problem
                    .detail
                    .clone()
                    .unwrap_or_else(|| "`onionmeter tor start`".to_owned()),
            });
        }
        Some(TorState::Off) => findings.push(Note(
            "Tor is off; `onionmeter tor start` starts it".to_owned(),
        )),
        Some(TorState::Starting | TorState::Stopping) | None => {}
    }
    findings
}

fn in_use(tor: &TorStatus) -> Option<Finding> {
    let mut what = format!("Tor in use: {}", tor.whose()?);
    if let Some(why) = tor.why() {
        what += &format!(" ({why}); `onionmeter tor use` changes that");
    }
    Some(Good(what))
}

/// What a Tor that runs does not say of itself.
fn trouble(tor: &TorStatus) -> Option<Finding> {
    let trouble = tor.trouble.as_ref()?;
    let mut what = trouble.problem.message.clone();
    if let Some(detail) = &trouble.problem.detail {
        what += &format!(" ({detail})");
    }
    if trouble.for_s > 0 {
        let lasted = print::duration(u64::from(trouble.for_s) * 1_000);
        what += &format!(" For {lasted} now.");
    }
    let remedy = trouble.action.clone();
    Some(Bad { what, remedy })
}

/// What there is for a Tor of ours, where one may be wanted.
fn tor_to_have(config: &Config) -> Vec<Finding> {
    let is_built_in = cfg!(feature = "embedded-tor");
    let built_in = || Good("Tor is also built into this program".to_owned());
    let program = &config.tor.program;
    match (config.tor.backend, find_program(program)) {
        (BackendChoice::Existing, _) => Vec::new(),
        (BackendChoice::Embedded, _) => vec![Good("Tor is built into this program".to_owned())],
        (_, Some(path)) => {
            let built_in = is_built_in.then(built_in);
            [Good(format!("tor program: {path}"))]
                .into_iter()
                .chain(built_in)
                .collect()
        }
        (BackendChoice::Auto, None) if is_built_in => vec![Good(format!(
            "Tor is built into this program; the program {} is not installed and not needed",
            program.display()
        ))],
        (BackendChoice::Auto | BackendChoice::Managed, None) => vec![Bad {
            what: format!("the program {} is not installed", program.display()),
            remedy: "`sudo apt install tor`, `sudo dnf install tor` or `brew install tor`"
                .to_owned(),
        }],
    }
}

fn find_program(program: &Path) -> Option<String> {
    let found = meter_tor::find_program(program).ok()?;
    Some(found.display().to_string())
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
