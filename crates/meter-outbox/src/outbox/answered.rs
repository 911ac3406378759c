//! What the ledger says, and what follows from it.

use super::{Contact, Doing, KeysAsked, Outbox};
use crate::{
    batch::{BATCH_MAX, Batch},
    judging::{self, Judged, Standing, Then},
    message::{Act, Answer, SendError, Stop},
};
use meter_core::{
    Answered, ChainCondition, ChainEnd, ChainState, ContradictionKind, KeyChange, LinkHash,
    MonotonicMs, ReceiptHead, Signable as _, Signed,
};

impl Outbox {
    pub(super) fn on_chain(
        &mut self,
        now: MonotonicMs,
        state: &Signed<ChainState>,
        ours: Option<LinkHash>,
        random: u32,
    ) -> Vec<Act> {
        if !matches!(self.doing, Doing::AskingChain) {
            return Vec::new();
        }
        self.doing = Doing::Nothing;
        match judging::standing(&self.keys, &self.head, &self.settled, state, ours) {
            Standing::Same => {
                self.ask_first = false;
                self.contact = Contact::Made;
            }
            Standing::Behind { sequence, link } => {
                self.ask_first = false;
                self.contact = Contact::Behind { sequence, link };
            }
            Standing::Ended(why) => self.end(why),
            Standing::UnknownKey => self.unknown_key(now, random),
            Standing::Unsigned => self.pace.failed(now, SendError::Unsigned, None, random),
            Standing::Contradiction(kind, evidence) => return self.contradicted(kind, evidence),
            Standing::Unknown => self.pace.failed(now, SendError::Conflict, None, random),
        }
        Vec::new()
    }

    pub(super) fn on_keys(
        &mut self,
        now: MonotonicMs,
        changes: Vec<Signed<KeyChange>>,
        random: u32,
    ) -> Vec<Act> {
        if !matches!(self.doing, Doing::AskingKeys) {
            return Vec::new();
        }
        self.doing = Doing::Nothing;
        (self.keys_wanted, self.keys_asked) = (false, KeysAsked::NothingNew);
        self.pace.at_once(now);
        let mut acts = Vec::new();
        for change in changes {
            let Ok(named) = KeyChange::from_body(change.body()) else {
                continue;
            };
            // Changes from before the pinned key do not matter here.
            if !self.keys.contains(named.old) {
                continue;
            }
            let is_new = !self.keys.contains(named.new);
            match self.keys.add(change.clone()) {
                // A known one is stored again too: the disk may have refused it.
                Ok(()) => acts.push(Act::AddKey(Box::new(change))),
                // Not signed by the key that it names, which is one of the ledger's.
                Err(_) if change.clone().verify(named.old).is_err() => {
                    self.keys_asked = KeysAsked::No;
                    self.pace.failed(now, SendError::Unsigned, None, random);
                    break;
                }
                Err(_) => {
                    let evidence = judging::bytes(&change);
                    acts.extend(self.contradicted(ContradictionKind::Key, evidence));
                    break;
                }
            }
            if is_new {
                self.keys_asked = KeysAsked::Learned;
            }
        }
        acts
    }

    pub(super) fn on_answers(
        &mut self,
        now: MonotonicMs,
        batch: &Batch,
        answers: Vec<Answer>,
        random: u32,
    ) -> Vec<Act> {
        if !matches!(self.doing, Doing::Sending(plan) if plan == batch.plan) {
            return Vec::new();
        }
        self.doing = Doing::Nothing;
        let before = ReceiptHead {
            device: self.head.key,
            chain: self.head.chain,
            sequence: self.settled.sequence,
            awarded_total: self.settled.awarded_total,
        };
        let Judged { good, then } = judging::answers(&self.keys, before, batch, answers);
        let Some(last) = good.last() else {
            return self.after(now, then, random);
        };
        if batch.plan.with_receipts {
            let last = last.report.value();
            self.given_back(now, last.sequence, last.link());
            return self.after(now, then, random);
        }
        self.doing = Doing::Storing(then);
        vec![Act::Store(good)]
    }

    /// The ledger has the reports up to this one again.
    fn given_back(&mut self, now: MonotonicMs, sequence: u64, link: LinkHash) {
        self.succeeded(now);
        self.pace.at_once(now);
        self.contact = if sequence >= self.settled.sequence {
            Contact::Made
        } else {
            Contact::Behind { sequence, link }
        };
    }

    pub(super) fn on_stored(
        &mut self,
        now: MonotonicMs,
        answered: Answered,
        random: u32,
    ) -> Vec<Act> {
        let Doing::Storing(then) = std::mem::replace(&mut self.doing, Doing::Nothing) else {
            return Vec::new();
        };
        self.settled = answered;
        self.sent.answered(answered.sequence);
        self.succeeded(now);
        // What is left waited already when the batch was made, or gets the delay of its own.
        let left = self.head.sequence.saturating_sub(answered.sequence);
        if matches!(then, Then::Done) && left < u64::from(BATCH_MAX) {
            self.pace.begin(now, random);
        } else {
            self.pace.at_once(now);
        }
        self.after(now, then, random)
    }

    /// What comes after the good receipts of a batch.
    fn after(&mut self, now: MonotonicMs, then: Then, random: u32) -> Vec<Act> {
        match then {
            Then::Done => {}
            Then::UnknownKey => self.unknown_key(now, random),
            Then::Unsigned => self.pace.failed(now, SendError::Unsigned, None, random),
            Then::Contradiction(kind, evidence) => return self.contradicted(kind, evidence),
            Then::Conflict(state) => self.on_conflict(now, &state, random),
            Then::Refused { sequence, code } => {
                self.stopped = Some(Stop::Refused { sequence, code });
            }
            Then::Busy => self.pace.failed(now, SendError::Busy, None, random),
            Then::UnknownDevice => self.stopped = Some(Stop::UnknownDevice),
            Then::Unreadable => self.pace.failed(now, SendError::Unreadable, None, random),
        }
        Vec::new()
    }

    /// The ledger has the chain elsewhere. Where, it is asked before anything else is sent.
    fn on_conflict(&mut self, now: MonotonicMs, state: &Signed<ChainState>, random: u32) {
        self.contact = Contact::None;
        let frozen = self.keys.verify(state.clone()).is_ok_and(|state| {
            let state = state.value();
            (state.device, state.chain) == (self.head.key, self.head.chain)
                && state.condition == ChainCondition::Frozen
        });
        if frozen {
            self.end(ChainEnd::Frozen);
            return;
        }
        self.conflicts = self.conflicts.saturating_add(1);
        if self.conflicts > 1 {
            self.pace.failed(now, SendError::Conflict, None, random);
        } else {
            self.pace.at_once(now);
        }
    }

    pub(super) fn on_unknown_device(&mut self) -> Vec<Act> {
        if self.is_asking() {
            self.doing = Doing::Nothing;
            self.stopped = Some(Stop::UnknownDevice);
        }
        Vec::new()
    }

    /// The request was for a key that the ledger has left, or it is wrong. Only the ledger's list
    /// of keys tells which, so that is asked for before every other try.
    pub(super) fn on_signature_refused(&mut self, now: MonotonicMs, random: u32) -> Vec<Act> {
        if self.is_asking() {
            if matches!(self.doing, Doing::AskingKeys) {
                // Nobody signs that question, so this is no answer to it.
                self.keys_asked = KeysAsked::NothingNew;
            }
            self.doing = Doing::Nothing;
            self.ask_for_keys(now, SendError::Declined, random);
        }
        Vec::new()
    }

    const fn is_asking(&self) -> bool {
        matches!(
            self.doing,
            Doing::AskingChain | Doing::AskingKeys | Doing::Sending(_)
        )
    }

    /// If the ledger lists no such key either, the ledger did not sign it, and somebody else may
    /// have made it: that is no evidence.
    fn unknown_key(&mut self, now: MonotonicMs, random: u32) {
        if self.keys_asked == KeysAsked::NothingNew {
            self.keys_asked = KeysAsked::No;
            self.pace.failed(now, SendError::Unsigned, None, random);
        } else {
            self.ask_for_keys(now, SendError::Unreadable, random);
        }
    }

    /// At once, but only once until the next success: a ledger that shows a new key each time is
    /// asked more and more slowly.
    fn ask_for_keys(&mut self, now: MonotonicMs, failure: SendError, random: u32) {
        self.keys_wanted = true;
        match self.keys_asked {
            KeysAsked::No => self.pace.at_once(now),
            KeysAsked::Learned | KeysAsked::NothingNew => {
                self.pace.failed(now, failure, None, random);
            }
        }
    }

    fn contradicted(&mut self, kind: ContradictionKind, evidence: Vec<u8>) -> Vec<Act> {
        self.stopped = Some(Stop::Contradiction(kind));
        vec![Act::Keep(kind, evidence)]
    }
}
