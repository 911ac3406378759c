//! The site in the active tab while a popup is open: its name, its circuit, and a new circuit for
//! it. The browser is asked for the name when a popup opens; the name is never stored.

use super::ask;
use super::effect::Effect;
use super::event::Tab;
use super::state::{Asked, Site, State};
use meter_wire::{Circuit, Request, SITE_BYTES_MAX, SiteCircuit, SiteQuery};

/// Finds out which site is in the active tab, when a popup has opened.
pub(super) fn look(state: &mut State, effects: &mut Vec<Effect>) {
    state.site = None;
    effects.push(Effect::ReadTab);
}

/// Takes the active tab, if the browser tells it.
pub(super) fn on_tab(state: &mut State, tab: Option<Tab>) {
    if state.subscribers.is_empty() {
        return;
    }
    state.last_site = state.last_site.wrapping_add(1);
    let number = state.last_site;
    state.site = tab.and_then(|tab| {
        Some(Site {
            number,
            tab: tab.id,
            private: tab.private,
            host: host_of(&tab.url)?,
            asked: false,
            circuit: None,
            renewed: false,
        })
    });
}

/// Asks for the circuit of a new site as soon as that is possible.
pub(super) fn ask_first(state: &mut State, effects: &mut Vec<Effect>) {
    if state.site.as_ref().is_some_and(|site| !site.asked) {
        ask_circuit(state, effects);
    }
}

/// Asks for the site's circuit if there can be one.
pub(super) fn ask_circuit(state: &mut State, effects: &mut Vec<Effect>) {
    if !state.is_protected() {
        return;
    }
    let Some(site) = protected(state) else { return };
    site.asked = true;
    let (asked, query) = (Asked::Circuit(site.number), query(site));
    ask::ask_once(state, asked, Request::Circuit(query), effects);
}

/// Takes a circuit from the host, with the host's name for the site.
pub(super) fn on_circuit(state: &mut State, number: u32, circuit: SiteCircuit) {
    if let Some(site) = with_number(state, number) {
        site.circuit = Some(circuit);
    }
}

/// Asks for another circuit, on a person's request.
pub(super) fn renew(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(site) = protected(state) else { return };
    site.renewed = false;
    let (asked, query) = (Asked::NewCircuit(site.number), query(site));
    ask::ask(state, asked, Request::NewCircuit(query), effects);
}

/// The site gets another circuit as soon as its page is reloaded, so this reloads it.
pub(super) fn on_renewed(state: &mut State, number: u32, effects: &mut Vec<Effect>) {
    let Some(site) = with_number(state, number) else {
        return;
    };
    site.renewed = true;
    if let Some(shown) = &mut site.circuit
        && matches!(shown.circuit, Circuit::Built { .. })
    {
        shown.circuit = Circuit::Unused;
    }
    effects.push(Effect::ReloadTab(site.tab));
}

/// The site, unless its window goes past the relay: then it has no circuit, and the host must not
/// be told its name.
fn protected(state: &mut State) -> Option<&mut Site> {
    match state.protected_site().is_some() {
        true => state.site.as_mut(),
        false => None,
    }
}

fn with_number(state: &mut State, number: u32) -> Option<&mut Site> {
    state.site.as_mut().filter(|site| site.number == number)
}

fn query(site: &Site) -> SiteQuery {
    SiteQuery {
        site: site.host.clone(),
    }
}

/// The host of a web page's address in the form of browsers: lower case, names in ASCII. `None` for
/// pages that are not from the web.
fn host_of(url: &str) -> Option<String> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(literal) => literal.split_once(']')?.0,
        None => host.split(':').next()?,
    };
    (1..=SITE_BYTES_MAX)
        .contains(&host.len())
        .then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_a_web_page_is_found_and_of_no_other() {
        #[track_caller]
        fn check(url: &str, host: Option<&str>) {
            assert_eq!(host_of(url).as_deref(), host, "{url}");
        }
        check("https://example.com/", Some("example.com"));
        check("http://www.example.com:8080/a?b#c", Some("www.example.com"));
        check("https://example.com?a@b", Some("example.com"));
        check("https://me:pw@example.com/", Some("example.com"));
        check(
            "http://[2606:2800:220:1::1]:80/",
            Some("2606:2800:220:1::1"),
        );
        for url in [
            "",
            "https://",
            "https:///",
            "about:blank",
            "chrome://extensions/",
            "file:///etc/passwd",
            "data:text/html,https://example.com/",
            "view-source:https://example.com/",
            "http://[::1",
        ] {
            check(url, None);
        }
        check(&format!("https://{}/", "a".repeat(256)), None);
    }
}
