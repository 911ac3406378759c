//! `account`: what the operator sees of accounts, and their deletion.

use super::{
    answer::{Answer, CommandError},
    exit, ids,
    open::Common,
    quantity::time,
};
use crate::{
    ledger::{AccountEntry, Ledger},
    number::counted,
    pages::Credits,
};
use clap::Subcommand;
use meter_core::AccountId;
use serde_json::json;

pub(super) const HELP: &str = "\
Examples:
  onionmeter-ledger account list
  onionmeter-ledger account show 3f0c5a1d9e7b4c2688d1a05be4f7c913
  onionmeter-ledger account delete 3f0c5a1d9e7b4c2688d1a05be4f7c913 --yes

The owner of an account deletes it on the page `Account`; the operator needs this only for who has
lost every device. Nothing of a deleted account can be brought back.

Exit status: 0 done, 64 not confirmed, 66 there is no such account.";

#[derive(clap::Args)]
pub(super) struct Account {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List accounts, in the order of their ids
    List {
        /// Begin after this account
        #[arg(long, value_name = "ACCOUNT", value_parser = ids::account)]
        after: Option<AccountId>,
        /// So many at most
        #[arg(
            long,
            value_name = "NUMBER",
            default_value_t = 100,
            allow_hyphen_values = true
        )]
        limit: u32,
    },
    /// Show an account with its devices
    Show {
        /// The account
        #[arg(value_parser = ids::account)]
        account: AccountId,
    },
    /// Delete an account with everything that belongs to it
    Delete {
        /// The account
        #[arg(value_parser = ids::account)]
        account: AccountId,
        /// Yes, delete it
        #[arg(long)]
        yes: bool,
    },
}

impl Account {
    pub(super) fn run(self, common: &Common) -> Result<Answer, CommandError> {
        let ledger = common.ledger()?;
        match self.command {
            Command::List { after, limit } => list(&ledger, after, limit),
            Command::Show { account } => show(&ledger, account),
            Command::Delete {
                account,
                yes: false,
            } => Err(CommandError::new(
                exit::USAGE,
                format!(
                    "nothing was deleted. To delete account {} with its balance, for ever, add \
                     --yes",
                    hex::encode(account.0)
                ),
            )),
            Command::Delete { account, yes: true } => {
                if !ledger.delete_account(account)? {
                    return Err(unknown());
                }
                let text = format!("Account {} is deleted.\n", hex::encode(account.0));
                Ok(Answer::new("deleted", text).with("account", hex::encode(account.0)))
            }
        }
    }
}

fn unknown() -> CommandError {
    let message = "there is no such account; see them with: onionmeter-ledger account list";
    CommandError::new(exit::NO_INPUT, message)
}

fn list(ledger: &Ledger, after: Option<AccountId>, limit: u32) -> Result<Answer, CommandError> {
    let accounts = ledger.accounts(after, limit)?;
    let counts = ledger.counts()?;
    let (mut text, mut rows) = (String::new(), Vec::new());
    for account in &accounts {
        let id = hex::encode(account.id.0);
        let credits = Credits(ledger.balance(account.id)?.credited).exact();
        let opened = time(account.opened);
        text += &format!("{id}  {opened}  {credits:>20}\n");
        rows.push(json!({
            "account": id,
            "opened_ms": account.opened.get().to_string(),
            "credits": credits,
        }));
    }
    text += &format!(
        "{} of {}, {}\n",
        accounts.len(),
        counted(counts.accounts, "account", "accounts"),
        counted(counts.devices, "device", "devices")
    );
    Ok(Answer::new("accounts", text)
        .with("accounts", rows)
        .with("accounts_count", counts.accounts.to_string())
        .with("devices_count", counts.devices.to_string()))
}

fn show(ledger: &Ledger, id: AccountId) -> Result<Answer, CommandError> {
    let account = find(ledger, id)?.ok_or_else(unknown)?;
    let balance = ledger.balance(id)?;
    let reports = ledger.reports_of(id)?;
    let credits = Credits(balance.credited).exact();
    let mut text = format!(
        "Account {}\n\n  opened    {}\n  credits   {credits}\n  reports   {reports}\n\nDevices\n",
        hex::encode(id.0),
        time(account.opened),
    );
    let mut rows = Vec::new();
    for device in ledger.devices(id)? {
        let key = hex::encode(device.key.0);
        let removed = device
            .revoked
            .map_or(String::new(), |at| format!("  removed {}", time(at)));
        text += &format!("  {key}  {}{removed}\n", device.name);
        rows.push(json!({
            "device": key,
            "name": device.name,
            "enrolled_ms": device.enrolled.get().to_string(),
            "removed_ms": device.revoked.map(|at| at.get().to_string()),
        }));
    }
    Ok(Answer::new("account", text)
        .with("account", hex::encode(id.0))
        .with("opened_ms", account.opened.get().to_string())
        .with("credits", credits)
        .with("reports", reports.to_string())
        .with("devices", rows))
}

/// The account with this id: the first one after the id before it.
pub(super) fn find(ledger: &Ledger, id: AccountId) -> Result<Option<AccountEntry>, CommandError> {
    let before = u128::from_be_bytes(id.0).checked_sub(1);
    let before = before.map(|number| AccountId(number.to_be_bytes()));
    let next = ledger.accounts(before, 1)?;
    Ok(next.into_iter().find(|account| account.id == id))
}
