//! Amounts as a person reads them. All arithmetic is on integers.

use crate::Amount;

const NCR_PER_CREDIT: u64 = 1_000_000_000;

/// Credits in at most four characters, for the badge: `0.0`, `4.6`, `12.4`, `123`, `1.2k`, `12k`,
/// `3.4M`, `9.2G`. Rounded half up.
#[must_use]
pub fn badge_credits(amount: Amount) -> String {
    const STEPS: [(u64, &str); 4] = [
        (NCR_PER_CREDIT, ""),
        (NCR_PER_CREDIT.saturating_mul(1_000), "k"),
        (NCR_PER_CREDIT.saturating_mul(1_000_000), "M"),
        (NCR_PER_CREDIT.saturating_mul(1_000_000_000), "G"),
    ];
    STEPS
        .iter()
        .find_map(|&(unit, suffix)| four_characters(amount.get(), unit, suffix))
        .expect("2^63 - 1 nanocredits are 9.2 G credits, which fit")
}

/// Formats `amount / unit` with one decimal if number and suffix fit four characters together, else
/// without a decimal. `None` when neither fits.
fn four_characters(amount: u64, unit: u64, suffix: &str) -> Option<String> {
    let tenths = round_div(amount, unit.checked_div(10)?)?;
    let with_decimal = format!(
        "{}.{}{suffix}",
        tenths.checked_div(10)?,
        tenths.checked_rem(10)?
    );
    if with_decimal.len() <= 4 {
        return Some(with_decimal);
    }
    let whole = format!("{}{suffix}", round_div(amount, unit)?);
    // "1000" would fit four characters, but "1.0k" reads better beside "1.2k".
    (whole.len().checked_sub(suffix.len())? <= 3).then_some(whole)
}

/// Credits with one to three decimals, rounded half up: `4.575`, `12.0`.
#[must_use]
pub fn credits_short(amount: Amount) -> String {
    let thousandths = round_div(amount.get(), 1_000_000).unwrap_or_default();
    trim_decimals(&decimal(thousandths, 1_000, 3))
}

/// Credits to the last nanocredit, with at least one decimal: `4.575`, `0.0000005`.
#[must_use]
pub fn credits_exact(amount: Amount) -> String {
    trim_decimals(&decimal(amount.get(), NCR_PER_CREDIT, 9))
}

fn decimal(value: u64, unit: u64, digits: usize) -> String {
    let whole = value.checked_div(unit).unwrap_or_default();
    let rest = value.checked_rem(unit).unwrap_or_default();
    format!("{whole}.{rest:0digits$}")
}

fn trim_decimals(text: &str) -> String {
    let trimmed = text.trim_end_matches('0');
    if trimmed.ends_with('.') {
        format!("{trimmed}0")
    } else {
        trimmed.to_owned()
    }
}

fn round_div(value: u64, unit: u64) -> Option<u64> {
    let quotient = value.checked_div(unit)?;
    let rest = value.checked_rem(unit)?;
    let half_up = rest >= unit.div_ceil(2);
    quotient.checked_add(u64::from(half_up))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn millicredits(value: u64) -> Amount {
        Amount::new(value * 1_000_000).expect("test amounts fit")
    }

    #[test]
    fn badge_texts_are_rounded_and_short() {
        for (amount, text) in [
            (0, "0.0"),
            (49, "0.0"),
            (50, "0.1"),
            (4_575, "4.6"),
            (9_949, "9.9"),
            (9_950, "10.0"),
            (12_400, "12.4"),
            (99_949, "99.9"),
            (99_950, "100"),
            (123_499, "123"),
            (999_499, "999"),
            (999_500, "1.0k"),
            (1_249_000, "1.2k"),
            (9_950_000, "10k"),
            (12_400_000, "12k"),
            (999_499_000, "999k"),
            (999_500_000, "1.0M"),
            (3_400_000_000, "3.4M"),
        ] {
            assert_eq!(
                badge_credits(millicredits(amount)),
                text,
                "{amount} millicredits"
            );
        }
        assert_eq!(
            badge_credits(Amount::new(i64::MAX.unsigned_abs()).expect("fits")),
            "9.2G"
        );
    }

    #[test]
    fn credits_keep_what_they_need_and_no_more() {
        assert_eq!(credits_short(millicredits(4_575)), "4.575");
        assert_eq!(credits_short(millicredits(12_000)), "12.0");
        assert_eq!(credits_exact(Amount::from_u32(500)), "0.0000005");
        assert_eq!(credits_exact(millicredits(4_575)), "4.575");
        assert_eq!(credits_short(Amount::from_u32(500_000)), "0.001");
    }

    proptest! {
        #[test]
        fn no_badge_text_is_longer_than_four_characters(ncr in 0..=i64::MAX.unsigned_abs()) {
            let text = badge_credits(Amount::new(ncr).unwrap());
            prop_assert!((1..=4).contains(&text.len()), "{text}");
        }
    }
}
