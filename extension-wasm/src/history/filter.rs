//! Which sessions a person wants to see.

use meter_core::SessionReport;
use serde::Deserialize;

/// What a person typed and chose. All of it must fit.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
pub struct Filter {
    /// A session's number, or the beginning of its identifier. Empty: any.
    #[serde(default)]
    pub text: String,
    /// The time from which sessions must have ended, in milliseconds since 1970; with `until`.
    #[serde(default)]
    pub from_ms: Option<u64>,
    /// The time before which they must have ended.
    #[serde(default)]
    pub until_ms: Option<u64>,
}

impl Filter {
    pub(super) fn leaves(&self, report: &SessionReport) -> bool {
        let ended = report.ended_at.get();
        let is_late = self.from_ms.is_none_or(|from| ended >= from);
        let is_early = self.until_ms.is_none_or(|until| ended < until);
        is_late && is_early && self.is_named(report)
    }

    fn is_named(&self, report: &SessionReport) -> bool {
        let text = self.text.trim().to_ascii_lowercase();
        let number = text.strip_prefix('#').unwrap_or(&text);
        let is_number = || number.parse() == Ok(report.sequence);
        text.is_empty() || is_number() || hex::encode(report.id().0).starts_with(&text)
    }
}
