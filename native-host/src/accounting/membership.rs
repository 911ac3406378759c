//! The enrolment with a ledger, and the receipts: what `receipts.sqlite3` says about this device.

mod opening;
mod policies;

use super::earlier::EarlierChains;
use crate::problems;
use meter_core::{
    AccountId, Amount, Answered, AnsweredReport, ChainEnd, ChainHead, ChainId, ContradictionKind,
    KeyChange, LedgerKey, LedgerKeys, Policy, PolicyNumber, Receipt, SessionReport, Signed, UnixMs,
    Verified,
};
use meter_ledger::{LoweredSum, Member, Membership, Receipts, ReceiptsError, Sums, Waiting};
use meter_tor::LedgerAddress;
use meter_wire::{
    BadgeNumber, ErrorCode, HexBytes, LedgerStatus, Lowered, Problem, RECEIPTS_PAGE_MAX,
    ReceiptsPage, Sending, U64Text, WireAnswer,
};
use std::path::PathBuf;
use tracing::warn;

/// The receipts of this device, once it was enrolled for the first time.
pub(super) struct Memberships {
    path: PathBuf,
    receipts: Option<Receipts>,
    /// Why the file cannot be used, if it cannot.
    problem: Option<Problem>,
    /// What clients get to know, as it was read last.
    reported: Option<Reported>,
}

/// What clients get to know about the membership in force.
struct Reported {
    address: String,
    account: AccountId,
    sums: Sums,
    /// Claimed by earlier chains of this home that the ledger was never told of.
    unknown: U64Text,
    waiting: Waiting,
    /// Why the chain before this one ended.
    chain_end: Option<ChainEnd>,
}

/// The ledger that a request is for, and who asks.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    pub(crate) address: LedgerAddress,
    /// The ledger's newest key.
    pub(crate) key: LedgerKey,
    /// The newest of its policies that is stored.
    pub(crate) policy: PolicyNumber,
}

/// An enrolment that the ledger has confirmed.
#[derive(Debug)]
pub(crate) struct Joining {
    pub(crate) address: LedgerAddress,
    pub(crate) ledger: LedgerKey,
    pub(crate) account: AccountId,
    pub(crate) name: String,
    /// Where the ledger has the chain.
    pub(crate) head: ChainHead,
    /// What it had awarded up to there.
    pub(crate) awarded: Amount,
    pub(crate) policy: Verified<Policy>,
}

impl Memberships {
    /// Whether an enrolment is in force and its file can be used.
    pub(super) fn is_in_force(&self) -> bool {
        self.in_force().is_ok()
    }

    /// The ledger in force.
    ///
    /// # Errors
    /// `ledger_none`; or why the file of receipts cannot be used.
    pub(super) fn ledger(&self) -> Result<Ledger, Problem> {
        let (receipts, member) = self.in_force()?;
        let because = |error: ReceiptsError| self.because(&error);
        let membership = member.membership;
        Ok(Ledger {
            address: address(&membership.address)?,
            key: receipts.keys().map_err(because)?.newest(),
            policy: receipts.policy().map_err(because)?.value().number,
        })
    }

    fn in_force(&self) -> Result<(&Receipts, Member), Problem> {
        if let Some(problem) = &self.problem {
            return Err(problem.clone());
        }
        let none = || Problem::new(ErrorCode::LedgerNone);
        let receipts = self.receipts.as_ref().ok_or_else(none)?;
        let member = receipts
            .membership()
            .map_err(|error| self.because(&error))?;
        Ok((receipts, member.ok_or_else(none)?))
    }

    /// Whether this device may be enrolled now.
    ///
    /// # Errors
    /// `ledger_enrolled`; or why the file of receipts cannot be used.
    pub(super) fn is_free(&self) -> Result<(), Problem> {
        match self.in_force() {
            Ok(_) => Err(Problem::new(ErrorCode::LedgerEnrolled)),
            Err(problem) if problem.code == ErrorCode::LedgerNone => Ok(()),
            Err(problem) => Err(problem),
        }
    }

    /// Stores an enrolment.
    ///
    /// # Errors
    /// `ledger_enrolled`; or why the file of receipts cannot be written.
    pub(super) fn join(&mut self, joining: Joining, now: UnixMs) -> Result<(), Problem> {
        self.is_free()?;
        if self.receipts.is_none() {
            let made = Receipts::create(&self.path);
            self.receipts = Some(made.map_err(|error| self.because(&error))?);
        }
        let membership = Membership {
            ledger: joining.ledger,
            address: joining.address.to_string(),
            account: joining.account,
            name: joining.name,
            enrolled_at: now,
            head: joining.head,
            awarded: joining.awarded,
        };
        self.write(|receipts| receipts.join(&membership, &joining.policy))
            .map(drop)
    }

    /// Leaves the ledger. The receipts stay.
    ///
    /// # Errors
    /// `ledger_none`; or why the file of receipts cannot be written.
    pub(super) fn leave(&mut self, now: UnixMs) -> Result<(), Problem> {
        self.in_force()?;
        self.reported = None;
        self.write(|receipts| receipts.leave(now))
    }

    /// The ledger's keys.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be used.
    pub(super) fn keys(&self) -> Result<LedgerKeys, Problem> {
        let (receipts, _) = self.in_force()?;
        receipts.keys().map_err(|error| self.because(&error))
    }

    /// How far a chain is answered.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be used.
    pub(super) fn answered(&self, chain: ChainId) -> Result<Answered, Problem> {
        let (receipts, _) = self.in_force()?;
        receipts
            .answered(chain)
            .map_err(|error| self.because(&error))
    }

    /// The contradiction that was noticed since the enrolment, if any. Earlier versions also kept
    /// what no key of the ledger had signed, which is no contradiction.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be used.
    pub(super) fn contradiction(&self) -> Result<Option<ContradictionKind>, Problem> {
        let (receipts, member) = self.in_force()?;
        let kept = receipts
            .contradictions()
            .map_err(|error| self.because(&error))?;
        let since = member.membership.enrolled_at;
        let is_of_it = |kept: &&meter_ledger::Contradiction| {
            kept.member == member.number
                && kept.noticed_at >= since
                && kept.kind != ContradictionKind::Signature
        };
        Ok(kept.iter().rfind(is_of_it).map(|kept| kept.kind))
    }

    /// Receipts of a chain after number `after`, as they are stored.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be used.
    pub(super) fn receipts(
        &self,
        chain: ChainId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Signed<Receipt>>, Problem> {
        let (receipts, _) = self.in_force()?;
        let found = receipts.receipts(chain, after, limit);
        found.map_err(|error| self.because(&error))
    }

    /// The last receipt of a chain from the ledger in force. `None` if it has none, or if the
    /// file of receipts cannot be used.
    pub(super) fn last(&self, chain: ChainId) -> Option<Verified<Receipt>> {
        let (receipts, _) = self.in_force().ok()?;
        receipts.last(chain).ok()?
    }

    /// A page of receipts of a chain, each with its report, and with what verifies them. `reports`
    /// reads reports of that chain after a number.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts or the book cannot be used.
    pub(super) fn page(
        &self,
        chain: ChainId,
        after: u64,
        limit: u16,
        reports: impl Fn(u64, u32) -> Result<Vec<Signed<SessionReport>>, Problem>,
    ) -> Result<ReceiptsPage, Problem> {
        let damaged = |error: &dyn std::error::Error| -> Problem {
            Problem::with_detail(ErrorCode::ReceiptsDamaged, error.to_string())
        };
        let limit = u32::from(limit.min(RECEIPTS_PAGE_MAX));
        let (answered, keys) = (self.answered(chain)?, self.keys()?);
        let after = after.max(answered.start);
        let receipts = self.receipts(chain, after, limit)?;
        let reports = reports(after, limit)?;
        let pairs = receipts.iter().zip(&reports);
        let pairs = pairs.map(|(receipt, report)| {
            Ok(WireAnswer {
                report: report.try_into().map_err(|error| damaged(&error))?,
                receipt: receipt.try_into().map_err(|error| damaged(&error))?,
            })
        });
        let changes = keys
            .changes()
            .iter()
            .map(|change| change.signed().try_into());
        Ok(ReceiptsPage {
            account: HexBytes(self.in_force()?.1.membership.account.0),
            chain: HexBytes(chain.0),
            receipts: pairs.collect::<Result<_, Problem>>()?,
            start: U64Text(answered.start),
            last: U64Text(answered.sequence),
            key: HexBytes(keys.pinned().0),
            changes: changes
                .collect::<Result<_, _>>()
                .map_err(|error| damaged(&error))?,
        })
    }

    /// Whether a chain takes no more reports.
    pub(super) fn has_ended(&self, chain: ChainId) -> bool {
        let ended = self
            .receipts
            .as_ref()
            .map(|receipts| receipts.chain_end(chain));
        matches!(ended, Some(Ok(Some(_))))
    }

    /// Stores receipts, and returns how far their chain is answered then.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be written.
    pub(super) fn add(
        &mut self,
        chain: ChainId,
        answers: &[AnsweredReport],
    ) -> Result<Answered, Problem> {
        self.write(|receipts| receipts.add(answers))?;
        self.answered(chain)
    }

    /// Stores a change of the ledger's key.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be written.
    pub(super) fn add_key(&mut self, change: &Signed<KeyChange>) -> Result<(), Problem> {
        self.write(|receipts| receipts.add_key(change))
    }

    /// Keeps evidence that the ledger contradicts itself.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be written.
    pub(super) fn keep(
        &mut self,
        kind: ContradictionKind,
        evidence: &[u8],
        now: UnixMs,
    ) -> Result<(), Problem> {
        self.write(|receipts| receipts.keep_contradiction(kind, evidence, now))
    }

    /// Notes that a chain takes no more reports.
    ///
    /// # Errors
    /// `ledger_none`, or why the file of receipts cannot be written.
    pub(super) fn end_chain(
        &mut self,
        head: &ChainHead,
        why: ChainEnd,
        now: UnixMs,
    ) -> Result<(), Problem> {
        self.write(|receipts| receipts.end_chain(head, why, now))
    }

    fn write<T>(
        &mut self,
        write: impl FnOnce(&mut Receipts) -> Result<T, ReceiptsError>,
    ) -> Result<T, Problem> {
        let path = &self.path;
        let none = || Problem::new(ErrorCode::LedgerNone);
        let written = write(self.receipts.as_mut().ok_or_else(none)?);
        written.map_err(|error| problems::receipts(&error, path))
    }

    /// Reads again what clients are told, after something has changed.
    pub(super) fn look_again(&mut self, head: &ChainHead, earlier: &EarlierChains) {
        match self.read(head, earlier) {
            Ok(reported) => self.reported = Some(reported),
            Err(problem) if problem.code == ErrorCode::LedgerNone => self.reported = None,
            // A device whose receipts cannot be read is not one that has left.
            Err(problem) => warn!(code = ?problem.code, "the receipts cannot be read"),
        }
    }

    /// Why the file cannot be used.
    pub(super) const fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    fn read(&self, head: &ChainHead, earlier: &EarlierChains) -> Result<Reported, Problem> {
        let (receipts, member) = self.in_force()?;
        let because = |error: ReceiptsError| self.because(&error);
        let chains = receipts.chains_of(&member).map_err(because)?;
        let before = chains.iter().rev().find(|chain| **chain != head.chain);
        let chain_end = before.map(|chain| receipts.chain_end(*chain)).transpose();
        let joined = member.membership.head.chain;
        let is_unknown = |chain| chain != joined && !chains.contains(&chain);
        Ok(Reported {
            unknown: earlier.claimed(is_unknown),
            address: member.membership.address,
            account: member.membership.account,
            sums: receipts.sums().map_err(because)?,
            waiting: receipts.waiting(head).map_err(because)?,
            chain_end: chain_end.map_err(because)?.flatten(),
        })
    }

    /// What clients are told; `None` while no enrolment is in force.
    pub(super) fn status(&self, sending: Sending, badge: BadgeNumber) -> Option<LedgerStatus> {
        let reported = self.reported.as_ref()?;
        let sums = &reported.sums;
        // Of an account that the device came back to, the ledger has credited a part of what was
        // claimed before.
        let known_before = sums.awarded_before.get();
        let before = sums.before.get().saturating_sub(known_before);
        let before = before.saturating_add(reported.unknown.0);
        let answered = sums.answered.get().saturating_add(known_before);
        Some(LedgerStatus {
            address: reported.address.clone(),
            account: HexBytes(reported.account.0),
            before: U64Text(before),
            answered: U64Text(answered),
            credited: U64Text(sums.credited.get()),
            waiting: U64Text(reported.waiting.amount.get()),
            waiting_reports: U64Text(reported.waiting.reports),
            unanswered: U64Text(sums.unanswered.get()),
            lowered: sums.lowered.iter().map(lowered).collect(),
            badge,
            chain_end: reported.chain_end.map(|end| end.name().to_owned()),
            sending,
        })
    }

    fn because(&self, error: &ReceiptsError) -> Problem {
        problems::receipts(error, &self.path)
    }
}

/// An address that this program wrote itself.
fn address(text: &str) -> Result<LedgerAddress, Problem> {
    let read = text.parse::<LedgerAddress>();
    read.map_err(|error| Problem::with_detail(ErrorCode::LedgerAddress, error.to_string()))
}

fn lowered(sum: &LoweredSum) -> Lowered {
    let names = sum.reasons.iter().map(|reason| reason.name().to_owned());
    let amount = sum.claimed.get().saturating_sub(sum.awarded.get());
    Lowered {
        reasons: names.collect(),
        sessions: U64Text(sum.sessions),
        amount: U64Text(amount),
    }
}
