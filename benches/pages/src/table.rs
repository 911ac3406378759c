//! Samples of both browsers, their medians, and how they are printed.

use meter_testkit::browser::Kind;

/// Milliseconds that a figure may have.
pub(crate) type Line = Option<f64>;

#[derive(Default)]
struct Row {
    name: String,
    line: Line,
    chromium: Vec<f64>,
    firefox: Vec<f64>,
}

/// All rows, in the order of their first sample.
#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    /// Adds a sample in milliseconds, and its row if it is new.
    pub(crate) fn add(&mut self, name: &str, line: Line, kind: Kind, ms: f64) {
        let known = self.0.iter().position(|row| row.name == name);
        let index = known.unwrap_or_else(|| {
            self.0.push(Row {
                name: name.to_owned(),
                line,
                ..Row::default()
            });
            self.0.len() - 1
        });
        let row = &mut self.0[index];
        match kind {
            Kind::Chromium => row.chromium.push(ms),
            Kind::Firefox => row.firefox.push(ms),
        }
    }

    /// The table as Markdown.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from(
            "| milliseconds | Chromium | Firefox | line | met |\n\
             | --- | ---: | ---: | --- | --- |\n",
        );
        for row in &self.0 {
            text.push_str(&row.markdown());
        }
        text
    }
}

impl Row {
    fn markdown(&self) -> String {
        let medians = [median(&self.chromium), median(&self.firefox)];
        let [chromium, firefox] = medians.map(|figure| match figure {
            Some(figure) => format!("{figure:.0}"),
            None => String::new(),
        });
        let (line, met) = match self.line {
            None => (String::new(), ""),
            Some(most) => {
                let is_met = |figure: Option<f64>| figure.is_some_and(|figure| figure <= most);
                let met = match medians.map(is_met) {
                    [true, true] => "yes",
                    [true, false] => "**not in Firefox**",
                    [false, true] => "**not in Chromium**",
                    [false, false] => "**no**",
                };
                (format!("≤ {most}"), met)
            }
        };
        let name = &self.name;
        format!("| {name} | {chromium} | {firefox} | {line} | {met} |\n")
    }
}

fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    sorted.get(last / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_browser_is_held_to_the_line_by_its_median() {
        let mut table = Table::default();
        for (chromium, firefox) in [(90.0, 130.0), (110.0, 120.0), (95.0, 90.0)] {
            table.add("popup", Some(100.0), Kind::Chromium, chromium);
            table.add("popup", Some(100.0), Kind::Firefox, firefox);
            table.add("bare", None, Kind::Chromium, chromium);
            table.add("late", Some(1.0), Kind::Chromium, chromium);
        }
        let text = table.markdown();
        assert_eq!(
            text.lines().skip(2).collect::<Vec<_>>(),
            [
                "| popup | 95 | 120 | ≤ 100 | **not in Firefox** |",
                "| bare | 95 |  |  |  |",
                "| late | 95 |  | ≤ 1 | **no** |",
            ]
        );
    }
}
