//! Signed reports in JSON. They are claims until they are verified.

use crate::HexBytes;
use meter_core::{SESSION_REPORT_BODY_BYTES, SIGNATURE_BYTES, SessionReport, Signed};
use serde::{Deserialize, Serialize};

/// A signed report: body and signature in hexadecimal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WireReport {
    /// The 200 bytes of the body.
    pub body: HexBytes<SESSION_REPORT_BODY_BYTES>,
    /// The Ed25519 signature.
    pub signature: HexBytes<SIGNATURE_BYTES>,
}

/// The body does not have the length of a report's body.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the body has {0} bytes instead of 200")]
pub struct WireReportError(usize);

impl From<&WireReport> for Signed<SessionReport> {
    fn from(report: &WireReport) -> Self {
        Self::new(report.body.0.to_vec(), report.signature.0)
    }
}

impl TryFrom<&Signed<SessionReport>> for WireReport {
    type Error = WireReportError;

    fn try_from(signed: &Signed<SessionReport>) -> Result<Self, WireReportError> {
        let body = signed.body();
        let body = body.try_into().map_err(|_| WireReportError(body.len()))?;
        Ok(Self {
            body: HexBytes(body),
            signature: HexBytes(*signed.signature()),
        })
    }
}

/// The value of [`ReportsFile::format`].
pub const REPORTS_FORMAT: &str = "onionmeter-reports/1";

/// A file of reports, as `onionmeter reports --json` writes and `onionmeter verify` reads it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportsFile {
    /// The state that every JSON object of the command line has. It says nothing about the reports,
    /// and a file may lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Always [`REPORTS_FORMAT`].
    pub format: String,
    /// The key that signed the reports.
    pub key: HexBytes<32>,
    /// The chain of the reports.
    pub chain: HexBytes<16>,
    /// The reports in ascending order. They may begin with the first one of the chain or with a
    /// later one.
    pub reports: Vec<WireReport>,
}
