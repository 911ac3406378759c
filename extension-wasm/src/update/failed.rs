//! Pages that did not load: which tab shows the browser's error, and why, as far as that is known.
//! Only numbers of tabs are held, in memory, and no address.

use super::effect::Effect;
use super::failed_tabs::{LoadError, LoadingTab, NetError, TABS_MAX};
use super::state::State;
use meter_wire::Unreached;

/// The browser could not load the page of a tab.
pub(super) fn on_failed(
    state: &mut State,
    tab: i32,
    error: NetError,
    private: bool,
    effects: &mut Vec<Effect>,
) {
    if state.route_port().is_none() || !state.protects(private) {
        return;
    }
    let failure = Some(match error {
        NetError::NoProxy => LoadError::NoRelay,
        NetError::NoConnection => LoadError::Unreached(None),
    });
    let known = taken(state, tab);
    let before = known.and_then(|known| known.before);
    put(state, tab, before, failure);
    find_reasons(state);
    mark(tab, true, effects);
}

/// A tab begins to load another page.
pub(super) fn on_begun(state: &mut State, tab: i32, effects: &mut Vec<Effect>) {
    on_closed(state, tab, effects);
    let before = state.status().map(|status| status.unreached.clone());
    put(state, tab, before, None);
}

/// A tab loads. The browser's error is the first that loads after a page has failed; whatever loads
/// when that has settled is another page, which the browser may show without any request.
pub(super) fn on_loading(state: &mut State, tab: i32, effects: &mut Vec<Effect>) {
    let mut tabs = state.failed.tabs.iter();
    if tabs.any(|known| known.tab == tab && known.settled) {
        on_closed(state, tab, effects);
    }
}

/// Protection is off, so the browser's errors are its own affair.
pub(super) fn on_off(state: &mut State, effects: &mut Vec<Effect>) {
    let tabs = std::mem::take(&mut state.failed.tabs);
    let failed = tabs.iter().filter(|known| known.failure.is_some());
    failed.for_each(|known| mark(known.tab, false, effects));
}

/// A tab has closed, or shows another page.
pub(super) fn on_closed(state: &mut State, tab: i32, effects: &mut Vec<Effect>) {
    if taken(state, tab).is_some_and(|known| known.failure.is_some()) {
        mark(tab, false, effects);
    }
}

fn taken(state: &mut State, tab: i32) -> Option<LoadingTab> {
    let tabs = &mut state.failed.tabs;
    let place = tabs.iter().position(|known| known.tab == tab)?;
    Some(tabs.remove(place))
}

fn put(state: &mut State, tab: i32, before: Option<Vec<Unreached>>, failure: Option<LoadError>) {
    let tabs = &mut state.failed.tabs;
    if tabs.len() >= TABS_MAX {
        tabs.remove(0);
    }
    tabs.push(LoadingTab {
        tab,
        before,
        failure,
        settled: false,
    });
}

/// A tab has settled on a page. Browsers take a tab's own badge away when its page changes, and
/// their error is a page, too.
pub(super) fn on_settled(state: &mut State, tab: i32, effects: &mut Vec<Effect>) {
    let mut tabs = state.failed.tabs.iter_mut();
    let failed = tabs.find(|known| known.tab == tab && known.failure.is_some());
    if let Some(known) = failed {
        known.settled = true;
        mark(tab, true, effects);
    }
}

fn mark(tab: i32, failed: bool, effects: &mut Vec<Effect>) {
    effects.push(Effect::MarkTab { tab, failed });
}

/// Finds Tor's reason for each tab that has none yet: what was refused since the tab began to load.
/// The tab's own refusal is among that, so a reason is certain if it is the only one.
pub(super) fn find_reasons(state: &mut State) {
    let is_open = |known: &LoadingTab| known.failure == Some(LoadError::Unreached(None));
    if !state.failed.tabs.iter().any(is_open) {
        return;
    }
    let Some(now) = state.status().map(|status| status.unreached.clone()) else {
        return;
    };
    for known in state.failed.tabs.iter_mut().filter(|known| is_open(known)) {
        let Some(before) = &known.before else {
            continue;
        };
        let count = |reply| {
            let mut all = before.iter();
            all.find(|one| one.reply == reply)
                .map_or(0, |one| one.count.0)
        };
        let rises = |one: &&Unreached| one.count.0 > count(one.reply);
        let mut risen = now.iter().filter(rises).map(|one| one.reply);
        if let (Some(reply), None) = (risen.next(), risen.next()) {
            known.failure = Some(LoadError::Unreached(Some(reply)));
        }
    }
}
