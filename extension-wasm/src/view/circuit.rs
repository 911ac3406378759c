//! The circuit of the site in the active tab, with a button for a new one.

use super::identity::again_in;
use crate::text::{Key, Text, Value, key};
use crate::update::{Intent, State};
use meter_wire::{Circuit, Hop};
use serde::Serialize;

/// A site's circuit.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct CircuitView {
    /// `Circuit for example.com`.
    pub title: Text,
    /// The stops from this browser to the site; empty while they are not known.
    pub stops: Vec<Stop>,
    /// The reason why there is nothing to show, or an additional remark.
    pub text: Option<Key>,
    /// The result of the button, since the popup was opened.
    pub done: Option<Key>,
    /// The intent of the button; `None` while it has to wait.
    pub intent: Option<Intent>,
    /// When the button can be used again: `again in 7 s`.
    pub again: Option<Text>,
}

/// One stop of the path.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Stop {
    /// The name of the stop: `Guard`, or the name of the browser or the site.
    pub name: Text,
    /// Two upper-case letters; the popup turns them into the country's name in the person's
    /// language.
    pub country: Option<Value>,
    /// The relay's own name.
    pub relay: Option<String>,
}

pub(super) fn circuit(state: &State) -> Option<CircuitView> {
    let site = state.protected_site().filter(|_| state.is_protected())?;
    let shown = site.circuit.as_ref()?;
    let (stops, text) = match &shown.circuit {
        Circuit::Untold => (Vec::new(), Some(UNTOLD)),
        Circuit::Unused if site.renewed => (Vec::new(), None),
        Circuit::Unused => (Vec::new(), Some(UNUSED)),
        Circuit::Built { ways, onion } => {
            let more = (ways.len() > 1).then_some(TWO_WAYS);
            (stops(ways.first()?, *onion, &shown.site), more)
        }
    };
    let wait_s = state.status().map_or(0, |status| status.new_circuit_in_s);
    Some(CircuitView {
        title: key("circuit_for").with("site", Value::plain(short(&shown.site))),
        stops,
        text,
        done: site.renewed.then_some(DONE),
        intent: (wait_s == 0).then_some(Intent::NewCircuit),
        again: (wait_s > 0).then(|| again_in(wait_s)),
    })
}

fn stops(way: &[Hop], onion: bool, site: &str) -> Vec<Stop> {
    let named = |name: Text| Stop {
        name,
        country: None,
        relay: None,
    };
    let relays = way.iter().take(HOPS_MAX).map(|hop| Stop {
        name: Text::of_family("hop", &hop.role),
        country: hop.country.as_deref().and_then(country),
        relay: Some(hop.relay.clone()),
    });
    std::iter::once(named(key("stop_browser").text()))
        .chain(relays)
        .chain(onion.then(|| named(key("stop_onion").text())))
        .chain(std::iter::once(named(Text::quoted(short(site)))))
        .collect()
}

/// The country code for `Intl.DisplayNames`, which throws at any other text.
fn country(code: &str) -> Option<Value> {
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| Value::Country(code.to_ascii_uppercase()))
}

/// The whole name, unless it is as long as an onion address. Then its two ends, by which people
/// recognise it.
fn short(site: &str) -> String {
    const WHOLE_MAX: usize = 32;
    const BEGINNING: usize = 10;
    const END: usize = 14;
    let count = site.chars().count();
    if count <= WHOLE_MAX {
        return site.to_owned();
    }
    let beginning: String = site.chars().take(BEGINNING).collect();
    let end: String = site.chars().skip(count.saturating_sub(END)).collect();
    format!("{beginning}…{end}")
}

/// The longest circuit that Tor builds, to an onion service over two layers of vanguards, and one
/// hop more.
const HOPS_MAX: usize = 8;

const UNTOLD: Key = key("circuit_untold");
const UNUSED: Key = key("circuit_unused");
const TWO_WAYS: Key = key("circuit_two_ways");
const DONE: Key = key("circuit_done");
