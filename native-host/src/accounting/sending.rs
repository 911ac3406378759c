//! Does what the outbox decides, as far as it is about key, book and receipts. What needs a
//! connection leaves as an [`Errand`], one at a time; what came of it comes back as [`Found`].

use super::{
    Accounting,
    outgoing::{Errand, Found, Outgoing, What},
    restoring::Restoring,
};
use meter_core::{
    ChainEnd, ChainId, ChainState, KeyChange, LedgerKey, MonotonicMs, Policy, Receipt,
    SessionReport, Signable as _, Signed, UnixMs,
};
use meter_outbox::{Act, Batch, Outbox, Plan, Seen, SendError, Start};
use meter_tor::LedgerAddress;
use meter_wire::{ErrorCode, Problem};
use tracing::{info, warn};

impl Accounting {
    /// Tells the outbox what is new: a report, Tor, the time. Without an enrolment it does nothing.
    pub(crate) fn look_at_outbox(
        &mut self,
        now: MonotonicMs,
        wall: UnixMs,
        is_usable: impl Fn(&LedgerAddress) -> bool,
    ) -> Option<Errand> {
        self.prepare_outgoing();
        let outgoing = self.outgoing.as_mut()?;
        let mut seen = Vec::new();
        let is_reachable = is_usable(&outgoing.address);
        if is_reachable != outgoing.is_reachable {
            outgoing.is_reachable = is_reachable;
            seen.push(Seen::Reachable(is_reachable));
        }
        seen.extend(self.new_head());
        let outgoing = self.outgoing.as_ref()?;
        if seen.is_empty() && !outgoing.outbox.is_idle() {
            seen.push(Seen::Tick);
        }
        let mut errand = None;
        for one in seen {
            // An outbox wants one thing at a time, so at most one of these is an errand.
            errand = self.step(now, wall, one).or(errand);
        }
        errand
    }

    /// The head of the chain, if the outbox does not know it yet.
    fn new_head(&mut self) -> Option<Seen> {
        let head = *self.head()?;
        let outgoing = self.outgoing.as_mut()?;
        if head.sequence == outgoing.sequence {
            return None;
        }
        outgoing.sequence = head.sequence;
        self.memberships.look_again(&head, &self.earlier);
        Some(Seen::Head(head))
    }

    /// Takes what came of an errand.
    pub(crate) fn take_found(
        &mut self,
        now: MonotonicMs,
        wall: UnixMs,
        found: Found,
    ) -> Option<Errand> {
        let seen = match found {
            Found::Chain(state) => {
                // An unverified number: a wrong one only finds a wrong hash.
                match ChainState::from_body(state.body()) {
                    Ok(named) => {
                        let ours = self.head_at(named.sequence).ok().flatten();
                        Seen::Chain {
                            ours: ours.map(|head| head.link),
                            state,
                        }
                    }
                    Err(_) => Seen::Failed {
                        failure: SendError::Unreadable,
                        retry_after_s: None,
                    },
                }
            }
            Found::Keys(changes) => Seen::Keys(changes),
            Found::Answered(batch, answers, policy) => {
                self.keep_policy(policy);
                Seen::Answered(batch, answers)
            }
            Found::UnknownDevice => Seen::UnknownDevice,
            Found::SignatureRefused => Seen::SignatureRefused,
            Found::Failed {
                failure,
                retry_after_s,
            } => Seen::Failed {
                failure,
                retry_after_s,
            },
        };
        self.step(now, wall, seen)
    }

    /// Stored or not, it changes no award: receipts are verified without it.
    fn keep_policy(&mut self, policy: Option<Box<Signed<Policy>>>) {
        let Some(policy) = policy else { return };
        if let Err(problem) = self.memberships.set_policy(*policy) {
            warn!(code = ?problem.code, "the ledger's policy cannot be stored");
        }
    }

    /// A person wants what waits to be sent now.
    ///
    /// # Errors
    /// `ledger_none`, or why receipts cannot be stored.
    pub(crate) fn send_now(
        &mut self,
        now: MonotonicMs,
        wall: UnixMs,
    ) -> Result<Option<Errand>, Problem> {
        self.preparing.wake();
        self.prepare_outgoing();
        self.memberships.ledger()?;
        // A report that was signed a moment ago waits, too.
        let news = self.new_head();
        let errand = news.and_then(|head| self.step(now, wall, head));
        Ok(self.step(now, wall, Seen::SendNow).or(errand))
    }

    /// Follows the changes of the ledger's key that it shows, and returns its newest key.
    ///
    /// # Errors
    /// `ledger_none`, or why a change is not stored.
    pub(crate) fn follow_keys(
        &mut self,
        changes: &[Signed<KeyChange>],
    ) -> Result<LedgerKey, Problem> {
        for change in changes {
            let keys = self.memberships.keys()?;
            let is_next = KeyChange::from_body(change.body())
                .is_ok_and(|named| keys.contains(named.old) && !keys.contains(named.new));
            if is_next {
                self.memberships.add_key(change)?;
            }
        }
        self.memberships.keys().map(|keys| keys.newest())
    }

    /// Makes the outbox of the chain in use, if it has no outbox and it is time to try.
    pub(super) fn prepare_outgoing(&mut self) {
        let Some(head) = self.head().copied() else {
            self.outgoing = None;
            return;
        };
        let is_of_it = |outgoing: &Outgoing| outgoing.chain == head.chain;
        if self.outgoing.as_ref().is_some_and(is_of_it)
            || !self.preparing.is_due(self.now, head.chain)
        {
            return;
        }
        self.outgoing = None;
        match self.outgoing_of(head.chain) {
            Ok(outgoing) => {
                self.preparing.done(head.chain);
                self.outgoing = outgoing;
                self.memberships.look_again(&head, &self.earlier);
            }
            Err(problem) => self.cannot_send(&problem),
        }
    }

    /// The outbox of a chain; `None` while no enrolment is in force, or if the chain has ended and
    /// another one was begun.
    fn outgoing_of(&mut self, chain: ChainId) -> Result<Option<Outgoing>, Problem> {
        self.memberships.open_again();
        match self.memberships.ledger() {
            Err(problem) if problem.code == ErrorCode::LedgerNone => return Ok(None),
            other => drop(other?),
        }
        if self.memberships.has_ended(chain) {
            // The daemon ended between the two steps of a new chain.
            self.begin_anew()?;
            return Ok(None);
        }
        self.outgoing(chain).map(Some)
    }

    fn cannot_send(&mut self, problem: &Problem) {
        let Some(chain) = self.head().map(|head| head.chain) else {
            return;
        };
        if self.preparing.failed(self.now, chain, problem.code) {
            warn!(code = ?problem.code, "nothing can be sent");
        }
    }

    fn outgoing(&self, chain: ChainId) -> Result<Outgoing, Problem> {
        let head = *self
            .head()
            .ok_or_else(|| Problem::new(ErrorCode::LedgerNone))?;
        let answered = self.memberships.answered(chain)?;
        let ours = self.head_at(answered.sequence)?;
        let mut outbox = Outbox::new(Start {
            head,
            answered,
            ours: ours.map(|head| head.link),
            keys: self.memberships.keys()?,
            delay_max: self.delay_max,
            contradiction: self.memberships.contradiction()?,
        });
        if self.restoring.as_ref().is_some_and(Restoring::is_asking) {
            outbox.ask_first();
        }
        Ok(Outgoing {
            outbox,
            address: self.memberships.ledger()?.address,
            chain,
            sequence: head.sequence,
            is_reachable: false,
        })
    }

    fn step(&mut self, now: MonotonicMs, wall: UnixMs, seen: Seen) -> Option<Errand> {
        let mut next = Some(seen);
        let mut errand = None;
        while let Some(seen) = next.take() {
            let outgoing = self.outgoing.as_mut()?;
            for act in outgoing.outbox.step(now, seen, random()) {
                match self.act(act, wall) {
                    Done::Nothing => {}
                    Done::Seen(seen) => next = Some(seen),
                    Done::Errand(what) => errand = Some(what),
                }
            }
        }
        let what = errand?;
        // Read now and not kept: the ledger may have changed its key since.
        match self.memberships.ledger() {
            Ok(ledger) => Some(Errand { ledger, what }),
            Err(problem) => {
                warn!(code = ?problem.code, "nothing can be asked");
                // Without an answer it would wait for one for ever.
                let outgoing = self.outgoing.as_mut()?;
                let acts = outgoing.outbox.step(now, Seen::Refused, random());
                debug_assert!(acts.is_empty(), "it waits first");
                None
            }
        }
    }

    fn act(&mut self, act: Act, wall: UnixMs) -> Done {
        match act {
            Act::AskChain => match &self.outgoing {
                Some(outgoing) => Done::Errand(What::AskChain(outgoing.chain)),
                None => Done::Nothing,
            },
            Act::AskKeys => Done::Errand(What::AskKeys),
            Act::Send(plan) => match self.batch(plan) {
                Ok(batch) => Done::Errand(What::Send(batch)),
                Err(seen) => Done::Seen(*seen),
            },
            Act::Store(answers) => {
                let count = answers.len();
                let (Some(outgoing), Some(head)) = (&self.outgoing, self.head().copied()) else {
                    return Done::Nothing;
                };
                match self.memberships.add(outgoing.chain, &answers) {
                    Ok(answered) => {
                        info!(count, "receipts stored");
                        self.memberships.look_again(&head, &self.earlier);
                        Done::Seen(Seen::Stored(answered))
                    }
                    Err(problem) => {
                        warn!(code = ?problem.code, "receipts cannot be stored");
                        Done::Seen(Seen::Refused)
                    }
                }
            }
            Act::AddKey(change) => {
                if let Err(problem) = self.memberships.add_key(&change) {
                    warn!(code = ?problem.code, "the ledger's new key cannot be stored");
                }
                Done::Nothing
            }
            Act::Keep(kind, evidence) => {
                warn!(kind = kind.name(), "the ledger contradicts what it signed");
                if let Err(problem) = self.memberships.keep(kind, &evidence, wall) {
                    warn!(code = ?problem.code, "the evidence cannot be stored");
                }
                Done::Nothing
            }
            Act::BeginNewChain(why) => self.begin_chain(why, wall),
        }
    }

    /// The reports of a plan, read from the book; or what the outbox must know instead.
    fn batch(&mut self, plan: Plan) -> Result<Batch, Box<Seen>> {
        let after = plan.from.saturating_sub(1);
        let (reports, receipts) = self.planned(plan, after).map_err(|problem| {
            warn!(code = ?problem.code, "reports cannot be read");
            Box::new(Seen::Refused)
        })?;
        let outgoing = self.outgoing.as_mut().ok_or_else(|| Box::new(Seen::Tick))?;
        let made = outgoing.outbox.batch(plan, reports, receipts);
        made.map_err(|error| {
            warn!(%error, "no reports can be sent");
            Box::new(Seen::Tick)
        })
    }

    fn planned(&self, plan: Plan, after: u64) -> Result<Planned, Problem> {
        let bookkeeper = self.bookkeeper.as_ref().map_err(Clone::clone)?;
        let reports = bookkeeper.signed_reports(after, plan.count)?;
        let chain = self.outgoing.as_ref().map(|outgoing| outgoing.chain);
        let receipts = match chain.filter(|_| plan.with_receipts) {
            Some(chain) => self.memberships.receipts(chain, after, plan.count)?,
            None => Vec::new(),
        };
        Ok((reports, receipts))
    }

    /// Ends the chain in use and begins another one. The reason is stored first: after a kill in
    /// between, [`Self::leave_ended_chain`] does the rest.
    fn begin_chain(&mut self, why: ChainEnd, wall: UnixMs) -> Done {
        let Some(head) = self.head().copied() else {
            return Done::Seen(Seen::Refused);
        };
        match self.memberships.end_chain(&head, why, wall) {
            Ok(()) => {
                info!(why = why.name(), "the chain of reports ends");
                self.leave_ended_chain();
                Done::Nothing
            }
            Err(problem) => {
                warn!(code = ?problem.code, "the chain cannot be ended");
                Done::Seen(Seen::Refused)
            }
        }
    }

    fn leave_ended_chain(&mut self) {
        if let Err(problem) = self.begin_anew() {
            self.cannot_send(&problem);
        }
    }
}

/// Reports, and the receipts that go with them.
type Planned = (Vec<Signed<SessionReport>>, Vec<Signed<Receipt>>);

/// What became of an act.
enum Done {
    Nothing,
    Seen(Seen),
    Errand(What),
}

/// 32 random bits, for delays. Without random numbers the delay is the middle one.
fn random() -> u32 {
    let mut bits = [0x80, 0, 0, 0];
    crate::ignore_because("the middle will do", getrandom::fill(&mut bits));
    u32::from_be_bytes(bits)
}
