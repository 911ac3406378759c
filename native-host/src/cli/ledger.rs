//! `ledger`: the account of this device, and what was claimed, credited and waits.

mod asking;
mod removing;
mod sending;

pub(super) use asking::{asked, or_say};

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
    ErrorCode, LedgerDevice, LedgerSecret, LedgerStatus, Problem, Request, Success,
    chain_end_sentence, difference,
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
const SENT: &str = "\
It waits some seconds for the ledger's answer; what takes longer is sent without the command.

Exit status: 0 sent, or being sent; 69 the ledger or Tor cannot be reached; 77 this device is not
enrolled, or was removed; else the status of why nothing is sent.";
const REMOVED: &str = "\
The key of a removed device can never be enrolled again. `onionmeter ledger leave` only ends the
sending of the device that you use.

Exit status: 0 done, 64 no such device or not confirmed, 69 the ledger cannot be reached, 77 this
device is not enrolled, or the ledger declines.";

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
    #[command(after_help = SENT)]
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
        /// The device's key, or at least the first 8 digits of it, as `devices` lists it
        device: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
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
        What::Send => sending::run(patience, home, format),
        What::Leave { yes } => leave(*yes, patience, home, format),
        What::Invite => {
            let secret = secret(patience, home, format, Request::LedgerInvite)?;
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
            let secret = secret(patience, home, format, Request::LedgerRecovery)?;
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
            let devices = asking::devices(patience, home, format)?;
            let lines: Vec<_> = devices.iter().map(line).collect();
            Answer::new("devices", lines.concat())
                .with("devices", &devices)
                .print(format)
        }
        What::Remove { device, yes } => removing::run(device, *yes, patience, home, format),
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
        && let Err(CommandError::Problem(problem)) =
            asked(patience, home, format, Request::LedgerPolicy)
        && (problem.code == ErrorCode::LedgerNone
            || exit::of_problem(problem.code) == exit::NO_ANSWER)
    {
        return Err(problem.into());
    }
    if !yes && (format == Format::Json || !question::asked(question)?.eq_ignore_ascii_case("y")) {
        let text = "nothing was done; --yes leaves without asking".to_owned();
        return Err(CommandError::Exit(EXIT_USAGE, text));
    }
    asked(patience, home, format, Request::LedgerLeave)?;
    let text = "This device has left the ledger. Its account there stays, with what was credited.";
    Answer::new("left", text).print(format)
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

fn secret(
    patience: Patience,
    home: &Home,
    format: Format,
    request: Request,
) -> Result<LedgerSecret, CommandError> {
    match asked(patience, home, format, request)? {
        Success::LedgerSecret(secret) => Ok(secret),
        _ => Err(ipc::unexpected().into()),
    }
}
