//! `ledger`: the account of this device, and what was claimed, credited and waits.

use super::{
    ask::{self, Patience},
    exit,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    question, when,
};
use crate::{EXIT_USAGE, home::Home, ipc};
use clap::{Args, Subcommand};
use meter_core::{Amount, Decimals, UnixMs, credits_to};
use meter_wire::{
    ErrorCode, HexBytes, LedgerDevice, LedgerRemove, LedgerSecret, LedgerStatus, Problem, Request,
    Success, chain_end_sentence, difference,
};
use std::time::Duration;

const HELP: &str = "\
Examples:
  onionmeter ledger                     what was claimed, credited and waits, and why they differ
  onionmeter ledger send                send what waits now, not at a random time
  onionmeter ledger devices
  onionmeter ledger invite              let another device into the account

Exit status: 0 done, 69 the ledger cannot be reached, 77 this device is not enrolled, or the ledger
declines.";

const ENROLLED: &str = "Exit status: 0 done, 77 this device is not enrolled.";
const ASKED: &str = "\
Exit status: 0 done, 69 the ledger cannot be reached, 77 this device is not enrolled, or the ledger
declines.";
const LEFT: &str = "Exit status: 0 done, 64 not confirmed, 77 this device is not enrolled.";
const REMOVED: &str = "\
Exit status: 0 done, 64 no such device, 69 the ledger cannot be reached, 77 this device is not \
enrolled,
or the ledger declines.";

#[derive(Args)]
#[command(after_help = HELP, args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    patience: Patience,
}

#[derive(Subcommand)]
enum What {
    /// Show what was claimed, credited and waits
    #[command(after_help = ENROLLED)]
    Status,
    /// Send what waits now
    #[command(after_help = ENROLLED)]
    Send,
    /// Leave the ledger; reports and receipts stay
    #[command(after_help = LEFT)]
    Leave {
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Make an invitation for one more device
    #[command(after_help = ASKED)]
    Invite,
    /// List the devices of the account
    #[command(after_help = ASKED)]
    Devices,
    /// Remove a device from the account; what it was credited stays
    #[command(after_help = REMOVED)]
    Remove {
        /// The device's key, or the beginning of it, as `devices` lists it
        device: String,
    },
    /// Make a new recovery code; the one before is worth nothing then
    #[command(after_help = ASKED)]
    Recover,
}

/// Through Tor an answer may take a minute or two.
pub(super) const ASK_MAX: Duration = Duration::from_secs(180);

pub(super) fn run(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    let patience = arguments.patience.at_most(ASK_MAX);
    match arguments.what.as_ref().unwrap_or(&What::Status) {
        What::Status => status(patience, home, format),
        What::Send => {
            done(patience, home, Request::LedgerSend)?;
            Answer::new("sending", "What waits is being sent.").print(format)
        }
        What::Leave { yes } => leave(*yes, patience, home, format),
        What::Invite => {
            let secret = secret(patience, home, Request::LedgerInvite)?;
            let until = secret.expires_ms.and_then(|at| UnixMs::new(at.0));
            let until = until
                .map(|at| when::local(at, &when::zone()))
                .unwrap_or_default();
            let text = format!(
                "Invitation for one device, until {until}:\n\n  {}\n\n\
                 On the other device: onionmeter enroll LEDGER --code 'these twelve words'",
                secret.code
            );
            Answer::new("invited", text).with_all(&secret).print(format)
        }
        What::Recover => {
            let secret = secret(patience, home, Request::LedgerRecovery)?;
            let text = format!(
                "New recovery code; the one before is worth nothing now:\n\n  {}\n\n\
                 Write it down: it is shown once and stored nowhere.",
                secret.code
            );
            Answer::new("recovery", text)
                .with_all(&secret)
                .print(format)
        }
        What::Devices => {
            let devices = devices(patience, home)?;
            let lines: Vec<_> = devices.iter().map(line).collect();
            Answer::new("devices", lines.concat())
                .with("devices", &devices)
                .print(format)
        }
        What::Remove { device } => remove(device, patience, home, format),
    }
}

fn status(patience: Patience, home: &Home, format: Format) -> Outcome {
    let ledger = patience.wait(async {
        let mut daemon = ipc::Connection::attach_or_start(home).await?;
        let status = ask::status(&mut daemon).await?;
        match status.ledger {
            Some(ledger) => Ok(ledger),
            None => Err(why_none(&mut daemon, status.problem).await),
        }
    })?;
    Answer::new("enrolled", words(&ledger))
        .with_all(&ledger)
        .print(format)
}

/// Why the status tells nothing of a ledger: no enrolment is in force, or the receipts or the book
/// cannot be used.
async fn why_none(daemon: &mut ipc::Connection, problem: Option<Problem>) -> Problem {
    match daemon.ask(Request::LedgerPolicy).await {
        Err(reason) => reason,
        Ok(_) => problem.unwrap_or_else(|| Problem::new(ErrorCode::LedgerNone)),
    }
}

/// The numbers, and each difference in a sentence.
fn words(ledger: &LedgerStatus) -> String {
    let claimed = [
        ledger.before,
        ledger.answered,
        ledger.waiting,
        ledger.unanswered,
    ];
    let claimed = claimed
        .iter()
        .fold(0_u64, |sum, part| sum.saturating_add(part.0));
    let differences = difference(ledger);
    let mut parts: Vec<_> = differences.iter().map(|(_, amount)| *amount).collect();
    parts.push(ledger.credited.0);
    let shown = shown_with(claimed, &parts);
    let mut text = format!(
        "Ledger    {}\nAccount   {}\n\nClaimed   {} credits\n",
        ledger.address,
        hex::encode(ledger.account.0),
        shown(claimed),
    );
    for (sentence, amount) in differences {
        text += &format!("        - {}  {sentence}\n", shown(amount));
    }
    text += &format!("Credited  {} credits\n", shown(ledger.credited.0));
    if ledger.waiting.0 == 0 || ledger.sending.is_trouble() {
        text += &format!("\n{}\n", ledger.sending.sentence());
    }
    if let Some(end) = &ledger.chain_end {
        text += &format!("{}\n", chain_end_sentence(end));
    }
    text
}

/// Shows amounts with so many decimals that the parts add up to the whole.
fn shown_with(whole: u64, parts: &[u64]) -> impl Fn(u64) -> String + use<> {
    let amount = |amount: u64| Amount::new(amount).unwrap_or(Amount::ZERO);
    let parts: Vec<_> = parts.iter().map(|part| amount(*part)).collect();
    let decimals = Decimals::adding_up(amount(whole), &parts);
    move |shown| credits_to(amount(shown), decimals)
}

fn leave(yes: bool, patience: Patience, home: &Home, format: Format) -> Outcome {
    let question = "What waits is then not sent, and no new report goes to the ledger. Reports and \
                    receipts stay here.\nLeave the ledger? [y/N] ";
    // Who has nothing to leave, or no daemon that could, is not asked.
    if !yes
        && let Err(CommandError::Problem(problem)) = asked(patience, home, Request::LedgerPolicy)
        && (problem.code == ErrorCode::LedgerNone
            || exit::of_problem(problem.code) == exit::NO_ANSWER)
    {
        return Err(problem.into());
    }
    if !yes && (format == Format::Json || !question::asked(question)?.eq_ignore_ascii_case("y")) {
        let text = "nothing was done; --yes leaves without asking".to_owned();
        return Err(CommandError::Exit(EXIT_USAGE, text));
    }
    done(patience, home, Request::LedgerLeave)?;
    let text = "This device has left the ledger. Its account there stays, with what was credited.";
    Answer::new("left", text).print(format)
}

fn remove(device: &str, patience: Patience, home: &Home, format: Format) -> Outcome {
    let devices = devices(patience, home)?;
    let wanted = device.trim().to_lowercase();
    let is_wanted = |known: &&LedgerDevice| {
        known.removed_ms.is_none() && hex::encode(known.key.0).starts_with(&wanted)
    };
    let mut found = devices.iter().filter(is_wanted);
    let (Some(one), None) = (found.next(), found.next()) else {
        let text = format!(
            "not exactly one device in use has a key that begins with {wanted}; `onionmeter ledger \
             devices` lists them"
        );
        return Err(CommandError::Exit(EXIT_USAGE, text));
    };
    let key: HexBytes<32> = one.key;
    done(
        patience,
        home,
        Request::LedgerRemove(LedgerRemove { device: key }),
    )?;
    let text = format!("{} was removed; what it was credited stays.", one.name);
    Answer::new("removed", text)
        .with("device", key)
        .print(format)
}

fn line(device: &LedgerDevice) -> String {
    let at = |ms: u64| {
        UnixMs::new(ms)
            .map(|at| when::local(at, &when::zone()))
            .unwrap_or_default()
    };
    let mut line = format!(
        "{}  {:20}  since {}",
        hex::encode(device.key.0),
        device.name,
        at(device.enrolled_ms.0)
    );
    if let Some(removed) = device.removed_ms {
        line += &format!("  removed {}", at(removed.0));
    }
    if device.here {
        line += "  this device";
    }
    line + "\n"
}

fn devices(patience: Patience, home: &Home) -> Result<Vec<LedgerDevice>, CommandError> {
    match asked(patience, home, Request::LedgerDevices)? {
        Success::LedgerDevices(devices) => Ok(devices.devices),
        _ => Err(ipc::unexpected().into()),
    }
}

fn secret(patience: Patience, home: &Home, request: Request) -> Result<LedgerSecret, CommandError> {
    match asked(patience, home, request)? {
        Success::LedgerSecret(secret) => Ok(secret),
        _ => Err(ipc::unexpected().into()),
    }
}

fn done(patience: Patience, home: &Home, request: Request) -> Result<(), CommandError> {
    asked(patience, home, request).map(drop)
}

pub(super) fn asked(
    patience: Patience,
    home: &Home,
    request: Request,
) -> Result<Success, CommandError> {
    patience.wait(async {
        let mut daemon = ipc::Connection::attach_or_start(home).await?;
        daemon.ask(request).await
    })
}
