//! Samples, their medians, the limits for them, and how they are printed.

use std::collections::BTreeMap;

use crate::peers::Peer;

/// The limit for our own figure.
#[derive(Clone, Copy)]
pub(crate) enum Line {
    /// At most this many times the peer's figure.
    AtMost(f64, Peer),
    /// At least this many times the peer's figure.
    AtLeast(f64, Peer),
    /// At most this value.
    Most(f64),
    /// At least this value.
    Least(f64),
}

/// A row of the table.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) digits: usize,
    pub(crate) lines: Vec<Line>,
    samples: BTreeMap<Peer, Vec<f64>>,
}

/// All rows, in the order of their first sample.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Adds a sample, and its row if it is new.
    pub(crate) fn add(
        &mut self,
        name: &str,
        unit: &'static str,
        digits: usize,
        lines: &[Line],
        peer: Peer,
        sample: f64,
    ) {
        let index = self
            .0
            .iter()
            .position(|row| row.name == name)
            .unwrap_or_else(|| {
                self.0.push(Row {
                    name: name.to_owned(),
                    unit,
                    digits,
                    lines: lines.to_vec(),
                    samples: BTreeMap::new(),
                });
                self.0.len() - 1
            });
        self.0[index].samples.entry(peer).or_default().push(sample);
    }

    /// The table as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from("| metric |");
        for peer in Peer::ALL {
            text.push_str(&format!(" {} |", peer.name()));
        }
        text.push_str(" line | met |\n| --- |");
        text.push_str(&" ---: |".repeat(Peer::ALL.len()));
        text.push_str(" --- | --- |\n");
        for row in &self.0 {
            row.write(&mut text);
        }
        text
    }
}

impl Row {
    fn median(&self, peer: Peer) -> Option<f64> {
        median(self.samples.get(&peer)?)
    }

    fn write(&self, text: &mut String) {
        let ours = self.median(Peer::Ours);
        text.push_str(&format!("| {}, {} |", self.name, self.unit));
        for peer in Peer::ALL {
            let cell = match (self.median(peer), ours) {
                (None, _) => String::new(),
                (Some(figure), Some(ours)) if peer != Peer::Ours && figure != 0.0 => {
                    format!("{figure:.*} ({:.2})", self.digits, ours / figure)
                }
                (Some(figure), _) => format!("{figure:.*}", self.digits),
            };
            text.push_str(&format!(" {cell} |"));
        }
        let verdicts: Vec<(String, Option<bool>)> =
            self.lines.iter().map(|line| self.judge(*line)).collect();
        let lines: Vec<&str> = verdicts.iter().map(|(line, _)| line.as_str()).collect();
        let met = match verdicts
            .iter()
            .map(|(_, met)| *met)
            .collect::<Option<Vec<bool>>>()
        {
            Some(met) if met.is_empty() => "",
            Some(met) if met.iter().all(|met| *met) => "yes",
            Some(_) => "**no**",
            None => "?",
        };
        text.push_str(&format!(" {} | {met} |\n", lines.join(" and ")));
    }

    /// The limit in words, and whether it is met.
    fn judge(&self, line: Line) -> (String, Option<bool>) {
        let ours = self.median(Peer::Ours);
        match line {
            Line::AtMost(factor, peer) => (
                format!("≤ {factor} × {}", peer.name()),
                ours.zip(self.median(peer))
                    .map(|(ours, theirs)| ours <= factor * theirs),
            ),
            Line::AtLeast(factor, peer) => (
                format!("≥ {factor} × {}", peer.name()),
                ours.zip(self.median(peer))
                    .map(|(ours, theirs)| ours >= factor * theirs),
            ),
            Line::Most(most) => (format!("≤ {most}"), ours.map(|ours| ours <= most)),
            Line::Least(least) => (format!("≥ {least}"), ours.map(|ours| ours >= least)),
        }
    }
}

pub(crate) fn median(samples: &[f64]) -> Option<f64> {
    quantile(samples, 50)
}

/// The value that `per_cent` of the samples do not exceed.
pub(crate) fn quantile(samples: &[f64], per_cent: usize) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get(last * per_cent / 100).copied()
}
