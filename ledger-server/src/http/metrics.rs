//! What `/metrics` counts, in the text format of Prometheus. No label names a person, a device or
//! an account: every label is one of a fixed list.

use super::{
    gauges::Gauges,
    reading::{Reading, Refused},
    recent::Recent,
};
use axum::http::StatusCode;
use meter_wire::ledger::LedgerCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};
use std::{
    cmp::Reverse,
    collections::BTreeSet,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Upper bounds of the time to an answer, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0, 10.0];

/// A route of the routing table, and the status of the answer.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Answered {
    route: String,
    status: u16,
}

/// What the ledger said to a report.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Reported {
    outcome: &'static str,
}

/// What was refused, and why.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, Ord, PartialEq, PartialOrd)]
struct Why {
    what: &'static str,
    reason: String,
}

/// All counters of the server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    answers: Family<Answered, Counter>,
    seconds: Histogram,
    overloaded: Counter,
    mistakes: Counter,
    reports: Family<Reported, Counter>,
    refusals: Family<Why, Counter>,
    /// Every label that `refusals` has.
    reasons: Mutex<BTreeSet<Why>>,
    recent: Recent,
    gauges: Gauges,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("onionmeter_ledger");
        let gauges = Gauges::register(&mut registry);
        let new = Self {
            answers: Family::default(),
            seconds: Histogram::new(SECONDS),
            overloaded: Counter::default(),
            mistakes: Counter::default(),
            reports: Family::default(),
            refusals: Family::default(),
            reasons: Mutex::default(),
            recent: Recent::new(Instant::now()),
            registry: Registry::default(),
            gauges,
        };
        registry.register("answers", "Answered requests", new.answers.clone());
        registry.register(
            "answer_seconds",
            "Time from the complete head of a request to its answer",
            new.seconds.clone(),
        );
        registry.register(
            "overloaded",
            "Requests that were refused because too many were being answered",
            new.overloaded.clone(),
        );
        registry.register(
            "mistakes",
            "Signatures that were not valid, and devices that were not known",
            new.mistakes.clone(),
        );
        registry.register(
            "reports",
            "Submitted reports by outcome",
            new.reports.clone(),
        );
        registry.register(
            "refusals",
            "Reports and requests that were refused, by reason",
            new.refusals.clone(),
        );
        Self { registry, ..new }
    }
}

impl Metrics {
    /// Counts one answer. `refusal` says why it is one.
    pub(crate) fn answered(
        &self,
        route: &str,
        status: StatusCode,
        refusal: Option<LedgerCode>,
        took: Duration,
    ) {
        let label = Answered {
            route: route.to_owned(),
            status: status.as_u16(),
        };
        self.answers.get_or_create(&label).inc();
        self.seconds.observe(took.as_secs_f64());
        if let Some(code) = refusal {
            let name = serde_json::to_value(code).ok();
            let name = name.as_ref().and_then(serde_json::Value::as_str);
            self.refused("request", name.unwrap_or("unknown"));
        }
    }

    /// Counts one request for which there was no room.
    pub(crate) fn overloaded(&self) {
        self.overloaded.inc();
    }

    /// Counts one signature that is not valid, or one device that is not known.
    pub(crate) fn mistake(&self) {
        self.mistakes.inc();
    }

    /// Counts one report by what the ledger said to it, and why if it did not take it.
    pub(crate) fn reported(&self, outcome: &'static str, refusal: Option<&str>) {
        self.reports.get_or_create(&Reported { outcome }).inc();
        match refusal {
            Some(reason) => self.refused("report", reason),
            None if outcome == ACCEPTED => self.recent.add(Instant::now()),
            None => {}
        }
    }

    fn refused(&self, what: &'static str, reason: &str) {
        let reason = reason.to_owned();
        let why = Why { what, reason };
        self.refusals.get_or_create(&why).inc();
        let mut reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.insert(why);
    }

    /// Reports that were taken in the `minutes` before `now`, five at most.
    pub(super) fn taken(&self, now: Instant, minutes: u64) -> u64 {
        self.recent.sum(now, minutes)
    }

    /// What was refused since the start, the most frequent first.
    pub(super) fn refusals(&self) -> Vec<Refused> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        let count = |why: &Why| Refused {
            is_report: why.what == "report",
            reason: why.reason.clone(),
            count: self.refusals.get_or_create(why).get(),
        };
        let mut refusals: Vec<_> = reasons.iter().map(count).collect();
        refusals.sort_by_key(|refused| Reverse(refused.count));
        refusals
    }

    /// The text of all counters, and of what one reading says.
    ///
    /// # Errors
    /// Never in practice: a string takes all that is written.
    pub(crate) fn text(&self, reading: &Reading) -> Result<String, fmt::Error> {
        self.gauges.set(reading);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// The outcome of a report that was taken now.
pub(super) const ACCEPTED: &str = "accepted";
