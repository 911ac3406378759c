//! `[session]`: when sessions close.

use super::reader::{Reader, line_of};
use crate::config::ConfigError;
use meter_core::{ThresholdError, Thresholds};
use serde::Deserialize;
use std::ops::RangeInclusive;
use toml::Spanned;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Session {
    min_bytes: Option<Spanned<i64>>,
    min_duration_ms: Option<Spanned<i64>>,
    max_duration_ms: Option<Spanned<i64>>,
}

impl Session {
    /// The thresholds; missing values are the defaults.
    pub(super) fn read(&self, reader: &Reader<'_>) -> Result<Thresholds, ConfigError> {
        let defaults = Thresholds::DEFAULT;
        let plain = |key, value: &Option<Spanned<i64>>, limits: RangeInclusive<u64>, default| {
            reader
                .number(key, value.as_ref(), *limits.start(), *limits.end())
                .map(|number| number.unwrap_or(default))
        };
        let min_bytes = plain(
            "session.min_bytes",
            &self.min_bytes,
            Thresholds::BYTES,
            defaults.min_bytes().get(),
        )?;
        let min = plain(
            "session.min_duration_ms",
            &self.min_duration_ms,
            Thresholds::DURATIONS_MS,
            defaults.min_duration().get(),
        )?;
        let max = plain(
            "session.max_duration_ms",
            &self.max_duration_ms,
            Thresholds::DURATIONS_MS,
            defaults.max_duration().get(),
        )?;
        Thresholds::new(min_bytes, min, max).map_err(|error| {
            let (key, value) = match error {
                ThresholdError::MinBytes { .. } => ("session.min_bytes", &self.min_bytes),
                ThresholdError::MinDuration { .. } => {
                    ("session.min_duration_ms", &self.min_duration_ms)
                }
                ThresholdError::MaxDuration { .. } => {
                    ("session.max_duration_ms", &self.max_duration_ms)
                }
                ThresholdError::MinAboveMax { .. } if self.min_duration_ms.is_some() => {
                    ("session.min_duration_ms", &self.min_duration_ms)
                }
                ThresholdError::MinAboveMax { .. } => {
                    ("session.max_duration_ms", &self.max_duration_ms)
                }
            };
            ConfigError::Value {
                path: reader.path.to_path_buf(),
                line: value
                    .as_ref()
                    .map_or(1, |value| line_of(reader.text, value.span().start)),
                key,
                value: value
                    .as_ref()
                    .map_or_else(String::new, |value| value.get_ref().to_string()),
                limit: format!("in its limits ({error})"),
                cause: None,
            }
        })
    }
}
