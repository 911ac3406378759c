//! A device's chain, a ledger's signatures, and an outbox with its clock.

use meter_core::{
    Answered, AnsweredReport, ByteCount, ChainCondition, ChainHead, ChainId, ChainState,
    DeviceSigner, DurationMs, LedgerKeys, LedgerSigner, LinkHash, MonotonicMs, PolicyNumber,
    Reasons, Receipt, ReceiptHead, SessionReport, SessionTotals, Signed, Tariff, UnixMs, Verified,
};
use meter_outbox::{Act, Answer, Batch, Outbox, Plan, Seen, SendingState, Start};

pub(crate) const CHAIN: ChainId = ChainId([0xc4; 16]);

pub(crate) fn device() -> DeviceSigner {
    DeviceSigner::from_seed(&[0x51; 32])
}

pub(crate) fn ledger() -> LedgerSigner {
    LedgerSigner::from_seed(&[0x1e; 32])
}

/// The next report of a chain. `size` distinguishes bodies.
pub(crate) fn next(head: &ChainHead, size: u32) -> Verified<SessionReport> {
    let session = SessionTotals {
        started_at: UnixMs::from_u32(1_000),
        ended_at: UnixMs::from_u32(50_000),
        duration: DurationMs::from_u32(30_000 + size),
        bytes_up: ByteCount::from_u32(size),
        bytes_down: ByteCount::from_u32(100_000),
        resumed: false,
    };
    let report = head.next_report(&session, &Tariff::V1).unwrap();
    device().sign(&report).unwrap()
}

pub(crate) fn genesis() -> ChainHead {
    ChainHead::genesis(CHAIN, device().key())
}

/// Reports of the chain that all tests use, and its heads: `heads[n]` after `n` reports.
pub(crate) struct Chain {
    pub(crate) reports: Vec<Verified<SessionReport>>,
    pub(crate) heads: Vec<ChainHead>,
}

impl Chain {
    pub(crate) fn new(count: u32) -> Self {
        let (mut reports, mut heads) = (Vec::new(), vec![genesis()]);
        for size in 0..count {
            let head = heads.last().unwrap();
            let report = next(head, size);
            heads.push(head.follow(&report).unwrap());
            reports.push(report);
        }
        Self { reports, heads }
    }

    pub(crate) fn head(&self, number: u64) -> ChainHead {
        self.heads[usize::try_from(number).unwrap()]
    }

    pub(crate) fn planned(&self, plan: Plan) -> Vec<Signed<SessionReport>> {
        let from = usize::try_from(plan.from).unwrap() - 1;
        let count = usize::try_from(plan.count).unwrap();
        let end = (from + count).min(self.reports.len());
        let planned = &self.reports[from..end];
        planned
            .iter()
            .map(|report| report.signed().clone())
            .collect()
    }
}

/// What the ledger of the test awards for a report: everything.
pub(crate) fn receipt(report: &Verified<SessionReport>) -> Receipt {
    let value = report.value();
    Receipt {
        reasons: Reasons::NONE,
        ledger: ledger().key(),
        device: value.key,
        chain: value.chain,
        sequence: value.sequence,
        link: value.link(),
        at: UnixMs::from_u32(9),
        awarded_duration: value.duration,
        awarded_bytes: value.bytes(),
        amount: value.amount,
        awarded_total: value.totals.amount,
        policy: PolicyNumber(1),
        tariff: value.tariff,
    }
}

pub(crate) fn signed(receipt: &Receipt) -> Signed<Receipt> {
    ledger().sign(receipt).unwrap().signed().clone()
}

pub(crate) fn state_of(head: &ChainHead, condition: ChainCondition) -> ChainState {
    ChainState {
        condition,
        ledger: ledger().key(),
        device: head.key,
        chain: head.chain,
        sequence: head.sequence,
        link: head.link,
        at: UnixMs::from_u32(9),
        awarded_total: head.totals.amount,
    }
}

pub(crate) fn signed_state(state: &ChainState) -> Box<Signed<ChainState>> {
    Box::new(ledger().sign(state).unwrap().signed().clone())
}

/// How far a chain is answered whose first `number` reports have whole receipts.
pub(crate) fn answered(head: &ChainHead, start: u64) -> Answered {
    Answered {
        start,
        sequence: head.sequence,
        link: head.link,
        claimed: head.totals.amount,
        awarded_total: head.totals.amount,
    }
}

pub(crate) struct Rig {
    pub(crate) chain: Chain,
    pub(crate) outbox: Outbox,
    pub(crate) now: u64,
    /// The random bits of each step.
    pub(crate) random: u32,
}

impl Rig {
    /// A book with `head` reports, of which the first `settled` have receipts. The delay is 100 s.
    pub(crate) fn new(head: u64, settled: u64) -> Self {
        Self::from(head, settled, settled.min(head))
    }

    pub(crate) fn from(head: u64, settled: u64, known: u64) -> Self {
        let chain = Chain::new(u32::try_from(head.max(settled)).unwrap() + 5);
        let ours = (known >= settled).then(|| chain.head(settled).link);
        Self::with(chain, head, settled, ours)
    }

    pub(crate) fn with(chain: Chain, head: u64, settled: u64, ours: Option<LinkHash>) -> Self {
        let outbox = Outbox::new(Start {
            head: chain.head(head),
            answered: answered(&chain.head(settled), 0),
            ours,
            keys: LedgerKeys::new(ledger().key()),
            delay_max: DurationMs::from_u32(180_000),
            contradiction: None,
        });
        Self {
            chain,
            outbox,
            now: 0,
            random: 1 << 31,
        }
    }

    pub(crate) fn clock(&self) -> MonotonicMs {
        MonotonicMs::new(self.now).unwrap()
    }

    pub(crate) fn see(&mut self, seen: Seen) -> Vec<Act> {
        let clock = self.clock();
        self.outbox.step(clock, seen, self.random)
    }

    pub(crate) fn after(&mut self, seconds: u64) -> Vec<Act> {
        self.now += seconds * 1_000;
        self.see(Seen::Tick)
    }

    pub(crate) fn state(&self) -> SendingState {
        self.outbox.state(self.clock())
    }

    pub(crate) fn reachable(&mut self) {
        let acts = self.see(Seen::Reachable(true));
        assert!(acts.is_empty(), "{acts:?}");
    }

    /// Up to the first contact: the chain is asked for.
    pub(crate) fn asked(&mut self) {
        self.reachable();
        let acts = self.after(200);
        assert!(matches!(acts[..], [Act::AskChain]), "{acts:?}");
    }

    /// Answers the question where the chain is.
    pub(crate) fn stands_at(&mut self, number: u64) -> Vec<Act> {
        let head = self.chain.head(number);
        let state = state_of(&head, ChainCondition::Open);
        let ours = Some(head.link);
        let state = signed_state(&state);
        self.see(Seen::Chain { state, ours })
    }

    /// The plan of the only act, which is to send.
    #[track_caller]
    pub(crate) fn plan(acts: &[Act]) -> Plan {
        match acts {
            [Act::Send(plan)] => *plan,
            other => panic!("{other:?}"),
        }
    }

    /// Up to a batch that is under way, at the first contact.
    pub(crate) fn sending(&mut self, settled: u64) -> Batch {
        self.asked();
        let acts = self.stands_at(settled);
        self.batch(Self::plan(&acts))
    }

    pub(crate) fn batch(&mut self, plan: Plan) -> Batch {
        let reports = self.chain.planned(plan);
        self.outbox.batch(plan, reports, Vec::new()).unwrap()
    }

    /// Stores what is to be stored.
    pub(crate) fn stored(&mut self, stored: &[AnsweredReport]) -> Vec<Act> {
        let last = stored.last().unwrap().receipt.value();
        let head = ReceiptHead::of(last);
        let answered = Answered {
            awarded_total: head.awarded_total,
            ..answered(&self.chain.head(head.sequence), 0)
        };
        self.see(Seen::Stored(answered))
    }
}

/// Whole receipts for a batch.
pub(crate) fn receipts(batch: &Batch) -> Vec<Answer> {
    let reports = batch.reports().iter();
    reports
        .map(|report| Answer::Receipt(signed(&receipt(report))))
        .collect()
}
