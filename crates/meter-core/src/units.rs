//! Number types that must not be mixed up. Each quantity has its own type; no value exceeds 2⁶³ −
//! 1.

/// Largest value of any unit here, so that it fits a signed 64-bit integer in every store.
pub(crate) const VALUE_MAX: u64 = i64::MAX.unsigned_abs();

macro_rules! unit {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(u64);

        impl $name {
            /// The value 0.
            pub const ZERO: Self = Self(0);

            /// Takes a value; `None` above 2⁶³ − 1.
            #[must_use]
            pub const fn new(value: u64) -> Option<Self> {
                if value > VALUE_MAX { None } else { Some(Self(value)) }
            }

            /// Takes a 32-bit value, which always fits.
            #[must_use]
            pub const fn from_u32(value: u32) -> Self {
                // `u64::from` is not yet const.
                #[expect(clippy::as_conversions, reason = "widening, in a const fn")]
                Self(value as u64)
            }

            /// The plain number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The plain number as a signed integer, which it always fits.
            #[must_use]
            pub fn get_signed(self) -> i64 {
                i64::try_from(self.0).expect("units never exceed i64::MAX")
            }

            /// The sum; `None` above 2⁶³ − 1.
            #[must_use]
            pub fn checked_add(self, other: Self) -> Option<Self> {
                self.0.checked_add(other.0).and_then(Self::new)
            }

            /// The sum; stops at 2⁶³ − 1.
            #[must_use]
            pub fn saturating_add(self, other: Self) -> Self {
                Self(self.0.saturating_add(other.0).min(VALUE_MAX))
            }

            /// How much larger this is than `earlier`; zero when it is not larger.
            #[must_use]
            pub const fn since(self, earlier: Self) -> u64 {
                self.0.saturating_sub(earlier.0)
            }
        }
    };
}

unit! {
    /// Payload bytes: counted after the SOCKS reply, when the receiving socket has accepted them.
    ByteCount
}
unit! {
    /// A length of monotonic time in milliseconds, without suspend.
    DurationMs
}
unit! {
    /// A reading of a monotonic clock in milliseconds; only differences mean anything.
    MonotonicMs
}
unit! {
    /// A wall-clock time in milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored.
    UnixMs
}
unit! {
    /// An amount in nanocredits (10⁻⁹ credit).
    Amount
}

impl DurationMs {
    /// A day of a clock: 24 hours.
    pub const DAY: Self = Self(86_400_000);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_above_the_signed_range_is_refused() {
        assert_eq!(ByteCount::new(u64::MAX), None);
        assert_eq!(
            ByteCount::new(VALUE_MAX).map(ByteCount::get),
            Some(VALUE_MAX)
        );
        assert_eq!(ByteCount::new(VALUE_MAX + 1), None);
    }

    #[test]
    fn sums_stop_at_the_limit_instead_of_wrapping() {
        let max = Amount::new(VALUE_MAX).expect("the limit itself fits");
        assert_eq!(max.checked_add(Amount::from_u32(1)), None);
        assert_eq!(max.saturating_add(Amount::from_u32(1)), max);
        assert_eq!(max.get_signed(), i64::MAX);
    }
}
