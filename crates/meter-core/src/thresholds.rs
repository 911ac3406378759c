//! The thresholds that decide when a session closes.

use crate::{ByteCount, DurationMs, units::VALUE_MAX};
use std::ops::RangeInclusive;

/// A session closes when it has `min_bytes` and `min_duration`, and always at `max_duration`.
///
/// Limits: `min_bytes` at least 10,000; both durations from 10 s to 3,600 s; `min_duration` at most
/// `max_duration`. The lower limits prevent a wrong setting from making a million reports an hour.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Thresholds {
    min_bytes: ByteCount,
    min_duration: DurationMs,
    max_duration: DurationMs,
}

/// A refused threshold: its name, its value and the limit that it breaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ThresholdError {
    /// `min_bytes` is below its floor or above 2⁶³ − 1.
    #[error("min_bytes is {value}; it must be from {BYTES_FLOOR} to 2^63 - 1")]
    MinBytes {
        /// The refused value.
        value: u64,
    },
    /// `min_duration_ms` is outside its limits.
    #[error(
        "min_duration_ms is {value}; it must be from {DURATION_FLOOR_MS} to {DURATION_CEILING_MS}"
    )]
    MinDuration {
        /// The refused value.
        value: u64,
    },
    /// `max_duration_ms` is outside its limits.
    #[error(
        "max_duration_ms is {value}; it must be from {DURATION_FLOOR_MS} to {DURATION_CEILING_MS}"
    )]
    MaxDuration {
        /// The refused value.
        value: u64,
    },
    /// `min_duration_ms` is above `max_duration_ms`.
    #[error("min_duration_ms is {min}, above max_duration_ms, which is {max}")]
    MinAboveMax {
        /// The refused minimum.
        min: u64,
        /// The maximum it exceeds.
        max: u64,
    },
}

const BYTES_FLOOR: u64 = 10_000;
const DURATION_FLOOR_MS: u64 = 10_000;
const DURATION_CEILING_MS: u64 = 3_600_000;

impl Thresholds {
    /// What `min_bytes` can be.
    pub const BYTES: RangeInclusive<u64> = BYTES_FLOOR..=VALUE_MAX;
    /// What both durations can be, in milliseconds.
    pub const DURATIONS_MS: RangeInclusive<u64> = DURATION_FLOOR_MS..=DURATION_CEILING_MS;

    /// 100,000 bytes and 30 s; 600 s at the latest.
    pub const DEFAULT: Self = Self {
        min_bytes: ByteCount::from_u32(100_000),
        min_duration: DurationMs::from_u32(30_000),
        max_duration: DurationMs::from_u32(600_000),
    };

    /// Checks three plain numbers (bytes, milliseconds, milliseconds).
    ///
    /// # Errors
    /// The first number that breaks a limit, with the limit.
    pub fn new(
        min_bytes: u64,
        min_duration_ms: u64,
        max_duration_ms: u64,
    ) -> Result<Self, ThresholdError> {
        let allowed = Self::DURATIONS_MS;
        let in_limits = |ms: u64| DurationMs::new(ms).filter(|ms| allowed.contains(&ms.get()));
        Ok(Self {
            min_bytes: ByteCount::new(min_bytes)
                .filter(|bytes| bytes.get() >= BYTES_FLOOR)
                .ok_or(ThresholdError::MinBytes { value: min_bytes })?,
            min_duration: in_limits(min_duration_ms).ok_or(ThresholdError::MinDuration {
                value: min_duration_ms,
            })?,
            max_duration: in_limits(max_duration_ms).ok_or(ThresholdError::MaxDuration {
                value: max_duration_ms,
            })?,
        })
        .and_then(|thresholds| {
            if min_duration_ms > max_duration_ms {
                let (min, max) = (min_duration_ms, max_duration_ms);
                return Err(ThresholdError::MinAboveMax { min, max });
            }
            Ok(thresholds)
        })
    }

    /// Bytes, both directions together, that a session needs to close before the maximum duration.
    #[must_use]
    pub const fn min_bytes(&self) -> ByteCount {
        self.min_bytes
    }

    /// Duration that a session needs to close before the maximum duration.
    #[must_use]
    pub const fn min_duration(&self) -> DurationMs {
        self.min_duration
    }

    /// Duration at which a session closes, however few bytes it has.
    #[must_use]
    pub const fn max_duration(&self) -> DurationMs {
        self.max_duration
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::DEFAULT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(bytes: u64, min: u64, max: u64, error: ThresholdError) {
        assert_eq!(Thresholds::new(bytes, min, max), Err(error));
    }

    #[test]
    fn the_default_passes_its_own_check() {
        assert_eq!(
            Thresholds::new(100_000, 30_000, 600_000),
            Ok(Thresholds::DEFAULT)
        );
    }

    #[test]
    fn zero_huge_and_crossed_values_are_refused_by_name() {
        use ThresholdError as E;
        refused(0, 30_000, 600_000, E::MinBytes { value: 0 });
        refused(9_999, 30_000, 600_000, E::MinBytes { value: 9_999 });
        refused(1 << 63, 30_000, 600_000, E::MinBytes { value: 1 << 63 });
        refused(100_000, 0, 600_000, E::MinDuration { value: 0 });
        refused(100_000, 9_999, 600_000, E::MinDuration { value: 9_999 });
        refused(100_000, 30_000, 0, E::MaxDuration { value: 0 });
        refused(
            100_000,
            30_000,
            3_600_001,
            E::MaxDuration { value: 3_600_001 },
        );
        refused(
            100_000,
            30_000,
            29_999,
            E::MinAboveMax {
                min: 30_000,
                max: 29_999,
            },
        );
    }
}
