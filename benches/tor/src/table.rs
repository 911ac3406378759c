//! Samples, their medians, and how that is printed.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result};

use crate::front::{Column, columns, title};

/// All rows, in the order of their first sample.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

struct Row {
    name: String,
    digits: usize,
    samples: BTreeMap<Column, Vec<f64>>,
}

impl Table {
    /// Adds a sample, and the row where there is none yet.
    pub(crate) fn add(&mut self, name: &str, digits: usize, column: Column, sample: f64) {
        let known = self.0.iter().position(|row| row.name == name);
        let index = known.unwrap_or_else(|| {
            self.0.push(Row {
                name: name.to_owned(),
                digits,
                samples: BTreeMap::new(),
            });
            self.0.len() - 1
        });
        self.0[index]
            .samples
            .entry(column)
            .or_default()
            .push(sample);
    }

    /// The table as Markdown: medians, and in brackets what nine in ten are not above.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from("| metric |");
        for column in columns() {
            text.push_str(&format!(" {} |", title(column)));
        }
        text.push_str("\n| --- |");
        text.push_str(&" ---: |".repeat(columns().count()));
        text.push('\n');
        for row in &self.0 {
            text.push_str(&format!("| {} |", row.name));
            for column in columns() {
                text.push_str(&format!(" {} |", row.cell(column)));
            }
            text.push('\n');
        }
        text
    }
}

impl Row {
    fn cell(&self, column: Column) -> String {
        let Some(samples) = self.samples.get(&column) else {
            return String::new();
        };
        let figure = |per_cent| format!("{:.*}", self.digits, quantile(samples, per_cent));
        match samples.len() {
            0..FEW => figure(50),
            _ => format!("{} ({})", figure(50), figure(90)),
        }
    }
}

/// The sample that so many per cent are not above; 0 where there is none.
fn quantile(samples: &[f64], per_cent: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * per_cent / 100).copied().unwrap_or(0.0)
}

/// Puts the text between the marks of a document.
///
/// # Errors
/// The document has no such marks, or cannot be written.
pub(crate) fn write_figures(file: &Path, text: &str) -> Result<()> {
    let old = fs::read_to_string(file)?;
    let (before, rest) = old.split_once(BEGIN).context("no mark for the bench")?;
    let (_, after) = rest
        .split_once(END)
        .context("no mark for the bench's end")?;
    fs::write(file, format!("{before}{BEGIN}{text}{END}{after}"))?;
    Ok(())
}

/// Samples below which the ninth in ten means nothing.
const FEW: usize = 10;
const BEGIN: &str = "<!-- bench-tor: begin -->\n";
const END: &str = "<!-- bench-tor: end -->";
