//! `invite` and `admin-link`: secrets that the operator hands out.

use super::{
    account,
    answer::{Answer, CommandError},
    exit, ids,
    open::Common,
    quantity::{parse_duration, time},
};
use crate::pages;
use meter_core::{AccountId, DurationMs};

pub(super) const HELP: &str = "\
Examples:
  onionmeter-ledger invite                     a new account, once, within 7 days
  onionmeter-ledger invite --for 1h --account 3f0c5a1d9e7b4c2688d1a05be4f7c913

The code is printed once; the ledger keeps its hash. Whoever has it can use it, once.

Exit status: 0 done, 66 there is no such account.";

pub(super) const LINK_HELP: &str = "\
Open it in a browser that reaches the ledger, compare the two words, and press the button. The page
shows how the ledger runs; it shows no account and changes nothing.";

const WEEK_MS: u32 = 7 * 86_400_000;

#[derive(clap::Args)]
pub(super) struct Invite {
    /// Into this account, instead of a new one
    #[arg(long, value_name = "ACCOUNT", value_parser = ids::account)]
    account: Option<AccountId>,
    /// For how long it can be used, at most 40d
    #[arg(
        long = "for",
        value_name = "TIME",
        value_parser = lifetime,
        default_value = "7d",
        allow_hyphen_values = true,
    )]
    lifetime: u32,
}

fn lifetime(text: &str) -> Result<u32, String> {
    let most = DurationMs::from_u32(40 * 86_400_000);
    let length = parse_duration(text)?;
    if length > most || length == DurationMs::ZERO {
        return Err("from 1ms to 40d".to_owned());
    }
    Ok(u32::try_from(length.get()).unwrap_or(WEEK_MS))
}

impl Invite {
    pub(super) fn run(self, common: &Common) -> Result<Answer, CommandError> {
        let home = common.home()?;
        let ledger = crate::opening::open(&home.folder, &home.wanted)?;
        if let Some(id) = self.account
            && account::find(&ledger, id)?.is_none()
        {
            return Err(CommandError::new(
                exit::NO_INPUT,
                "there is no such account",
            ));
        }
        let (code, expires) = ledger.invite(self.account, self.lifetime)?;
        let words = code.words();
        let command = format!("{} --code \"{words}\"", home.enrol_command()?);
        let text = format!(
            "  {words}\n\nUntil {}, once:\n\n  {command}\n",
            time(expires)
        );
        Ok(Answer::new("invited", text)
            .with("code", words)
            .with("command", command)
            .with("expires_ms", expires.get().to_string()))
    }
}

pub(super) fn link(common: &Common) -> Result<Answer, CommandError> {
    let home = common.home()?;
    let ledger = crate::opening::open(&home.folder, &home.wanted)?;
    let login = ledger.new_login(None)?;
    let origin = home.shown()?;
    let link = format!("{origin}{}", pages::login(&login.token.text()));
    let text = format!(
        "  {link}\n\nIt works once, within a minute. The page must show these two words: {}\n",
        login.words
    );
    Ok(Answer::new("link", text)
        .with("link", link)
        .with("words", login.words)
        .with("expires_ms", login.expires.get().to_string()))
}
