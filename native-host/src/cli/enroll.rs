//! `enroll`: this device joins a ledger, after the person has seen its key and its policy.

use super::{
    ask::Patience,
    exit, ledger,
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
    print, question,
};
use crate::{EXIT_USAGE, home::Home, ipc};
use clap::Args;
use meter_core::Vkey;
use meter_ledger_client::code_bytes;
use meter_wire::{
    ErrorCode, HexBytes, LedgerEnrol, LedgerEnrolled, LedgerLook, LedgerOffer, Problem, Request,
    Success,
};
use std::time::Duration;

const HELP: &str = "\
Examples:
  onionmeter enroll pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion
  onionmeter enroll 127.0.0.1:3443 --key 'ledger+033de0ae+Ac4z...'
  onionmeter enroll LEDGER --code 'word word ...'      into an account, by its invitation or its \
recovery code

A ledger is reached as an onion service, or on this computer. Names with TLS are left out on
purpose: an exit of Tor and a certificate would have to be trusted.

The ledger learns when you browsed and how much (start, end, bytes of each session), never where.
What was earned before stays: it is shown apart, and this ledger does not credit it.

Exit status: 0 enrolled, 64 no such address or code, or not confirmed, 69 the ledger cannot be
reached or is none, 77 it has another key, declines, or this device is enrolled already or was
removed from its account.";

/// Enrol this device with a ledger, which credits its reports
#[derive(Args)]
#[command(after_help = HELP)]
pub(super) struct Enroll {
    /// The ledger's onion address, or a loopback address, with a port if it is not the usual one
    ledger: String,
    /// An invitation or a recovery code: twelve words, or 32 hexadecimal digits
    #[arg(long, value_name = "WORDS")]
    code: Option<String>,
    /// The line of the ledger's key (vkey) that you know from elsewhere; another key is refused
    #[arg(long, value_name = "LINE")]
    key: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    patience: Patience,
}

/// Through Tor each of the few questions may take a minute.
const ENROL_MAX: Duration = Duration::from_secs(300);

pub(super) fn run(arguments: &Enroll, home: &Home, format: Format) -> Outcome {
    let known = arguments.key.as_deref().map(known_key).transpose()?;
    // Told before the ledger is reached through Tor, which takes a while.
    let code = arguments.code.as_deref();
    if code.is_some_and(|code| code_bytes(code).is_none()) {
        return Err(Problem::new(ErrorCode::LedgerBadCode).into());
    }
    let patience = arguments.patience.at_most(ENROL_MAX);
    let offer = patience.wait(ledger::or_say(format, look(home, &arguments.ledger)))?;
    if known.is_some_and(|known| known != offer.key) {
        return Err(Problem::new(ErrorCode::LedgerOtherKey).into());
    }
    if !arguments.yes && !is_wanted(&offer, format)? {
        let text = "nothing was done; --yes enrols without asking".to_owned();
        return Err(CommandError::Exit(EXIT_USAGE, text));
    }
    let request = Request::LedgerEnrol(LedgerEnrol {
        address: offer.address.clone(),
        key: offer.key,
        code: arguments.code.clone(),
    });
    let enrolled = patience.wait(ledger::or_say(format, enrol(home, request)))?;
    Answer::new("enrolled", text(&offer, &enrolled))
        .with("address", &offer.address)
        .with("ledger_key", &offer.vkey)
        .with("policy", &offer.policy)
        .with_all(&enrolled)
        .print(format)
        .map_err(|error| unwritten(error, enrolled.recovery_code.is_some()))
}

/// Tells that the work was done, and how to get what was lost with the output.
fn unwritten(error: CommandError, had_code: bool) -> CommandError {
    match error {
        CommandError::Output(error) if had_code => {
            let text = format!(
                "this device is enrolled, but its recovery code could not be written ({error}); \
                    `onionmeter ledger recover` makes another"
            );
            CommandError::Exit(exit::OUTPUT, text)
        }
        other => other,
    }
}

fn known_key(line: &str) -> Result<HexBytes<32>, CommandError> {
    let vkey = line.trim().parse::<Vkey>();
    let vkey = vkey.map_err(|error| CommandError::Exit(EXIT_USAGE, format!("--key: {error}")))?;
    Ok(HexBytes(vkey.key().0))
}

async fn look(home: &Home, address: &str) -> Result<LedgerOffer, Problem> {
    let mut daemon = ipc::Connection::attach_or_start(home).await?;
    let address = address.to_owned();
    match daemon
        .ask(Request::LedgerLook(LedgerLook { address }))
        .await?
    {
        Success::LedgerOffer(offer) => Ok(offer),
        _ => Err(ipc::unexpected()),
    }
}

async fn enrol(home: &Home, request: Request) -> Result<LedgerEnrolled, Problem> {
    let mut daemon = ipc::Connection::attach_or_start(home).await?;
    match daemon.ask(request).await? {
        Success::LedgerEnrolled(enrolled) => Ok(enrolled),
        _ => Err(ipc::unexpected()),
    }
}

fn is_wanted(offer: &LedgerOffer, format: Format) -> Result<bool, CommandError> {
    if format == Format::Json {
        return Ok(false);
    }
    let question = format!("{}Enrol this device? [y/N] ", described(offer));
    question::is_agreed(&question)
}

fn described(offer: &LedgerOffer) -> String {
    let policy = &offer.policy;
    let who = match policy.enrolment.as_str() {
        "open" => "Everybody may enrol.",
        _ => "A new account needs an invitation (--code).",
    };
    format!(
        "Ledger   {}\n\
         Key      {}\n\
         Policy {}: whatever an account claims, it earns at most {} credits a day; by doing \
         nothing it earns {}. {who}\n\
         It learns when you browsed and how much, never where.\n",
        offer.address,
        offer.vkey,
        policy.number,
        print::credits(policy.most_per_day),
        print::credits(policy.idle_per_day),
    )
}

fn text(offer: &LedgerOffer, enrolled: &LedgerEnrolled) -> String {
    let mut text = format!(
        "Enrolled at {}. Account {}, this device is called {:?} there.\n",
        offer.address,
        hex::encode(enrolled.account.0),
        enrolled.name,
    );
    if let Some(code) = &enrolled.recovery_code {
        text += &format!(
            "\n  Recovery code: {code}\n\n\
             Write it down now: it is shown once and stored nowhere. With it a new device gets \
             into the account when this one is lost.\n"
        );
    }
    text + "Reports are sent by themselves from now on; `onionmeter ledger` shows what is \
            credited.\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;

    #[test]
    fn a_recovery_code_that_could_not_be_written_is_told_also_to_a_closed_pipe() {
        for kind in [ErrorKind::StorageFull, ErrorKind::BrokenPipe] {
            let told = unwritten(CommandError::Output(kind.into()), true);
            let CommandError::Exit(exit::OUTPUT, text) = told else {
                panic!("{kind} is told");
            };
            assert!(
                text.contains("is enrolled") && text.contains("ledger recover"),
                "{text}"
            );
            let told = unwritten(CommandError::Output(kind.into()), false);
            assert!(matches!(told, CommandError::Output(_)), "nothing was lost");
        }
    }
}
