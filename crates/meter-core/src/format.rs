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
    trim_decimals(&credits_to(amount, Decimals::FEWEST))
}

/// How many decimals amounts of credits are shown with: from three to nine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Decimals(u8);

impl Decimals {
    /// Three.
    pub const FEWEST: Self = Self(3);
    const MOST: u8 = 9;

    /// The fewest with which the rounded parts add up to the rounded whole, so that a reader who
    /// adds them up finds no difference. [`Self::FEWEST`] if the amounts themselves do not add up.
    #[must_use]
    pub fn adding_up(whole: Amount, parts: &[Amount]) -> Self {
        let add_up = |decimals: &Self| {
            let sum = parts
                .iter()
                .try_fold(0_u64, |sum, part| sum.checked_add(decimals.rounded(*part)));
            sum == Some(decimals.rounded(whole))
        };
        // The last ones are exact.
        let exact = add_up(&Self(Self::MOST));
        let mut all = (Self::FEWEST.0..=Self::MOST).map(Self);
        let fewest = all.find(add_up).filter(|_| exact);
        fewest.unwrap_or(Self::FEWEST)
    }

    /// The fewest that show each of these amounts to its last nanocredit.
    #[must_use]
    pub fn exact(amounts: &[Amount]) -> Self {
        let mut all = (Self::FEWEST.0..Self::MOST).map(Self);
        let shows = |decimals: &Self| {
            let unit = 10_u64.saturating_pow(Self::MOST.saturating_sub(decimals.0).into());
            amounts
                .iter()
                .all(|amount| amount.get().is_multiple_of(unit))
        };
        all.find(shows).unwrap_or(Self(Self::MOST))
    }

    /// The amount in units of the last decimal, rounded half up.
    fn rounded(self, amount: Amount) -> u64 {
        let dropped = Self::MOST.saturating_sub(self.0);
        round_div(amount.get(), 10_u64.saturating_pow(dropped.into())).unwrap_or_default()
    }
}

/// Credits with these decimals, zeros included, so that amounts below each other are in line.
/// Rounded half up.
#[must_use]
pub fn credits_to(amount: Amount, decimals: Decimals) -> String {
    let unit = 10_u64.saturating_pow(decimals.0.into());
    decimal(decimals.rounded(amount), unit, decimals.0.into())
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

    #[test]
    fn amounts_get_as_many_decimals_as_their_sum_needs() {
        let ncr = |value| Amount::new(value).expect("fits");
        let check = |whole: u64, parts: &[u64], shown: &[&str]| {
            let parts: Vec<_> = parts.iter().map(|part| ncr(*part)).collect();
            let decimals = Decimals::adding_up(ncr(whole), &parts);
            let all = [&[ncr(whole)], &parts[..]].concat();
            let all: Vec<_> = all.iter().map(|it| credits_to(*it, decimals)).collect();
            assert_eq!(all, shown);
        };
        check(4_575_000_000, &[4_575_000_000], &["4.575", "4.575"]);
        check(
            2_000_000_000,
            &[1_500_000_000, 500_000_000],
            &["2.000", "1.500", "0.500"],
        );
        // With three decimals 10.0 would be 10.0 and 0.001.
        check(
            10_000_400_000,
            &[9_999_600_000, 800_000],
            &["10.0004", "9.9996", "0.0008"],
        );
        check(
            1_500_000,
            &[500_000, 500_000, 500_000],
            &["0.0015", "0.0005", "0.0005", "0.0005"],
        );
        // They do not add up at all.
        check(1_000_000_000, &[1_000_000_001], &["1.000", "1.000"]);
    }

    #[test]
    fn amounts_below_each_other_have_the_decimals_that_the_longest_needs() {
        let ncr = |value| Amount::new(value).expect("fits");
        for (amounts, shown) in [
            (&[0, 1_500_000_000][..], &["0.000", "1.500"][..]),
            (&[1_234_000, 601_712_646_000], &["0.001234", "601.712646"]),
            (&[1, 1_000_000_000], &["0.000000001", "1.000000000"]),
            (&[], &[]),
        ] {
            let amounts: Vec<_> = amounts.iter().copied().map(ncr).collect();
            let decimals = Decimals::exact(&amounts);
            let all: Vec<_> = amounts.iter().map(|it| credits_to(*it, decimals)).collect();
            assert_eq!(all, shown);
        }
    }

    proptest! {
        #[test]
        fn what_adds_up_does_so_as_it_is_shown(
            parts in prop::collection::vec(0..u64::from(u32::MAX) * 1_000, 0..6),
        ) {
            let parts: Vec<_> = parts.into_iter().map(|part| Amount::new(part).unwrap()).collect();
            let whole = Amount::new(parts.iter().map(|part| part.get()).sum()).unwrap();
            let decimals = Decimals::adding_up(whole, &parts);
            let shown = |amount: Amount| {
                let text = credits_to(amount, decimals);
                let (whole, rest) = text.split_once('.').unwrap();
                format!("{whole}{rest:0<9}").parse::<u64>().unwrap()
            };
            prop_assert_eq!(parts.iter().map(|part| shown(*part)).sum::<u64>(), shown(whole));
        }

        #[test]
        fn no_badge_text_is_longer_than_four_characters(ncr in 0..=i64::MAX.unsigned_abs()) {
            let text = badge_credits(Amount::new(ncr).unwrap());
            prop_assert!((1..=4).contains(&text.len()), "{text}");
        }
    }
}
