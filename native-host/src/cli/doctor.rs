//! `doctor`: looks at everything, changes nothing, and says how to repair what it finds.

mod book;
mod browsers;
mod detour;
mod finding;
mod folder;
mod ledger;
mod receipts;
mod seen;
mod settings;
mod tor;

use super::{
    ask::Patience,
    clock, daemon_version, exit, leftovers,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    print,
};
use crate::{
    face,
    home::{Home, HomeError},
    key, log, port, problems,
    registration::Record,
    versions::Daemon,
};
use clap::Args;
use finding::Finding::{self, Bad, Good, Note};
use meter_wire::{ErrorCode, RelayStatus, Status};
use seen::{Seen, look};
use std::{fs, path::PathBuf};

#[derive(Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    patience: Patience,
}

pub(super) fn run(arguments: &Doctor, home: &Home, format: Format) -> Outcome {
    let refused = home.check().err();
    let holds_more =
        |error: &HomeError| matches!(error, HomeError::Occupied { .. } | HomeError::Mixed { .. });
    if refused.is_some_and(|error| !holds_more(&error)) {
        // No home can be there, so nothing in it is worth a word.
        let own = vec![folder::finding(home), Note(NOT_LOOKED_AT.to_owned())];
        let sections = [("Onionmeter", own), ("Browsers", browsers::findings(home))];
        return report(sections.into_iter(), format);
    }
    let seen = look(arguments.patience, home);
    let status = seen.status.as_ref();
    let mut own = vec![folder::finding(home)];
    own.extend(settings::findings(&seen, home));
    own.extend([signing_key(home), book::finding(home)]);
    own.extend(receipts::finding(home));
    own.extend(restored(status));
    own.extend(clock::note(home).map(Note));
    own.push(match &seen.unanswered {
        None => daemon(&seen, home),
        Some(failure) => unanswered(failure),
    });
    own.extend(status.and_then(ledger::finding));
    own.extend(status.into_iter().flat_map(strangers));
    own.extend(unidentified(&seen));
    own.extend(log_file(home));
    own.extend(token_of_page(home));
    own.extend(left_behind(home));
    own.extend(parts(seen.daemon.as_ref()));
    let sections = [
        ("Onionmeter", own),
        ("Tor", tor::findings(&seen, home, format)),
        ("Browsers", browsers::findings(home)),
    ];
    report(sections.into_iter(), format)
}

const NOT_LOOKED_AT: &str = "settings, key, book and Tor are not looked at: nothing starts with \
    this folder";

fn report(sections: impl Iterator<Item = (&'static str, Vec<Finding>)>, format: Format) -> Outcome {
    let (mut text, mut objects, mut bad) = (String::new(), Vec::new(), false);
    for (title, findings) in sections {
        text += &format!("{title}\n");
        for finding in findings {
            bad |= matches!(finding, Bad { .. });
            text += &format!("{finding}\n");
            objects.push(finding.object(title));
        }
    }
    let state = if bad { "trouble" } else { "sound" };
    Answer::new(state, text)
        .with("findings", objects)
        .exit(if bad { exit::CHECK } else { 0 })
        .print(format)
}

fn signing_key(home: &Home) -> Finding {
    match key::load(&home.key()) {
        Ok(signer) => match book::owner(home) {
            Some(owner) if owner != signer.key() => Bad {
                what: key::other(&home.key(), signer.key(), owner),
                remedy: "nothing is signed until then".to_owned(),
            },
            Some(_) | None => Good(format!(
                "signing key, public half {}",
                hex::encode(signer.key().0)
            )),
        },
        Err(key::KeyError::Missing(_)) if !home.book().is_file() || book::is_unused(home) => {
            Note("no signing key yet; the daemon makes one when it can begin".to_owned())
        }
        Err(error) => Bad {
            what: problems::chain(&error),
            remedy: "repair the file as said, or put it back from a backup; a new key is never \
                made over old reports"
                .to_owned(),
        },
    }
}

/// A backup that was restored a short time ago.
fn restored(status: Option<&Status>) -> Option<Finding> {
    let status = status?;
    let restored = status.restored.as_ref()?;
    Some(Note(restored.sentence(status.ledger.is_some()).to_owned()))
}

/// A daemon works without a log too, but a person should know.
fn log_file(home: &Home) -> Option<Finding> {
    let error = log::obstacle(home)?;
    let log = home.log();
    Some(Bad {
        what: format!("the daemon keeps no log: {}: {error}", log.display()),
        remedy: format!(
            "move {} away, then `onionmeter stop`; the next daemon makes a new one",
            log.display()
        ),
    })
}

/// Only `onionmeter serve` needs the token.
fn token_of_page(home: &Home) -> Option<Finding> {
    let error = face::look(home).err()?;
    Some(Bad {
        what: format!(
            "no dashboard without a browser's extension: {}",
            problems::chain(&error)
        ),
        remedy: "then run `onionmeter serve`, which makes a token where there is none".to_owned(),
    })
}

/// What an interrupted `install` left. The program alone has more than 100 MB.
fn left_behind(home: &Home) -> Vec<Finding> {
    let record = Record::load(home).unwrap_or_default();
    let found = leftovers::found(home, &record).into_iter();
    let finding = |path: PathBuf| {
        let length = fs::symlink_metadata(&path).map_or(0, |meta| meta.len());
        Note(format!(
            "an interrupted command left {} ({}); the next `onionmeter install` removes it",
            path.display(),
            print::bytes(length)
        ))
    };
    found.map(finding).collect()
}

/// All versions, and the parts that run in another version.
fn parts(daemon: Option<&Daemon>) -> Vec<Finding> {
    let differences = daemon.map(daemon_version::differences).unwrap_or_default();
    let line = daemon_version::line(daemon);
    let line = match differences.is_empty() {
        true => Good(line),
        false => Note(line),
    };
    let differences = differences.into_iter().map(Note);
    std::iter::once(line).chain(differences).collect()
}

/// A daemon that does not answer, or another program in its place.
fn unanswered(failure: &CommandError) -> Finding {
    match failure {
        CommandError::Problem(problem) => Bad {
            what: problem.message.clone(),
            remedy: problem
                .detail
                .clone()
                .unwrap_or_else(|| "`onionmeter stop --force`".to_owned()),
        },
        CommandError::Exit(_, text) => Bad {
            what: text.clone(),
            remedy: "run doctor again".to_owned(),
        },
        CommandError::Output(error) => Bad {
            what: error.to_string(),
            remedy: "run doctor again".to_owned(),
        },
    }
}

fn daemon(seen: &Seen, home: &Home) -> Finding {
    let Some(status) = &seen.status else {
        return Note(
            "the daemon is not running; the browser or `onionmeter monitor start` starts it"
                .to_owned(),
        );
    };
    // Receipts have a finding of their own, and the relay is open without them.
    if let Some(problem) = status.problem_of_book() {
        return Bad {
            what: problem.message.clone(),
            remedy: problem
                .detail
                .clone()
                .unwrap_or_else(|| format!("see {}", home.log().display())),
        };
    }
    match &status.relay {
        RelayStatus::Listening { port } => Good(format!(
            "the relay listens on 127.0.0.1:{port}{}",
            chosen(*port, seen, home)
        )),
        RelayStatus::Stopped => Note(
            "the relay is stopped; `onionmeter monitor start` starts \
            it"
            .to_owned(),
        ),
        RelayStatus::Failed(problem) => Bad {
            what: problem.message.clone(),
            remedy: match (problem.code, &problem.detail) {
                (ErrorCode::PortTaken, _) | (_, None) => "set another relay.port in config.toml, \
                    or none, then `onionmeter monitor start`; `ss -ltnp` shows the program that \
                    has the port"
                    .to_owned(),
                (_, Some(detail)) => detail.clone(),
            },
        },
    }
}

/// The reason why the relay is not on the usual port.
fn chosen(port: u16, seen: &Seen, home: &Home) -> String {
    let config = seen.file.as_ref().ok();
    let why = config.and_then(|config| port::PortChoice::new(config, home).why(port));
    why.map_or_else(String::new, |why| {
        format!(
            ", {why}, mostly another user's Onionmeter; browsers are told it, and it is tried \
                first \
             from now on"
        )
    })
}

/// A finding about connections whose owner the system did not tell.
fn unidentified(seen: &Seen) -> Option<Finding> {
    let config = seen.file.as_ref();
    let is_served = config.is_ok_and(|config| config.serve_unidentified);
    let status = seen.status.as_ref();
    let count = status.map_or(0, |status| status.unidentified.0);
    match (is_served, count) {
        (true, 0) => Some(Note(
            "relay.serve_unidentified is on: where the system does not tell the \
            owner of a connection, other users' traffic is counted as yours"
                .to_owned(),
        )),
        (true, count) => Some(Bad {
            what: format!(
                "the owner of a connection was unknown {}; it was served, and counted \
                as yours",
                print::times(count)
            ),
            remedy: "if others use this computer, set relay.serve_unidentified = false in \
                config.toml, then `onionmeter stop`"
                .to_owned(),
        }),
        (false, 0) => None,
        (false, count) => Some(Note(format!(
            "the owner of a connection was unknown {}; it was refused",
            print::times(count)
        ))),
    }
}

/// Findings about other users and about addresses instead of names. Neither needs a repair of
/// Onionmeter, but the person may have to check something else.
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
            "an address was asked for instead of a name {}; a program that finds names out by \
                itself may do so outside of Tor: let it leave names to the proxy (socks5h)",
            print::times(status.literals.0)
        )));
    }
    findings
}
