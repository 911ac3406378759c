//! The self-test of the welcome page: four lines with their evidence. Each says what was found and
//! no more; nothing outside of this computer and of Tor is asked.

use super::step::{Mark, Step};
use crate::proxy_value::{BrowserFamily, Windows};
use crate::text::{Value, key};
use crate::update::{State, Verdict};

/// The four lines.
pub(super) fn tests(state: &State) -> Vec<Step> {
    vec![
        through(state),
        names(state),
        web_rtc(state),
        kill_switch(state),
    ]
}

/// Whether everything is there that a test needs.
pub(super) fn is_ready(state: &State) -> bool {
    state.wanted && state.routed_port().is_some() && is_tor_usable(state)
}

/// Whether the welcome page must try WebRTC and tell what it found.
pub(super) fn needs_try(state: &State) -> bool {
    let is_open = state.welcome.candidates().is_none();
    is_ready(state) && is_open && state.family == BrowserFamily::Gecko
}

fn is_tor_usable(state: &State) -> bool {
    state.status().is_some_and(|status| status.tor.is_usable())
}

/// A request of this browser with a name that nobody can guess arrived at the relay, and the relay
/// has no other way than Tor.
fn through(state: &State) -> Step {
    let is_private = state.windows == Windows::PrivateOnly;
    let title = match is_private {
        true => key("proof_through_private"),
        false => key("proof_through"),
    };
    let mark = arrival(state);
    let step = Step::new("through", title, mark);
    match mark {
        Mark::Done if is_private => step.says(key("proof_through_private_done")),
        Mark::Done => step.says(key("proof_through_done")),
        Mark::Optional => step.says(key("proof_private_only")),
        Mark::Fault => step.says(key("proof_through_lost")),
        Mark::Busy | Mark::Todo | Mark::Waits => step,
    }
}

/// The same request: it arrived as a name, so this computer did not resolve it.
fn names(state: &State) -> Step {
    let title = match state.windows {
        Windows::PrivateOnly => key("proof_names_private"),
        Windows::All => key("proof_names"),
    };
    let mark = match arrival(state) {
        Mark::Done if state.proxy.privacy_refused => Mark::Fault,
        mark => mark,
    };
    let step = Step::new("names", title, mark);
    match mark {
        Mark::Done => step.says(key("proof_names_done")),
        Mark::Optional => step.says(key("proof_private_only")),
        Mark::Fault => step.says(key("proof_names_fault")),
        Mark::Busy | Mark::Todo | Mark::Waits => step,
    }
}

fn arrival(state: &State) -> Mark {
    if !is_ready(state) {
        return Mark::Waits;
    }
    if !state.has_witness() {
        return Mark::Optional;
    }
    match state.witness.verdict() {
        _ if state.astray || state.bypassed => Mark::Fault,
        Verdict::Arrived => Mark::Done,
        Verdict::Open => Mark::Busy,
        Verdict::Lost | Verdict::Full { .. } | Verdict::Unknown => Mark::Fault,
    }
}

/// Firefox: the welcome page made a WebRTC connection itself, and it found no way for packets.
/// Chromium: what the browser answers.
fn web_rtc(state: &State) -> Step {
    let title = key("proof_web_rtc");
    let new = |mark| Step::new("web_rtc", title, mark);
    match state.welcome.candidates() {
        _ if !is_ready(state) => new(Mark::Waits),
        _ if state.proxy.privacy_refused => new(Mark::Fault).says(key("proof_web_rtc_refused")),
        // Chromium leaves WebRTC to an extension's own pages, so a try there tells nothing.
        _ if state.family == BrowserFamily::Chromium => match state.is_hardened() {
            true => new(Mark::Done).says(key("proof_web_rtc_read")),
            false => new(Mark::Busy),
        },
        None => new(Mark::Busy),
        Some(0) => new(Mark::Done).says(key("proof_web_rtc_done")),
        Some(found) => {
            let found = Value::count(found.into());
            new(Mark::Fault).says(key("proof_web_rtc_found").with("ways", found))
        }
    }
}

/// The browser itself returns the setting, and that this extension alone controls it.
fn kill_switch(state: &State) -> Step {
    let title = key("proof_kill");
    let new = |mark| Step::new("kill_switch", title, mark);
    let Some(port) = state.routed_port().filter(|_| is_ready(state)) else {
        return new(Mark::Waits);
    };
    let says = match (state.family, state.floor()) {
        _ if state.windows == Windows::PrivateOnly => key("proof_kill_private"),
        (BrowserFamily::Chromium, Some(true)) => key("proof_kill_floor"),
        (BrowserFamily::Chromium, Some(false) | None) => key("proof_kill_done"),
        (BrowserFamily::Gecko, _) => key("proof_kill_firefox"),
    };
    new(Mark::Done).says(says.with("port", Value::plain(port.to_string())))
}
