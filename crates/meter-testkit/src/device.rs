//! A device as a ledger sees it: a key, a chain, and the reports and statements that it signs.

use meter_core::{
    ByteCount, ChainHead, ChainId, Challenge, CodeHash, DeviceKey, DeviceSigner, DurationMs,
    Enrolment, LedgerKey, SessionReport, SessionTotals, Tariff, UnixMs, Verified,
};

/// Where the clocks of test devices begin, in milliseconds since 1970.
const BEGINNING: u64 = 1_800_000_000_000;

/// A device with one chain.
pub struct Device {
    signer: DeviceSigner,
    head: ChainHead,
}

impl Device {
    /// The device with this number. The same number is the same key and chain.
    #[must_use]
    pub fn numbered(number: u64) -> Self {
        let mut seed = [0x5a; 32];
        let mut chain = [0xc4; 16];
        seed[..8].copy_from_slice(&number.to_be_bytes());
        chain[..8].copy_from_slice(&number.to_be_bytes());
        Self::with(&seed, ChainId(chain))
    }

    /// A device with this seed, at the beginning of this chain.
    #[must_use]
    pub fn with(seed: &[u8; 32], chain: ChainId) -> Self {
        let signer = DeviceSigner::from_seed(seed);
        let head = ChainHead::genesis(chain, signer.key());
        Self { signer, head }
    }

    /// Begins another chain with the same key.
    pub fn begin_chain(&mut self, chain: ChainId) {
        self.head = ChainHead::genesis(chain, self.key());
    }

    /// Goes on from where a copy of it stood: as a device does that was restored from a backup, or
    /// that runs twice.
    pub fn go_on_from(&mut self, head: ChainHead) {
        self.head = head;
    }

    /// Its key.
    #[must_use]
    pub fn key(&self) -> DeviceKey {
        self.signer.key()
    }

    /// What it signs with.
    #[must_use]
    pub const fn signer(&self) -> &DeviceSigner {
        &self.signer
    }

    /// Where its chain stands.
    #[must_use]
    pub const fn head(&self) -> &ChainHead {
        &self.head
    }

    /// Signs the next report of its chain: so many milliseconds, so many bytes down.
    ///
    /// # Panics
    /// When a number exceeds its unit.
    pub fn report(&mut self, duration_ms: u64, bytes: u64) -> Verified<SessionReport> {
        let report = self.draft(duration_ms, bytes);
        self.head = self
            .head
            .follow(&report)
            .expect("it was made from the head");
        report
    }

    /// Signs a report for the next place of its chain without moving on: the next one for the same
    /// place is a fork.
    ///
    /// # Panics
    /// When a number exceeds its unit.
    #[must_use]
    pub fn draft(&self, duration_ms: u64, bytes: u64) -> Verified<SessionReport> {
        let time = BEGINNING + self.head.totals.duration.get();
        let session = SessionTotals {
            started_at: UnixMs::new(time).expect("a small time"),
            ended_at: UnixMs::new(
                time.saturating_add(duration_ms)
                    .min(i64::MAX.unsigned_abs()),
            )
            .expect("a small time"),
            duration: DurationMs::new(duration_ms).expect("a duration"),
            bytes_up: ByteCount::ZERO,
            bytes_down: ByteCount::new(bytes).expect("a number of bytes"),
            resumed: false,
        };
        let report = self
            .head
            .next_report(&session, &Tariff::V1)
            .expect("small sums");
        self.signer.sign(&report).expect("it keeps the rules")
    }

    /// Signs that it wants to be enrolled with its chain where it stands.
    ///
    /// # Panics
    /// When the statement breaks a rule.
    #[must_use]
    pub fn enrolment(
        &self,
        ledger: LedgerKey,
        challenge: Challenge,
        code: Option<CodeHash>,
    ) -> Verified<Enrolment> {
        let enrolment = Enrolment {
            ledger,
            challenge,
            head: self.head,
            code,
        };
        self.signer.sign(&enrolment).expect("it keeps the rules")
    }
}
