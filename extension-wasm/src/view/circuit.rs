//! The circuit of the site in the active tab, with a button for a new one.

use crate::update::{Intent, State};
use meter_wire::{Circuit, Hop};
use serde::Serialize;

/// A site's circuit.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct CircuitView {
    /// `Circuit for example.com`.
    pub title: String,
    /// The stops from this browser to the site; empty while they are not known.
    pub stops: Vec<Stop>,
    /// The reason why there is nothing to show, or an additional remark.
    pub text: Option<&'static str>,
    /// The result of the button, since the popup was opened.
    pub done: Option<&'static str>,
    /// The intent of the button; `None` while it has to wait.
    pub intent: Option<Intent>,
    /// When the button can be used again: `again in 7 s`.
    pub again: Option<String>,
}

/// One stop of the path.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Stop {
    /// The name of the stop: `Guard`, or the name of the browser or the site.
    pub name: String,
    /// Two upper-case letters; the popup turns them into the country's name in the person's
    /// language.
    pub country: Option<String>,
    /// The relay's own name.
    pub relay: Option<String>,
}

pub(super) fn circuit(state: &State) -> Option<CircuitView> {
    let site = state.site.as_ref().filter(|_| state.is_protected())?;
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
        title: format!("Circuit for {}", short(&shown.site)),
        stops,
        text,
        done: site.renewed.then_some(DONE),
        intent: (wait_s == 0).then_some(Intent::NewCircuit),
        again: (wait_s > 0).then(|| format!("again in {wait_s} s")),
    })
}

fn stops(way: &[Hop], onion: bool, site: &str) -> Vec<Stop> {
    let named = |name: &str| Stop {
        name: name.to_owned(),
        ..Stop::default()
    };
    let relays = way.iter().take(HOPS_MAX).map(|hop| Stop {
        name: hop.role.word().to_owned(),
        country: hop.country.as_deref().and_then(country),
        relay: Some(hop.relay.clone()),
    });
    std::iter::once(named("This browser"))
        .chain(relays)
        .chain(onion.then(|| named("Relays of the onion service")))
        .chain(std::iter::once(named(&short(site))))
        .collect()
}

/// The country code for `Intl.DisplayNames`, which throws at any other text.
fn country(code: &str) -> Option<String> {
    let is_code = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_code.then(|| code.to_ascii_uppercase())
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

const UNTOLD: &str = "This Tor does not tell its circuits. A new one can be had all the same.";
const UNUSED: &str = "None yet. It appears once something is loaded from the site.";
const TWO_WAYS: &str = "A second way leads to the same exit.";
const DONE: &str = "New circuit. The page is loading anew; cookies and log-ins stay.";
