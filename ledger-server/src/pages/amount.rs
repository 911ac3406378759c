//! Amounts and counts as a person reads them, with a separator between thousands.

use crate::number::grouped;
use askama::filters::HtmlSafe;
use meter_core::{Amount, credits_exact};
use std::fmt;

/// The whole credits with separators, and the decimals without trailing zeros.
fn parts(amount: Amount) -> (String, String) {
    let exact = credits_exact(amount);
    let (whole, decimals) = exact.split_once('.').unwrap_or((&exact, ""));
    (grouped(whole), decimals.to_owned())
}

/// An amount to the last nanocredit for a sentence, without decimals for a whole number:
/// `9,640`, `4.575`.
#[must_use]
pub fn plain(amount: Amount) -> String {
    let (whole, decimals) = parts(amount);
    match decimals.as_str() {
        "0" | "" => whole,
        _ => format!("{whole}.{decimals}"),
    }
}

/// An amount to the last nanocredit, as an element: the decimals stand in an element of their own,
/// which the stylesheet makes smaller and lines up below each other. A correction by the operator
/// may be negative.
///
/// Every place that shows an amount shows it like this. So two places never differ by rounding, and
/// shown amounts add up to the shown sum.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Credits(pub i64);

impl From<Amount> for Credits {
    fn from(amount: Amount) -> Self {
        Self(amount.get_signed())
    }
}

impl Credits {
    /// Plain digits with a point, for a file: `-1284.3061505`.
    #[must_use]
    pub fn exact(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        format!("{sign}{}", credits_exact(self.size()))
    }

    fn size(self) -> Amount {
        // -2⁶³ has no counterpart; no sum of movements reaches it.
        Amount::new(self.0.unsigned_abs()).unwrap_or_default()
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, decimals) = parts(self.size());
        let minus = if self.0 < 0 { "−" } else { "" };
        write!(
            f,
            "<data class=\"credits\" value=\"{}\">{minus}{whole}\
             <span class=\"decimals\">.{decimals}</span></data>",
            self.exact()
        )
    }
}

/// It prints digits, separators and fixed elements only.
impl HtmlSafe for Credits {}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(nanocredits: u64) -> Amount {
        Amount::new(nanocredits).expect("test amounts fit")
    }

    #[test]
    fn thousands_are_separated_and_no_nanocredit_is_lost() {
        for (nanocredits, text) in [
            (0, "0"),
            (500, "0.0000005"),
            (4_575_000_000, "4.575"),
            (999_000_000_000, "999"),
            (9_640_000_000_000, "9,640"),
            (1_284_306_150_500, "1,284.3061505"),
            (i64::MAX.unsigned_abs(), "9,223,372,036.854775807"),
        ] {
            assert_eq!(plain(amount(nanocredits)), text);
        }
    }

    #[test]
    fn an_amount_keeps_its_exact_value_beside_what_is_shown() {
        let shown = Credits(1_284_306_150_500).to_string();
        let expected = "<data class=\"credits\" value=\"1284.3061505\">1,284\
             <span class=\"decimals\">.3061505</span></data>";
        assert_eq!(shown, expected);
        assert!(Credits(-4_575_000_000).to_string().contains(">−4<"));
        assert_eq!(Credits(-4_575_000_000).exact(), "-4.575");
    }
}
