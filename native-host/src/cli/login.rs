//! `login`: signs a browser in at the ledger, with a link that a browser opens by itself.

use super::{
    ask::Patience,
    ledger::{ASK_MAX, asked},
    outcome::{CommandError, Outcome},
    output::{Answer, Format},
};
use crate::{home::Home, ipc};
use clap::Args;
use meter_wire::{ErrorCode, LedgerLogin, LedgerOpened, Request, Success};

/// `login`.
#[derive(Args)]
#[command(after_help = "\
The extension that shows \"Protected\" opens the link in its browser, with private windows only in a
private window. If none does, the link is printed: open it by hand, in a browser that is set to Tor.
No other program gets it, because every user of this computer can read what a program is started
with. With --json it is printed and not opened.

The page signs in when you press \"Sign in\", once and within a minute. Compare the two words first.

Exit status: 0 done, 69 the ledger cannot be reached, 77 this device is not enrolled.")]
pub(super) struct Arguments {
    /// Only print the link, for a terminal without a desktop
    #[arg(long)]
    print: bool,
    #[command(flatten)]
    patience: Patience,
}

pub(super) fn run(arguments: &Arguments, home: &Home, format: Format) -> Outcome {
    let patience = arguments.patience.at_most(ASK_MAX);
    if arguments.print || format == Format::Json {
        let login = link(patience, home, format)?;
        return Answer::new("link", by_hand(&login))
            .with_all(&login)
            .print(format);
    }
    let opened = match asked(patience, home, format, Request::LedgerOpen) {
        Ok(Success::LedgerOpened(opened)) => opened,
        Ok(_) => return Err(ipc::unexpected().into()),
        // A daemon from before this request.
        Err(CommandError::Problem(problem)) if problem.code == ErrorCode::UnknownRequest => {
            let LedgerLogin { link, words } = link(patience, home, format)?;
            let link = Some(link);
            LedgerOpened { link, words }
        }
        Err(error) => return Err(error),
    };
    Answer::new("opened", words(opened)).print(format)
}

fn words(opened: LedgerOpened) -> String {
    let LedgerOpened { link, words } = opened;
    match link {
        None => format!(
            "A browser that is set to Tor opens the page. It must show the words: {words}\n\
             \"Sign in\" works there once and within a minute. If no page opens: onionmeter login \
             --print"
        ),
        Some(link) => format!(
            "{}\nIt was not opened by itself: no extension here shows \"Protected\". `onionmeter \
             open` starts a browser that reaches nothing except through Onionmeter.",
            by_hand(&LedgerLogin { link, words })
        ),
    }
}

fn by_hand(login: &LedgerLogin) -> String {
    format!(
        "Open this in a browser that is set to Tor; it works once and within a minute:\n\n  {}\n\n\
         Its page must show the words: {}",
        login.link, login.words
    )
}

fn link(patience: Patience, home: &Home, format: Format) -> Result<LedgerLogin, CommandError> {
    match asked(patience, home, format, Request::LedgerLogin)? {
        Success::LedgerLogin(login) => Ok(login),
        _ => Err(ipc::unexpected().into()),
    }
}
