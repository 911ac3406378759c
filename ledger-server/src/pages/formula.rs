//! The tariff spelled out with the numbers of one session.

use super::quantity::{megabytes_exact, seconds_exact};
use meter_core::{ByteCount, DurationMs, Tariff, TariffId, credits_exact};

/// `45.0 s × 0.1 + 0.15 MB × 0.5 = 4.575`, computed with the tariff itself. `None` for a tariff
/// that this version does not know, or an amount out of range.
pub(super) fn formula(tariff: TariffId, length: DurationMs, bytes: ByteCount) -> Option<String> {
    let tariff = Tariff::by_id(tariff)?;
    let total = |ms, bytes| Some(tariff.award(ms, bytes).ok()?.total);
    let per_second = total(DurationMs::from_u32(1_000), ByteCount::ZERO)?;
    let per_megabyte = total(DurationMs::ZERO, ByteCount::from_u32(1_000_000))?;
    Some(format!(
        "{} s × {} + {} MB × {} = {}",
        seconds_exact(length),
        credits_exact(per_second),
        megabytes_exact(bytes),
        credits_exact(per_megabyte),
        credits_exact(total(length, bytes)?)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_formula_is_the_tariffs_and_the_example_is_the_designs() {
        let formula = |tariff, ms, bytes| {
            let length = DurationMs::from_u32(ms);
            formula(TariffId(tariff), length, ByteCount::from_u32(bytes))
        };
        assert_eq!(
            formula(1, 45_000, 150_000).as_deref(),
            Some("45.0 s × 0.1 + 0.15 MB × 0.5 = 4.575")
        );
        assert_eq!(
            formula(1, 0, 1).as_deref(),
            Some("0.0 s × 0.1 + 0.000001 MB × 0.5 = 0.0000005")
        );
        assert_eq!(formula(2, 45_000, 150_000), None);
    }
}
