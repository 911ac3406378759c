//! The rule from totals to an amount, in exact integers.

use crate::{Amount, ByteCount, DurationMs};

/// Number of a tariff, as a report carries it. The meaning of a number never changes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TariffId(pub u32);

/// Nanocredits per millisecond and per byte.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tariff {
    id: TariffId,
    per_ms_ncr: u64,
    per_byte_ncr: u64,
}

/// The amount that a session earns, with both addends, so that the sum can be explained.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Award {
    /// The amount for the duration.
    pub time: Amount,
    /// The amount for the bytes, both directions together.
    pub bytes: Amount,
    /// The sum of the two.
    pub total: Amount,
}

/// The amount would exceed 2⁶³ − 1 nanocredits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the amount exceeds 2^63 - 1 nanocredits")]
pub struct AmountOverflow;

impl Tariff {
    /// 0.1 credit per second and 0.5 credit per MB (10⁶ bytes): 100,000 nanocredits per
    /// millisecond and 500 per byte.
    pub const V1: Self = Self {
        id: TariffId(1),
        per_ms_ncr: 100_000,
        per_byte_ncr: 500,
    };

    /// Returns the tariff with this number; `None` if this version knows no such tariff.
    #[must_use]
    pub fn by_id(id: TariffId) -> Option<Self> {
        (id == Self::V1.id).then_some(Self::V1)
    }

    /// The number of this tariff.
    #[must_use]
    pub const fn id(&self) -> TariffId {
        self.id
    }

    /// Computes the amount for `duration` and `bytes`. It is exact: the amounts of two parts add up
    /// to the amount of the whole.
    ///
    /// # Errors
    /// When an addend or the sum exceeds 2⁶³ − 1 nanocredits.
    pub fn award(&self, duration: DurationMs, bytes: ByteCount) -> Result<Award, AmountOverflow> {
        let times = |count: u64, price: u64| {
            count
                .checked_mul(price)
                .and_then(Amount::new)
                .ok_or(AmountOverflow)
        };
        let time = times(duration.get(), self.per_ms_ncr)?;
        let bytes = times(bytes.get(), self.per_byte_ncr)?;
        let total = time.checked_add(bytes).ok_or(AmountOverflow)?;
        Ok(Award { time, bytes, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn award(ms: u64, bytes: u64) -> Result<Award, AmountOverflow> {
        let ms = DurationMs::new(ms).ok_or(AmountOverflow)?;
        Tariff::V1.award(ms, ByteCount::new(bytes).ok_or(AmountOverflow)?)
    }

    #[test]
    fn the_example_of_the_design_earns_4_575_credits() {
        let award = award(45_000, 150_000).expect("small numbers");
        assert_eq!(award.time.get(), 4_500_000_000);
        assert_eq!(award.bytes.get(), 75_000_000);
        assert_eq!(award.total.get(), 4_575_000_000);
    }

    #[test]
    fn an_amount_beyond_the_limit_is_an_error() {
        assert_eq!(award(u64::MAX / 2, 0), Err(AmountOverflow));
        assert_eq!(award(0, u64::MAX / 2), Err(AmountOverflow));
    }

    #[test]
    fn an_unknown_tariff_is_none() {
        assert_eq!(Tariff::by_id(TariffId(1)), Some(Tariff::V1));
        assert_eq!(Tariff::by_id(TariffId(0)), None);
        assert_eq!(Tariff::by_id(TariffId(2)), None);
    }

    proptest! {
        #[test]
        fn splitting_a_session_never_changes_the_sum(
            parts in proptest::collection::vec((0_u64..10_000_000, 0_u64..1_000_000_000_000), 1..20)
        ) {
            let sum: u64 = parts.iter().map(|&(ms, b)| award(ms, b).unwrap().total.get()).sum();
            let ms = parts.iter().map(|p| p.0).sum();
            let bytes = parts.iter().map(|p| p.1).sum();
            prop_assert_eq!(award(ms, bytes).unwrap().total.get(), sum);
        }
    }
}
