//! The pages of what went wrong. Their text depends on the status alone, so a page of another
//! account and a page that does not exist look the same.

use super::frame::{Frame, Who};
use askama::Template;
use meter_core::UnixMs;

/// The page.
#[derive(Clone, Debug, Eq, PartialEq, Template)]
#[template(path = "problem.html")]
pub struct ProblemPage {
    /// What surrounds it: never the account, and no time.
    pub frame: Frame,
    /// The HTTP status.
    pub status: u16,
    /// A few words.
    pub title: &'static str,
    /// What happened.
    pub sentence: &'static str,
    /// What helps.
    pub help: &'static str,
    /// Whether a device can make a new link, which helps.
    pub is_about_link: bool,
    /// Whether the overview is at this host.
    pub has_way_home: bool,
}

/// A title, what happened, and what helps.
type Texts = (&'static str, &'static str, &'static str);

impl ProblemPage {
    /// The page of a status. A status without a page of its own gets the one of 500.
    #[must_use]
    pub fn new(ledger: &str, status: u16) -> Self {
        let known = texts(status).map(|texts| (status, texts));
        let (status, texts) = known.unwrap_or((500, FAULT));
        Self::with(ledger, status, texts)
    }

    /// The page of a status; `None` for a status without a page of its own.
    #[must_use]
    pub fn of(ledger: &str, status: u16) -> Option<Self> {
        texts(status).map(|texts| Self::with(ledger, status, texts))
    }

    /// The page of stored numbers that contradict each other.
    #[must_use]
    pub fn under_audit(ledger: &str) -> Self {
        Self::with(ledger, 500, UNDER_AUDIT)
    }

    fn with(ledger: &str, status: u16, (title, sentence, help): Texts) -> Self {
        let is_other_host = status == 421;
        Self {
            frame: Frame {
                under_audit: None,
                // Under another host name, only that name is known: the ledger's own one is told to
                // nobody who came without it.
                ledger: if is_other_host { "" } else { ledger }.to_owned(),
                now: UnixMs::ZERO,
                who: Who::Nobody,
                tab: None,
            },
            status,
            title,
            sentence,
            help,
            is_about_link: status == 410,
            has_way_home: !is_other_host,
        }
    }
}

const FAULT: Texts = (
    "A fault of the ledger",
    "The ledger could not make this page, and shows no number that it is not sure of.",
    "Reload the page. If it stays, tell the operator, who finds the cause in the ledger's log and \
     with onionmeter-ledger audit.",
);

const UNDER_AUDIT: Texts = (
    "Under audit",
    "A stored number contradicts another one, so this ledger shows neither until its operator has \
     looked.",
    "Your credits are not lost: the receipts on your devices prove each of them. Tell the \
     operator, who finds the row with onionmeter-ledger audit.",
);

fn texts(status: u16) -> Option<Texts> {
    Some(match status {
        400 => (
            "This request is not complete",
            "The ledger could not read what the browser sent.",
            "Go back, reload the page and try again.",
        ),
        403 => (
            "Not from this page",
            "The ledger refused a request that did not come from one of its own pages.",
            "Open the page at the ledger's own address and press the button there. If you came \
             here by a link on another site, close this page: nothing was changed.",
        ),
        404 => (
            "Nothing here",
            "There is no page at this address, or it is not one of your account.",
            "If you were signed in before, your sign-in may have ended.",
        ),
        405 => (
            "This address shows nothing",
            "It takes what a button of another page sends, and is no page by itself.",
            "Go to the page with the button and press it there. Nothing was changed.",
        ),
        408 => (
            "Too slow",
            "The browser's request did not arrive in time.",
            "Reload the page and try again. Over Tor the second try is often faster.",
        ),
        410 => (
            "This link is used up",
            "A sign-in link works once and for 60 seconds.",
            "Make a new one on your device:",
        ),
        413 | 415 => (
            "More than a form sends",
            "The ledger does not take what the browser sent: it is too large or of another kind.",
            "Go back, reload the page and try again.",
        ),
        421 => (
            "Not this ledger's address",
            "This ledger does not answer under the host name in your browser's address bar.",
            "Use the address that your device is enrolled at. The operator sets the addresses when \
             the ledger starts.",
        ),
        429 => (
            "Too many requests",
            "This ledger takes a limited number of requests in a minute.",
            "Wait a minute and reload the page. Nothing is lost.",
        ),
        500 => FAULT,
        503 => (
            "Not available for the moment",
            "The ledger cannot read its database now.",
            "Reload the page in a minute. Credits are kept: a receipt leaves the ledger only after \
             it was read back from the database. Devices send their reports again.",
        ),
        _ => return None,
    })
}
