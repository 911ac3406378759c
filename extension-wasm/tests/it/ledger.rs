//! A ledger that answers the reports of a scene. The example `views` uses it, too.

use crate::scene::Scene;
use meter_core::{
    Amount, DurationMs, LedgerSigner, PolicyNumber, Reason, Reasons, Receipt, SessionReport,
    Signable as _, Tariff, UnixMs,
};
use meter_wire::{
    BadgeNumber, HexBytes, LedgerStatus, Lowered, ReceiptsPage, Sending, U64Text, WireAnswer,
    WireReport,
};

const ACCOUNT: HexBytes<16> = HexBytes([0xaa; 16]);

/// The ledger, and what it has awarded.
pub(crate) struct Ledger {
    pub(crate) signer: LedgerSigner,
    /// For the chain in use.
    pub(crate) awarded: Amount,
    /// What the reports of ended chains claim that were answered, and what they were awarded.
    pub(crate) past: (u64, u64),
}

impl Ledger {
    /// The host is enrolled after its first `before` reports.
    pub(crate) fn enrol(scene: &mut Scene, before: u64) -> Self {
        let ledger = Self {
            signer: LedgerSigner::from_seed(&[9; 32]),
            awarded: Amount::ZERO,
            past: (0, 0),
        };
        scene.receipts = Some(ReceiptsPage {
            account: ACCOUNT,
            chain: HexBytes(scene.head.chain.0),
            receipts: Vec::new(),
            start: U64Text(before),
            last: U64Text(before),
            key: HexBytes(ledger.signer.key().0),
            changes: Vec::new(),
        });
        scene.status.ledger = Some(LedgerStatus {
            address: "127.0.0.1:3443".to_owned(),
            account: ACCOUNT,
            before: U64Text(claimed(&scene.reports, before)),
            answered: U64Text(0),
            credited: U64Text(0),
            waiting: U64Text(0),
            waiting_reports: U64Text(0),
            unanswered: U64Text(0),
            lowered: Vec::new(),
            badge: BadgeNumber::Claimed,
            chain_end: None,
            sending: Sending::Waiting {
                in_s: 70,
                problem: None,
            },
        });
        ledger.count(scene);
        ledger
    }

    /// What the host tells about it.
    pub(crate) fn told<'a>(&self, scene: &'a mut Scene) -> &'a mut LedgerStatus {
        scene.status.ledger.as_mut().expect("enrolled")
    }

    /// Answers the next `count` reports.
    pub(crate) fn answer(&mut self, scene: &mut Scene, count: u64, change: impl Fn(&mut Receipt)) {
        for _ in 0..count {
            let page = scene.receipts.as_mut().expect("enrolled");
            let next = usize::try_from(page.last.0).expect("few");
            let report = scene.reports[next].clone();
            page.last.0 += 1;
            let answer = self.receipt(&report, &change);
            scene
                .receipts
                .as_mut()
                .expect("enrolled")
                .receipts
                .push(answer);
        }
        self.count(scene);
    }

    /// The next receipt of the chain.
    pub(crate) fn receipt(
        &mut self,
        wire: &WireReport,
        change: impl Fn(&mut Receipt),
    ) -> WireAnswer {
        let report = content(wire);
        let mut receipt = Receipt {
            reasons: Reasons::NONE,
            ledger: self.signer.key(),
            device: report.key,
            chain: report.chain,
            sequence: report.sequence,
            link: report.link(),
            at: UnixMs::ZERO,
            awarded_duration: report.duration,
            awarded_bytes: report.bytes(),
            amount: report.amount,
            awarded_total: Amount::ZERO,
            policy: PolicyNumber(1),
            tariff: report.tariff,
        };
        change(&mut receipt);
        let award = Tariff::V1.award(receipt.awarded_duration, receipt.awarded_bytes);
        receipt.amount = award.expect("small").total;
        self.awarded = self.awarded.saturating_add(receipt.amount);
        receipt.awarded_total = self.awarded;
        let receipt = self.signer.sign(&receipt).expect("a receipt");
        WireAnswer {
            report: wire.clone(),
            receipt: receipt.signed().try_into().expect("200 bytes"),
        }
    }

    /// Awards only 25 s of a session, because of the account's time.
    pub(crate) fn lower(receipt: &mut Receipt) {
        receipt.awarded_duration = DurationMs::from_u32(25_000);
        receipt.reasons = [Reason::TimeBudget].into_iter().collect();
    }

    /// The host begins another chain, for this reason.
    pub(crate) fn begin_new_chain(&mut self, scene: &mut Scene, chain: u8, why: &str) {
        let status = self.told(scene);
        status.unanswered.0 += status.waiting.0;
        status.chain_end = Some(why.to_owned());
        self.past = (status.answered.0, status.credited.0);
        self.awarded = Amount::ZERO;
        scene.begin_new_chain(chain);
        let page = scene.receipts.as_mut().expect("enrolled");
        let last = page.receipts.drain(..).next_back();
        page.chain = HexBytes(scene.head.chain.0);
        (page.start, page.last) = (U64Text(0), U64Text(0));
        scene.earlier.last_mut().expect("just ended").answered = last;
        self.count(scene);
    }

    /// The host counts what the ledger has answered.
    pub(crate) fn count(&self, scene: &mut Scene) {
        let page = scene.receipts.as_ref().expect("enrolled");
        let (start, last) = (page.start.0, page.last.0);
        let answered = claimed(&scene.reports, last) - claimed(&scene.reports, start);
        let waiting = scene.status.balance.0 - claimed(&scene.reports, last);
        let waiting_reports = scene.status.reports.0 - last;
        let (past, awarded) = (self.past, self.awarded.get());
        let status = self.told(scene);
        status.answered.0 = past.0 + answered;
        status.credited.0 = past.1 + awarded;
        (status.waiting.0, status.waiting_reports.0) = (waiting, waiting_reports);
        if waiting == 0 {
            status.sending = Sending::Idle;
        }
        let lowered = status.answered.0 - status.credited.0;
        let of_time = |amount| Lowered {
            reasons: vec![Reason::TimeBudget.name().to_owned()],
            sessions: U64Text(1),
            amount: U64Text(amount),
        };
        status.lowered = (lowered > 0)
            .then(|| of_time(lowered))
            .into_iter()
            .collect();
    }
}

fn content(report: &WireReport) -> SessionReport {
    SessionReport::from_body(&report.body.0).expect("a report")
}

/// What the first `count` reports claim.
fn claimed(reports: &[WireReport], count: u64) -> u64 {
    let last = usize::try_from(count).expect("few").checked_sub(1);
    last.map_or(0, |last| content(&reports[last]).totals.amount.get())
}
