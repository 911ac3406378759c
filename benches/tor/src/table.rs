//! Samples, their medians, and how they are printed.

use std::collections::BTreeMap;

/// All rows, in the order of their first sample. `C` names a column.
pub(crate) struct Table<C>(Vec<Row<C>>);

struct Row<C> {
    name: String,
    digits: usize,
    samples: BTreeMap<C, Vec<f64>>,
}

/// A last column: the median of one column divided by the median of another.
pub(crate) struct Ratio<C> {
    pub(crate) title: &'static str,
    pub(crate) of: C,
    pub(crate) to: C,
}

impl<C: Copy + Ord> Table<C> {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a sample, and its row if it is new.
    pub(crate) fn add(&mut self, name: &str, digits: usize, column: C, sample: f64) {
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

    /// The table as Markdown, with these columns under their titles: medians, and in brackets the
    /// value that nine of ten samples do not exceed.
    pub(crate) fn markdown(&self, columns: &[(C, String)], ratio: Option<&Ratio<C>>) -> String {
        let mut text = String::from("| metric |");
        for (_, title) in columns {
            text.push_str(&format!(" {title} |"));
        }
        if let Some(ratio) = ratio {
            text.push_str(&format!(" {} |", ratio.title));
        }
        text.push_str("\n| --- |");
        text.push_str(&" ---: |".repeat(columns.len() + usize::from(ratio.is_some())));
        text.push('\n');
        for row in &self.0 {
            text.push_str(&format!("| {} |", row.name));
            for (column, _) in columns {
                text.push_str(&format!(" {} |", row.cell(*column)));
            }
            if let Some(ratio) = ratio {
                text.push_str(&format!(" {} |", row.ratio(ratio)));
            }
            text.push('\n');
        }
        text
    }
}

impl<C: Copy + Ord> Row<C> {
    fn cell(&self, column: C) -> String {
        let Some(samples) = self.samples.get(&column) else {
            return String::new();
        };
        let figure = |per_cent| format!("{:.*}", self.digits, quantile(samples, per_cent));
        match samples.len() {
            0..FEW => figure(50),
            _ => format!("{} ({})", figure(50), figure(90)),
        }
    }

    /// Empty where one side is missing or the divisor is zero.
    fn ratio(&self, ratio: &Ratio<C>) -> String {
        let median = |column| {
            let samples = self.samples.get(&column);
            samples.map(|samples| quantile(samples, 50))
        };
        match (median(ratio.of), median(ratio.to)) {
            (Some(of), Some(to)) if to > 0.0 => format!("{:.2}", of / to),
            _ => String::new(),
        }
    }
}

/// The value that `per_cent` of the samples do not exceed; 0 without samples.
fn quantile(samples: &[f64], per_cent: usize) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * per_cent / 100).copied().unwrap_or(0.0)
}

/// With fewer samples, the value for nine of ten means nothing.
const FEW: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> [(char, String); 2] {
        [('a', "one".to_owned()), ('b', "two".to_owned())]
    }

    #[test]
    fn rows_keep_the_order_of_their_first_sample_and_show_medians() {
        let mut table = Table::new();
        table.add("wait, ms", 1, 'a', 9.0);
        table.add("size, MB", 0, 'a', 5.0);
        table.add("wait, ms", 1, 'b', 4.0);
        table.add("wait, ms", 1, 'a', 1.0);
        table.add("wait, ms", 1, 'a', 2.0);
        assert_eq!(
            table.markdown(&columns(), None),
            "| metric | one | two |\n\
             | --- | ---: | ---: |\n\
             | wait, ms | 2.0 | 4.0 |\n\
             | size, MB | 5 |  |\n"
        );
    }

    #[test]
    fn ten_samples_also_show_what_nine_in_ten_are_not_above() {
        let mut table = Table::new();
        for sample in [7.0, 1.0, 3.0, 2.0, 10.0, 5.0, 4.0, 6.0, 9.0, 8.0] {
            table.add("wait", 0, 'a', sample);
        }
        assert!(
            table
                .markdown(&columns(), None)
                .contains("| wait | 5 (9) |  |")
        );
    }

    #[test]
    fn a_ratio_divides_medians_and_is_empty_where_it_cannot() {
        let mut table = Table::new();
        for sample in [1.0, 3.0, 100.0] {
            table.add("both", 1, 'a', 2.0);
            table.add("both", 1, 'b', sample);
        }
        table.add("one", 1, 'b', 3.0);
        table.add("by nothing", 1, 'a', 0.0);
        table.add("by nothing", 1, 'b', 3.0);
        let ratio = Ratio {
            title: "two ÷ one",
            of: 'b',
            to: 'a',
        };
        assert_eq!(
            table.markdown(&columns(), Some(&ratio)),
            "| metric | one | two | two ÷ one |\n\
             | --- | ---: | ---: | ---: |\n\
             | both | 2.0 | 3.0 | 1.50 |\n\
             | one |  | 3.0 |  |\n\
             | by nothing | 0.0 | 3.0 |  |\n"
        );
    }
}
