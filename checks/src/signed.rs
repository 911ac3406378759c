//! Sessions that a host in place of ours has signed: one each hour.

use anyhow::{Context as _, Result};
use meter_core::{
    ByteCount, ChainHead, ChainId, DeviceSigner, DurationMs, SessionTotals, Tariff, UnixMs,
};
use meter_wire::{ReportsQuery, WireReport};

const HOUR_MS: u64 = 3_600_000;

/// A chain of signed sessions.
pub struct Signed {
    /// The key that signs.
    pub key: [u8; 32],
    /// The chain's name.
    pub chain: [u8; 16],
    head: ChainHead,
    reports: Vec<WireReport>,
}

impl Signed {
    /// Signs as many as the text says, the last one an hour before the time that it names: `60
    /// 1800000000000`. So each start of the host makes the same chain anew.
    #[must_use]
    pub fn sessions(text: &str) -> Self {
        let mut numbers = text.split_whitespace().map_while(|word| word.parse().ok());
        let mut next = || -> u64 { numbers.next().unwrap_or_default() };
        let (count, until_ms) = (next(), next());
        let signer = DeviceSigner::from_seed(&[9; 32]);
        let chain = [2; 16];
        let mut book = Self {
            key: signer.key().0,
            chain,
            head: ChainHead::genesis(ChainId(chain), signer.key()),
            reports: Vec::new(),
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
        let report = self.head.next_report(&session, &Tariff::V1).ok()?;
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
