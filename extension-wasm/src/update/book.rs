//! The reports this browser has verified, and the balance that follows from them.

use meter_core::{Amount, ChainHead, ChainId, DeviceKey, SessionReport, Signed, Verified};
use meter_wire::{HelloReply, HexBytes, REPORTS_FORMAT, ReportsFile, WireReport};

/// How many reports are kept for display.
const RECENT_MAX: usize = 10;

/// Verified reports. Nothing gets in but through [`Signed::verify`] and [`ChainHead::follow`].
#[derive(Clone, Debug, Default)]
pub struct Book {
    head: Option<ChainHead>,
    recent: Vec<Verified<SessionReport>>,
    /// A report did not verify; nothing further is taken until the reports are asked for again.
    pub(super) refused: bool,
    /// The host's balance is not the sum of the reports verified here.
    pub(super) differs: bool,
}

/// Which chain the host signs, and with which key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Identity {
    chain: ChainId,
    key: DeviceKey,
}

/// What became of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Taken {
    /// It was the next one.
    Counted,
    /// It was there already.
    Known,
    /// Reports before it are missing.
    Gap,
    /// It does not hold.
    Refused,
}

impl Identity {
    /// The identity that a host claims; none while its key cannot be used.
    #[must_use]
    pub fn of(hello: &HelloReply) -> Option<Self> {
        Some(Self {
            chain: ChainId(hello.chain?.0),
            key: DeviceKey(hello.key?.0),
        })
    }
}

impl Book {
    /// Goes on with the host's chain, or starts again with it. Returns whether verified reports
    /// of another chain were given up.
    pub(super) fn adopt(&mut self, identity: Identity) -> bool {
        let Identity { chain, key } = identity;
        self.refused = false;
        self.differs = false;
        match &self.head {
            Some(head) if (head.chain, head.key) == (chain, key) => false,
            before => {
                let given_up = before.is_some_and(|head| head.sequence > 0);
                self.head = Some(ChainHead::genesis(chain, key));
                self.recent.clear();
                given_up
            }
        }
    }

    /// Takes what the host claims to be a report.
    pub(super) fn take(&mut self, report: &WireReport) -> Taken {
        let taken = self.try_take(report).unwrap_or(Taken::Refused);
        self.refused |= taken == Taken::Refused;
        taken
    }

    fn try_take(&mut self, report: &WireReport) -> Option<Taken> {
        let head = self.head.as_ref().filter(|_| !self.refused)?;
        let verified = Signed::<SessionReport>::from(report)
            .verify(head.key)
            .ok()?;
        let value = verified.value();
        if value.chain != head.chain {
            return None;
        }
        if value.sequence <= head.sequence {
            // The same number twice with different contents is a fork, not a repetition.
            let known = |other: &Verified<SessionReport>| {
                other.value().sequence != value.sequence || other.value() == value
            };
            return self.recent.iter().all(known).then_some(Taken::Known);
        }
        if value.sequence > head.sequence.saturating_add(1) {
            return Some(Taken::Gap);
        }
        let next = head.follow(&verified).ok()?;
        self.head = Some(next);
        self.recent.push(verified);
        let surplus = self.recent.len().saturating_sub(RECENT_MAX);
        self.recent.drain(..surplus);
        Some(Taken::Counted)
    }

    /// The running total that the last verified report was signed with.
    #[must_use]
    pub fn balance(&self) -> Amount {
        self.head.map_or(Amount::ZERO, |head| head.totals.amount)
    }

    /// How many reports were verified: the number of the last one.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.head.map_or(0, |head| head.sequence)
    }

    /// The last reports, oldest first.
    #[must_use]
    pub fn recent(&self) -> &[Verified<SessionReport>] {
        &self.recent
    }

    /// What to keep of it.
    pub(super) fn to_file(&self) -> Option<ReportsFile> {
        let head = self.head?;
        let reports = self.recent.iter().map(|report| report.signed().try_into());
        Some(ReportsFile {
            format: REPORTS_FORMAT.to_owned(),
            key: HexBytes(head.key.0),
            chain: HexBytes(head.chain.0),
            reports: reports.collect::<Result<_, _>>().ok()?,
        })
    }

    /// Takes up what was kept, verifying it again: storage is not evidence. The head is that of
    /// the last report, so there is no second number that could disagree with it.
    pub(super) fn from_file(file: &ReportsFile) -> Option<Self> {
        if file.format != REPORTS_FORMAT || file.reports.len() > RECENT_MAX {
            return None;
        }
        let (chain, key) = (ChainId(file.chain.0), DeviceKey(file.key.0));
        let mut reports = file.reports.iter();
        let mut book = Self {
            head: Some(ChainHead::genesis(chain, key)),
            ..Self::default()
        };
        if let Some(first) = reports.next() {
            let first = Signed::<SessionReport>::from(first).verify(key).ok()?;
            let value = first.value();
            book.head = Some(ChainHead {
                chain,
                key,
                sequence: value.sequence,
                link: value.link(),
                totals: value.totals,
            });
            let ours = value.chain == chain;
            book.recent.push(first);
            ours.then_some(())?;
        }
        reports
            .all(|report| book.take(report) == Taken::Counted)
            .then_some(book)
    }
}
