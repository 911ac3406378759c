//! The outbox: its state, and the step from one state to the next.

use crate::{
    batch::{BATCH_MAX, Batch, BatchError, Plan, Sent},
    judging::Then,
    message::{Act, Seen, SendError, SendingState, Stop},
    pace::Pace,
};
use meter_core::{
    Answered, ChainEnd, ChainHead, ContradictionKind, DurationMs, LedgerKeys, LinkHash,
    MonotonicMs, Receipt, SessionReport, Signed,
};

/// What an outbox begins with: the state of the two files.
#[derive(Clone, Debug)]
pub struct Start {
    /// The head of the book's chain.
    pub head: ChainHead,
    /// How far that chain is answered.
    pub answered: Answered,
    /// The link hash of the book's report with the number of the last receipt, or of the chain's
    /// beginning for 0; `None` if the book has no such report.
    pub ours: Option<LinkHash>,
    /// The ledger's keys.
    pub keys: LedgerKeys,
    /// The longest random delay before something is sent; 0: at once.
    pub delay_max: DurationMs,
    /// The contradiction that was noticed since the enrolment, if any: nothing is sent then.
    pub contradiction: Option<ContradictionKind>,
}

/// Decides what is sent to one ledger for one chain, and when.
#[derive(Debug)]
pub struct Outbox {
    keys: LedgerKeys,
    head: ChainHead,
    settled: Answered,
    reachable: bool,
    contact: Contact,
    doing: Doing,
    stopped: Option<Stop>,
    ended: Option<ChainEnd>,
    /// Whether the ledger is asked for its place although nothing waits.
    ask_first: bool,
    /// Whether the ledger's list of keys is to be asked for.
    keys_wanted: bool,
    keys_asked: KeysAsked,
    /// Conflicts since the last success.
    conflicts: u32,
    sent: Sent,
    /// Whether the files did not give the planned reports. They are asked again later.
    unread: bool,
    pace: Pace,
}

/// What is known of the place where the ledger has the chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Contact {
    /// Nothing yet.
    None,
    /// It lacks the reports after this one, although they have receipts.
    Behind { sequence: u64, link: LinkHash },
    /// It has all that has receipts.
    Made,
}

/// Whether the ledger's list of keys was asked for since the last success.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum KeysAsked {
    /// No, or so long ago that the list may be another one now.
    No,
    /// It had a key that was not known.
    Learned,
    /// It had only known keys.
    NothingNew,
}

/// The one thing that is under way.
#[derive(Debug)]
enum Doing {
    Nothing,
    AskingChain,
    AskingKeys,
    Sending(Plan),
    Storing(Then),
    BeginningChain,
}

impl Outbox {
    /// An outbox for the chain in use. Nothing is done before the first [`Self::step`].
    #[must_use]
    pub fn new(start: Start) -> Self {
        let ended = match start.ours {
            None => Some(ChainEnd::Ahead),
            Some(_) if start.head.sequence < start.answered.sequence => Some(ChainEnd::Ahead),
            Some(ours) if ours != start.answered.link => Some(ChainEnd::Split),
            Some(_) => None,
        };
        Self {
            keys: start.keys,
            head: start.head,
            settled: start.answered,
            reachable: false,
            contact: Contact::None,
            doing: Doing::Nothing,
            stopped: start.contradiction.map(Stop::Contradiction),
            ended,
            ask_first: false,
            keys_wanted: false,
            keys_asked: KeysAsked::No,
            conflicts: 0,
            sent: Sent::default(),
            unread: false,
            pace: Pace::new(start.delay_max),
        }
    }

    /// Asks the ledger for its place in the chain although nothing waits: this copy of the book may
    /// be older than what the ledger has.
    pub const fn ask_first(&mut self) {
        self.ask_first = true;
    }

    /// Whether the ledger still has to tell its place after [`Self::ask_first`], and can. Stays
    /// `true` if the chain has ended, until another chain has another outbox.
    #[must_use]
    pub const fn is_asking_first(&self) -> bool {
        self.ask_first && self.stopped.is_none()
    }

    /// Takes what was seen and returns what to do, in this order. `now` never goes back; `random`
    /// has 32 random bits, new ones for each call.
    pub fn step(&mut self, now: MonotonicMs, seen: Seen, random: u32) -> Vec<Act> {
        if std::mem::take(&mut self.unread) {
            self.pace.failed(now, SendError::Disk, None, random);
        }
        let mut acts = self.take(now, seen, random);
        if self.ended.is_none() {
            if self.waits() && !self.pace.waits() {
                self.pace.begin(now, random);
            } else if !self.waits() && matches!(self.doing, Doing::Nothing) {
                self.pace.rest();
            }
        }
        acts.extend(self.next(now));
        acts
    }

    /// Checks the reports that were read for a plan. They leave now, so no other report with one of
    /// their numbers leaves any more.
    ///
    /// # Errors
    /// When they are not those of the plan, or when others with their numbers have left. Then the
    /// next [`Self::step`] says what to do.
    pub fn batch(
        &mut self,
        plan: Plan,
        reports: Vec<Signed<SessionReport>>,
        receipts: Vec<Signed<Receipt>>,
    ) -> Result<Batch, BatchError> {
        let made = Batch::new(plan, &self.head, reports, receipts)
            .and_then(|batch| self.sent.note(&batch).map(|()| batch));
        if let Err(error) = made {
            self.doing = Doing::Nothing;
            self.contact = Contact::None;
            if matches!(error, BatchError::OtherBody { .. } | BatchError::Chain(_)) {
                self.end(ChainEnd::Split);
            } else {
                self.unread = true;
            }
        }
        made
    }

    /// What it is doing, for a person.
    #[must_use]
    pub fn state(&self, now: MonotonicMs) -> SendingState {
        if let Some(stop) = &self.stopped {
            return SendingState::Stopped(stop.clone());
        }
        if let Some(why) = self.ended {
            return SendingState::NewChain(why);
        }
        if !self.waits() {
            return SendingState::Idle;
        }
        if let Some((since_ms, failure)) = self.pace.trouble(now, self.reachable) {
            return SendingState::Trouble { since_ms, failure };
        }
        if !self.reachable {
            return SendingState::NoTor;
        }
        match self.doing {
            Doing::Nothing => SendingState::Waiting {
                in_ms: self.pace.in_ms(now),
                failure: self.pace.failure(),
            },
            _ => SendingState::Sending,
        }
    }

    /// Whether nothing is under way and nothing waits, so that no connection is needed.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        !self.waits() && self.ended.is_none() && matches!(self.doing, Doing::Nothing)
    }

    fn waits(&self) -> bool {
        self.ask_first || self.head.sequence > self.settled.sequence
    }

    fn take(&mut self, now: MonotonicMs, seen: Seen, random: u32) -> Vec<Act> {
        match seen {
            Seen::Tick => Vec::new(),
            Seen::Head(head) => self.on_head(head),
            Seen::Reachable(reachable) => {
                self.reachable = reachable;
                Vec::new()
            }
            Seen::SendNow => self.on_send_now(now),
            Seen::Chain { state, ours } => self.on_chain(now, &state, ours, random),
            Seen::Keys(changes) => self.on_keys(now, changes, random),
            Seen::Answered(batch, answers) => self.on_answers(now, &batch, answers, random),
            Seen::UnknownDevice => self.on_unknown_device(),
            Seen::SignatureRefused => self.on_signature_refused(now, random),
            Seen::Failed {
                failure,
                retry_after_s,
            } => {
                self.doing = Doing::Nothing;
                if self.keys_asked == KeysAsked::NothingNew {
                    self.keys_asked = KeysAsked::No;
                }
                self.pace.failed(now, failure, retry_after_s, random);
                Vec::new()
            }
            Seen::Stored(answered) => self.on_stored(now, answered, random),
            Seen::Refused => {
                self.doing = Doing::Nothing;
                self.pace.failed(now, SendError::Disk, None, random);
                Vec::new()
            }
        }
    }

    /// The next thing to do, if nothing is under way and its time has come.
    fn next(&mut self, now: MonotonicMs) -> Option<Act> {
        if !matches!(self.doing, Doing::Nothing) || self.stopped.is_some() {
            return None;
        }
        if let Some(why) = self.ended {
            if self.pace.waits() && !self.pace.is_due(now) {
                return None;
            }
            self.doing = Doing::BeginningChain;
            return Some(Act::BeginNewChain(why));
        }
        if !self.waits() || !self.reachable || !self.pace.is_due(now) {
            return None;
        }
        if self.keys_wanted {
            self.doing = Doing::AskingKeys;
            return Some(Act::AskKeys);
        }
        let plan = match self.contact {
            Contact::None => {
                self.doing = Doing::AskingChain;
                return Some(Act::AskChain);
            }
            Contact::Behind { sequence, link } => {
                let lacking = self.settled.sequence.saturating_sub(sequence);
                plan(sequence, link, lacking, true)
            }
            Contact::Made => {
                let waiting = self.head.sequence.saturating_sub(self.settled.sequence);
                plan(self.settled.sequence, self.settled.link, waiting, false)
            }
        };
        self.doing = Doing::Sending(plan);
        Some(Act::Send(plan))
    }

    fn on_head(&mut self, head: ChainHead) -> Vec<Act> {
        // Another chain has an outbox of its own.
        if (head.chain, head.key) != (self.head.chain, self.head.key) {
            return Vec::new();
        }
        if head.sequence < self.head.sequence {
            // An older book was put in place. What the ledger has of it must be asked anew.
            self.contact = Contact::None;
        }
        if head.sequence < self.settled.sequence {
            self.end(ChainEnd::Ahead);
        }
        self.head = head;
        Vec::new()
    }

    fn on_send_now(&mut self, now: MonotonicMs) -> Vec<Act> {
        if !matches!(self.stopped, Some(Stop::Contradiction(_))) {
            self.stopped = None;
        }
        if self.waits() {
            self.pace.asked(now);
        }
        Vec::new()
    }

    const fn end(&mut self, why: ChainEnd) {
        if self.ended.is_none() {
            self.ended = Some(why);
            // Nothing is waited for: the next step begins the new chain.
            self.pace.forget();
        }
    }

    fn succeeded(&mut self, now: MonotonicMs) {
        self.pace.succeeded(now);
        (self.conflicts, self.keys_asked) = (0, KeysAsked::No);
    }
}

fn plan(after: u64, previous: LinkHash, available: u64, with_receipts: bool) -> Plan {
    Plan {
        from: after.saturating_add(1),
        count: u32::try_from(available).map_or(BATCH_MAX, |count| count.min(BATCH_MAX)),
        previous,
        with_receipts,
    }
}

mod answered;
