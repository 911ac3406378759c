//! The list of sessions: claimed, credited, and why the two differ.

use super::{
    amount::Credits,
    day::Moment,
    formula::formula,
    frame::Frame,
    paths,
    quantity::{bytes_short, duration},
    reason::{ReasonText, texts},
};
use crate::number::counted;
use askama::Template;
use meter_core::{Amount, ByteCount, ChainId, DurationMs, Reasons, TariffId, UnixMs};

/// What the device's report says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Claim {
    /// The session's duration.
    pub duration: DurationMs,
    /// Bytes from browser to Tor.
    pub up: ByteCount,
    /// Bytes from Tor to browser.
    pub down: ByteCount,
    /// The report's amount.
    pub amount: Amount,
}

/// One accepted report with its receipt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// When the ledger received it.
    pub received: UnixMs,
    /// The device's name.
    pub device: String,
    /// The chain of reports.
    pub chain: ChainId,
    /// The place in the chain.
    pub sequence: u64,
    /// `None` once the ledger has deleted the report, as its operator may ask.
    pub claim: Option<Claim>,
    /// The part of the duration that was awarded.
    pub awarded_duration: DurationMs,
    /// The part of the bytes that was awarded.
    pub awarded_bytes: ByteCount,
    /// The receipt's amount.
    pub credited: Amount,
    /// Why it is less than claimed; empty where it is not.
    pub reasons: Reasons,
    /// The tariff of report and receipt.
    pub tariff: TariffId,
    /// The policy in force.
    pub policy: u32,
}

/// One session as text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionRow {
    /// When the ledger received it.
    pub received: Moment,
    /// The device's name.
    pub device: String,
    /// `chain 3f2a9c41…, report 41`.
    pub place: String,
    /// `45 s`; of the award where the report was deleted.
    pub duration: String,
    /// `12.0 kB`; `None` where the report was deleted.
    pub up: Option<String>,
    /// `138 kB`; `None` where the report was deleted.
    pub down: Option<String>,
    /// `None` where the report was deleted.
    pub claimed: Option<Credits>,
    /// The receipt's amount.
    pub credited: Credits,
    /// `45.0 s × 0.1 + 0.15 MB × 0.5 = 4.575` of the claim, where it differs from the award.
    pub claimed_formula: Option<String>,
    /// The same of the award.
    pub credited_formula: Option<String>,
    /// Why it is less than claimed.
    pub reasons: Vec<ReasonText>,
    /// The receipt's address.
    pub receipt: String,
    /// The name of the downloaded file.
    pub file: String,
}

/// The page.
#[derive(Clone, Debug, Eq, PartialEq, Template)]
#[template(path = "sessions.html")]
pub struct SessionsPage {
    /// What surrounds it.
    pub frame: Frame,
    /// The account's balance, the same as on the overview.
    pub credited: Credits,
    /// `1,034 sessions`.
    pub number: String,
    /// Newest first.
    pub rows: Vec<SessionRow>,
    /// Whether this is the newest page.
    pub is_first: bool,
    /// The address of the next, older page.
    pub older: Option<String>,
}

impl SessionsPage {
    /// A page of `sessions`, newest first. `before` is the cursor that this page was asked with,
    /// `older` the one of the next page.
    #[must_use]
    pub fn new(
        frame: Frame,
        (credited, number): (Credits, u64),
        sessions: &[Session],
        (before, older): (Option<&str>, Option<&str>),
    ) -> Self {
        Self {
            frame,
            credited,
            number: counted(number, "session", "sessions"),
            rows: sessions.iter().map(row).collect(),
            is_first: before.is_none(),
            older: older.map(paths::sessions_before),
        }
    }
}

fn row(session: &Session) -> SessionRow {
    let chain = hex::encode(session.chain.0);
    let short = chain.get(..8).unwrap_or_default();
    let claim = session.claim.as_ref();
    let of_claim = claim.filter(|claim| claim.amount != session.credited);
    let bytes = |claim: &Claim| claim.up.saturating_add(claim.down);
    let shown = claim.map_or(session.awarded_duration, |claim| claim.duration);
    SessionRow {
        received: Moment(session.received),
        device: session.device.clone(),
        place: format!("chain {short}…, report {}", session.sequence),
        duration: duration(shown),
        up: claim.map(|claim| bytes_short(claim.up)),
        down: claim.map(|claim| bytes_short(claim.down)),
        claimed: claim.map(|claim| claim.amount.into()),
        credited: session.credited.into(),
        claimed_formula: of_claim
            .and_then(|claim| formula(session.tariff, claim.duration, bytes(claim))),
        credited_formula: formula(
            session.tariff,
            session.awarded_duration,
            session.awarded_bytes,
        ),
        reasons: texts(session.reasons),
        receipt: paths::receipt(session.chain, session.sequence),
        file: format!("receipt-{short}-{}.omrc", session.sequence),
    }
}
