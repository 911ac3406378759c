//! Samples, their medians, the lines for their ratios, and how they are printed.

/// What a row is held to.
#[derive(Clone, Copy)]
pub(crate) enum Line {
    /// The figure is at least this many times the one beside it.
    AtLeast(f64),
    /// The figure is at most this many times the one beside it.
    AtMost(f64),
    /// The figure is 0.
    Zero,
}

/// One sample, and what was measured beside it.
pub(crate) struct Sample {
    pub(crate) figure: f64,
    /// A name and a figure.
    pub(crate) beside: Option<(&'static str, f64)>,
}

struct Row {
    name: String,
    digits: usize,
    line: Option<Line>,
    samples: Vec<Sample>,
}

/// All rows, in the order of their first sample.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Adds a sample, and its row if it is new.
    pub(crate) fn add(&mut self, name: &str, digits: usize, line: Option<Line>, sample: Sample) {
        let known = self.0.iter().position(|row| row.name == name);
        let index = known.unwrap_or_else(|| {
            self.0.push(Row {
                name: name.to_owned(),
                digits,
                line,
                samples: Vec::new(),
            });
            self.0.len() - 1
        });
        self.0[index].samples.push(sample);
    }

    /// A figure by itself.
    pub(crate) fn figure(&mut self, name: &str, digits: usize, figure: f64) {
        let beside = None;
        self.add(name, digits, None, Sample { figure, beside });
    }

    /// Something that must never be found.
    pub(crate) fn none_of(&mut self, name: &str, count: usize) {
        let figure = count as f64;
        let beside = None;
        self.add(name, 0, Some(Line::Zero), Sample { figure, beside });
    }

    /// A figure with a line for its ratio to another one.
    pub(crate) fn pair(
        &mut self,
        name: &str,
        digits: usize,
        line: Line,
        figure: f64,
        beside: (&'static str, f64),
    ) {
        let beside = Some(beside);
        self.add(name, digits, Some(line), Sample { figure, beside });
    }

    /// The table as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from(
            "| metric | figure | beside it | ratio | line | met |\n\
             | --- | ---: | ---: | ---: | --- | --- |\n",
        );
        for row in &self.0 {
            text.push_str(&row.markdown());
        }
        text
    }
}

impl Row {
    fn markdown(&self) -> String {
        let figures: Vec<f64> = self.samples.iter().map(|sample| sample.figure).collect();
        let figure = median(&figures);
        let beside: Vec<_> = self.samples.iter().filter_map(|one| one.beside).collect();
        let others: Vec<f64> = beside.iter().map(|(_, figure)| *figure).collect();
        let ratios = self.samples.iter().filter_map(Sample::ratio);
        let ratio = median(&ratios.collect::<Vec<_>>());
        let beside = beside.first().zip(median(&others));
        let beside = beside.map(|((name, _), figure)| format!("{name} {}", self.number(figure)));
        let (line, met) = match self.line {
            None => (String::new(), None),
            Some(Line::AtLeast(least)) => (
                format!("≥ {least} ×"),
                Some(ratio.is_some_and(|ratio| ratio >= least)),
            ),
            Some(Line::AtMost(most)) => (
                format!("≤ {most} ×"),
                Some(ratio.is_some_and(|ratio| ratio <= most)),
            ),
            Some(Line::Zero) => (
                "0".to_owned(),
                Some(figures.iter().all(|figure| *figure == 0.0)),
            ),
        };
        let met = match met {
            None => "",
            Some(true) => "yes",
            Some(false) => "**no**",
        };
        format!(
            "| {} | {} | {} | {} | {line} | {met} |\n",
            self.name,
            figure.map(|figure| self.number(figure)).unwrap_or_default(),
            beside.unwrap_or_default(),
            ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default(),
        )
    }

    /// With commas between thousands.
    fn number(&self, figure: f64) -> String {
        let text = format!("{figure:.*}", self.digits);
        let (whole, rest) = text
            .find('.')
            .map_or((text.as_str(), ""), |dot| text.split_at(dot));
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped + rest
    }
}

impl Sample {
    fn ratio(&self) -> Option<f64> {
        let (_, beside) = self.beside?;
        (beside > 0.0).then(|| self.figure / beside)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_median_of_its_pairs_and_is_judged_by_its_line() {
        let mut table = Table::default();
        for (ours, limit) in [
            (6_000.0, 12_000.0),
            (9_000.0, 30_000.0),
            (8_000.0, 10_000.0),
        ] {
            table.pair("single", 0, Line::AtLeast(0.5), ours, ("limit", limit));
            table.pair("wait", 1, Line::AtMost(0.4), ours, ("limit", limit));
        }
        table.figure("size", 2, 1234.5);
        table.none_of("lost", 0);
        table.none_of("doubled", 3);
        assert_eq!(
            table.markdown().lines().skip(2).collect::<Vec<_>>(),
            [
                "| single | 8,000 | limit 12,000 | 0.50 | ≥ 0.5 × | yes |",
                "| wait | 8,000.0 | limit 12,000.0 | 0.50 | ≤ 0.4 × | **no** |",
                "| size | 1,234.50 |  |  |  |  |",
                "| lost | 0 |  |  | 0 | yes |",
                "| doubled | 3 |  |  | 0 | **no** |",
            ]
        );
    }

    #[test]
    fn a_line_without_its_pair_is_not_met() {
        let mut table = Table::default();
        table.pair("rate", 0, Line::AtLeast(0.1), 5.0, ("limit", 0.0));
        assert!(table.markdown().ends_with("| ≥ 0.1 × | **no** |\n"));
    }
}
