//! Whether two colours can be told apart: relative luminance and contrast ratio of WCAG 2.2.

use std::ops::Range;

/// The contrast ratio of two colours, from 1 to 21.
///
/// # Panics
/// A colour is not written as `#rrggbb`.
#[must_use]
pub fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: &str) -> f64 {
    let written = colour.len() == 7 && colour.starts_with('#');
    assert!(written, "{colour:?} is not written as #rrggbb");
    let [red, green, blue] = [1..3, 3..5, 5..7].map(|digits| channel(colour, digits));
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The linear share of one channel, from 0 to 1.
fn channel(colour: &str, digits: Range<usize>) -> f64 {
    let digits = colour.get(digits).expect("a colour has six digits");
    let value = u8::from_str_radix(digits, 16).expect("the digits are hexadecimal");
    let share = f64::from(value) / 255.0;
    match share <= 0.040_45 {
        true => share / 12.92,
        false => ((share + 0.055) / 1.055).powf(2.4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The ratios that published checkers of WCAG show for these pairs.
    #[test]
    fn the_ratio_of_known_pairs_is_that_of_wcag_in_both_directions() {
        for (one, other, expected) in [
            ("#000000", "#ffffff", "21.00"),
            ("#777777", "#ffffff", "4.48"),
            ("#767676", "#ffffff", "4.54"),
            ("#ff0000", "#ffffff", "4.00"),
            ("#0000ff", "#000000", "2.44"),
            ("#123456", "#123456", "1.00"),
        ] {
            assert_eq!(format!("{:.2}", contrast(one, other)), expected);
            assert_eq!(format!("{:.2}", contrast(other, one)), expected);
        }
    }
}
