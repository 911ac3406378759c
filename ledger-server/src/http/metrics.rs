//! What `/metrics` counts, in the text format of Prometheus. No label names a person, a device or
//! an account: every label is one of a fixed list.

use axum::http::StatusCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};
use std::{fmt, time::Duration};

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

/// All counters of the server.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    answers: Family<Answered, Counter>,
    seconds: Histogram,
    overloaded: Counter,
    mistakes: Counter,
    connections: Gauge,
    reports: Family<Reported, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("onionmeter_ledger");
        let new = Self {
            answers: Family::default(),
            seconds: Histogram::new(SECONDS),
            overloaded: Counter::default(),
            mistakes: Counter::default(),
            connections: Gauge::default(),
            reports: Family::default(),
            registry: Registry::default(),
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
        registry.register("connections", "Open connections", new.connections.clone());
        registry.register(
            "reports",
            "Submitted reports by outcome",
            new.reports.clone(),
        );
        Self { registry, ..new }
    }
}

impl Metrics {
    /// Counts one answer.
    pub(crate) fn answered(&self, route: &str, status: StatusCode, took: Duration) {
        let label = Answered {
            route: route.to_owned(),
            status: status.as_u16(),
        };
        self.answers.get_or_create(&label).inc();
        self.seconds.observe(took.as_secs_f64());
    }

    /// Counts one request for which there was no room.
    pub(crate) fn overloaded(&self) {
        self.overloaded.inc();
    }

    /// Counts one signature that is not valid, or one device that is not known.
    pub(crate) fn mistake(&self) {
        self.mistakes.inc();
    }

    /// Counts one report by what the ledger said to it.
    pub(crate) fn reported(&self, outcome: &'static str) {
        self.reports.get_or_create(&Reported { outcome }).inc();
    }

    /// The text of all counters.
    ///
    /// # Errors
    /// Never in practice: a string takes all that is written.
    pub(crate) fn text(&self, connections: usize) -> Result<String, fmt::Error> {
        self.connections
            .set(i64::try_from(connections).unwrap_or(i64::MAX));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
