//! Opens a page of the ledger that a person asked for in a terminal. The host offers it to every
//! browser; the one that sends everything through Tor takes it.

use super::ask::ask;
use super::effect::Effect;
use super::state::{Asked, Host, State};
use crate::proxy_value::Windows;
use meter_wire::Request;

/// The request by which a host learns that this extension opens pages.
const OPENS: &str = "opens_pages";

/// Tells a host that knows the request.
pub(super) fn on_hello(state: &mut State, capabilities: &[String], effects: &mut Vec<Effect>) {
    if capabilities.iter().any(|name| name == OPENS) {
        ask(state, Asked::LedgerPage, Request::OpensPages, effects);
    }
}

/// Takes the page, unless it would be loaded past Tor. At most one between two pings, so that no
/// host can fill the screen with tabs.
pub(super) fn on_offer(state: &mut State, effects: &mut Vec<Effect>) {
    if is_set_to_tor(state) && !state.page_taken {
        state.page_taken = true;
        ask(state, Asked::LedgerPage, Request::TakePage, effects);
    }
}

/// Opens the page. The host needed time to fetch its link, so the state may be another one now.
pub(super) fn on_link(state: &State, link: &str, effects: &mut Vec<Effect>) {
    if is_set_to_tor(state) && is_of_ledger(state, link) {
        effects.push(Effect::OpenLink {
            url: link.to_owned(),
            in_private: state.windows == Windows::PrivateOnly,
        });
    }
}

fn is_set_to_tor(state: &State) -> bool {
    let is_open = state.windows == Windows::All || state.is_allowed_in_private();
    is_open && state.is_routed()
}

/// Whether a link leads to the sign-in of the ledger in force. A host that is broken or hostile
/// opens no other page.
fn is_of_ledger(state: &State, link: &str) -> bool {
    let Host::Linked(host) = &state.host else {
        return false;
    };
    let ledger = host
        .status
        .as_ref()
        .and_then(|status| status.ledger.as_ref());
    let code = ledger.and_then(|ledger| {
        let rest = link.strip_prefix("http://")?;
        rest.strip_prefix(&ledger.address)?.strip_prefix("/login/")
    });
    code.is_some_and(|code| {
        !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}
