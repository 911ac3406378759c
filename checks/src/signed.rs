//! Sessions that a host in place of ours has signed: one each hour.

use anyhow::{Context as _, Result};
use meter_core::{
    ByteCount, ChainHead, ChainId, DeviceKey, DeviceSigner, DurationMs, LedgerSigner, PolicyNumber,
    Reasons, Receipt, SessionReport, SessionTotals, Signed as Bytes, Tariff, UnixMs,
};
use meter_wire::{
    HexBytes, ReceiptsPage, ReceiptsQuery, ReportsQuery, U64Text, WireAnswer, WireReport,
};

const HOUR_MS: u64 = 3_600_000;
const SEED: [u8; 32] = [9; 32];

/// A chain of signed sessions.
pub struct Signed {
    /// The key that signs.
    pub key: [u8; 32],
    /// The chain's name.
    pub chain: [u8; 16],
    head: ChainHead,
    reports: Vec<WireReport>,
    until_ms: u64,
}

impl Signed {
    /// Signs as many as the text says, the last one an hour before the time that it names: `60
    /// 1800000000000`. So each start of the host makes the same chain anew.
    #[must_use]
    pub fn sessions(text: &str) -> Self {
        let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
        let mut next = || -> u64 { numbers.next().unwrap_or_default() };
        let (count, until_ms) = (next(), next());
        let signer = DeviceSigner::from_seed(&SEED);
        let chain = [2; 16];
        let mut book = Self {
            key: signer.key().0,
            chain,
            head: ChainHead::genesis(ChainId(chain), signer.key()),
            reports: Vec::new(),
            until_ms,
        };
        for number in 0..count {
            let back = count.saturating_sub(number).saturating_mul(HOUR_MS);
            let began = until_ms.saturating_sub(back);
            if book.sign(&signer, number, began).is_none() {
                break;
            }
        }
        book
    }

    /// Signs a session of 45 seconds and 150,000 bytes: 4.575 credits. `None`: it does not fit.
    pub fn sign_one_more(&mut self) -> Option<()> {
        let session = SessionTotals {
            started_at: UnixMs::new(self.until_ms)?,
            ended_at: UnixMs::new(self.until_ms.checked_add(45_000)?)?,
            duration: DurationMs::new(45_000)?,
            bytes_up: ByteCount::new(50_000)?,
            bytes_down: ByteCount::new(100_000)?,
            resumed: false,
        };
        self.until_ms = session.ended_at.get();
        self.add(&DeviceSigner::from_seed(&SEED), &session)
    }

    fn sign(&mut self, signer: &DeviceSigner, number: u64, began: u64) -> Option<()> {
        let ms = 30_000 + number * 7_919 % 570_000;
        let session = SessionTotals {
            started_at: UnixMs::new(began)?,
            ended_at: UnixMs::new(began.checked_add(ms)?)?,
            duration: DurationMs::new(ms)?,
            bytes_up: ByteCount::new(20_000 + number * 104_729 % 400_000)?,
            bytes_down: ByteCount::new(120_000 + number * 1_299_709 % 9_000_000)?,
            resumed: false,
        };
        self.add(signer, &session)
    }

    fn add(&mut self, signer: &DeviceSigner, session: &SessionTotals) -> Option<()> {
        let report = self.head.next_report(session, &Tariff::V1).ok()?;
        let report = signer.sign(&report).ok()?;
        self.head = self.head.follow(&report).ok()?;
        self.reports.push(report.signed().try_into().ok()?);
        Some(())
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.head.sequence
    }

    /// What they claim together, in nanocredits.
    #[must_use]
    pub const fn amount(&self) -> u64 {
        self.head.totals.amount.get()
    }

    /// What they claim together without the last one, which waits for a ledger.
    #[must_use]
    pub fn answered(&self) -> u64 {
        let last = self.reports.last().and_then(|last| self.read(last).ok());
        let last = last.map_or(0, |last| last.amount.get());
        self.amount().saturating_sub(last)
    }

    /// The receipts of a ledger that credits all but the last session.
    ///
    /// # Errors
    /// The numbers do not fit this computer.
    pub fn receipts(&self, query: &ReceiptsQuery) -> Result<ReceiptsPage> {
        let signer = LedgerSigner::from_seed(&SEED);
        let after = usize::try_from(query.after.0).context("so many")?;
        let answered = self.reports.len().saturating_sub(1);
        let rest = self.reports.iter().take(answered).skip(after);
        let receipts = rest.take(query.limit.into());
        Ok(ReceiptsPage {
            account: HexBytes([4; 16]),
            chain: HexBytes(self.chain),
            receipts: receipts
                .map(|report| self.answer(&signer, report))
                .collect::<Result<_>>()?,
            start: U64Text(0),
            last: U64Text(answered.try_into()?),
            key: HexBytes(signer.key().0),
            changes: Vec::new(),
        })
    }

    fn read(&self, wire: &WireReport) -> Result<SessionReport> {
        let signed = Bytes::<SessionReport>::from(wire);
        let verified = signed.verify(DeviceKey(self.key)).ok();
        Ok(*verified.context("ours")?.value())
    }

    fn answer(&self, signer: &LedgerSigner, wire: &WireReport) -> Result<WireAnswer> {
        let report = self.read(wire)?;
        let receipt = Receipt {
            reasons: Reasons::NONE,
            ledger: signer.key(),
            device: report.key,
            chain: report.chain,
            sequence: report.sequence,
            link: report.link(),
            at: report.ended_at,
            awarded_duration: report.duration,
            awarded_bytes: report.bytes(),
            amount: report.amount,
            awarded_total: report.totals.amount,
            policy: PolicyNumber(1),
            tariff: report.tariff,
        };
        let receipt = signer.sign(&receipt).ok().context("a receipt")?;
        Ok(WireAnswer {
            report: wire.clone(),
            receipt: receipt.signed().try_into().ok().context("200 bytes")?,
        })
    }

    /// A page of them, as our host gives it.
    ///
    /// # Errors
    /// The numbers do not fit this computer.
    pub fn page(&self, query: &ReportsQuery) -> Result<Vec<WireReport>> {
        let after = usize::try_from(query.after.0).context("so many")?;
        let rest = self.reports.iter().skip(after);
        Ok(rest.take(query.limit.into()).cloned().collect())
    }
}
