//! The thresholds at which a session closes, as requests and the status carry them.

use crate::U64Text;
use meter_core::{ThresholdError, Thresholds};
use serde::{Deserialize, Serialize};

/// Thresholds in a message. They are not checked yet.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SetThresholds {
    /// Bytes of both directions together.
    pub min_bytes: U64Text,
    /// Shortest duration, in milliseconds.
    pub min_duration_ms: U64Text,
    /// Longest duration, in milliseconds.
    pub max_duration_ms: U64Text,
}

impl From<&Thresholds> for SetThresholds {
    fn from(thresholds: &Thresholds) -> Self {
        Self {
            min_bytes: U64Text(thresholds.min_bytes().get()),
            min_duration_ms: U64Text(thresholds.min_duration().get()),
            max_duration_ms: U64Text(thresholds.max_duration().get()),
        }
    }
}

impl TryFrom<SetThresholds> for Thresholds {
    type Error = ThresholdError;

    fn try_from(message: SetThresholds) -> Result<Self, ThresholdError> {
        Self::new(
            message.min_bytes.0,
            message.min_duration_ms.0,
            message.max_duration_ms.0,
        )
    }
}
