//! Two instances of a ledger take reports, commit and answer.

use super::World;
use crate::simulation::{Bug, Violation, audit::Passed, shelf::bytes};
use meter_core::{AccountId, ChainCondition, UnixMs};
use onionmeter_ledger::{
    apply::{Decision, Submission},
    books::{Books, ChainKey, Place},
    committer::Answer,
};
use std::{collections::BTreeSet, sync::Arc};

/// How often another instance may have been faster.
const TRIES: usize = 10;

/// What becomes of one transaction and its answers.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Fate {
    Delivered,
    /// Stored, and the answers are lost.
    Unheard,
    /// The instance ends after it has decided, before it commits.
    Crashed,
}

pub(super) struct Transaction {
    books: Books,
    decisions: Vec<Decision>,
}

/// Reports on their way, with the hosts that sent them.
pub(super) type Batch = Vec<(usize, Submission)>;

impl World {
    /// Two instances take a batch each at the same time.
    pub(super) fn traffic(&mut self) -> Result<(), Violation> {
        let batches = [self.batch(), self.batch()];
        let accounts = batches.each_ref().map(|batch| self.accounts(batch));
        let apart = accounts[0].is_disjoint(&accounts[1]);
        let is_together = apart || self.bug == Some(Bug::NoAccountLock);
        let mut open = Vec::new();
        for batch in &batches {
            // Without a lock that both need, each decides before the other commits.
            open.push(is_together.then(|| self.decide(batch)).transpose()?);
        }
        let mut unknown = BTreeSet::new();
        for (batch, decided) in batches.iter().zip(open) {
            let fate = match self.rng.below(100) {
                0..=3 => Fate::Crashed,
                4..=8 => Fate::Unheard,
                _ => Fate::Delivered,
            };
            self.transact(batch, decided, fate, &mut unknown)?;
        }
        self.meet_unknown(&unknown)
    }

    fn batch(&mut self) -> Batch {
        let mut batch = Vec::new();
        for _ in 0..=self.rng.below(4) {
            // Some are always about, so that both instances meet the same accounts.
            let is_about = self.rng.chance(500);
            let among = if is_about { 40 } else { self.hosts.len() };
            let number = self.rng.index(among);
            let host = &mut self.hosts[number];
            if host.gone {
                continue;
            }
            for _ in 0..self.rng.below(4) {
                host.report(&mut self.rng, self.now);
            }
            let reports = host.batch(&mut self.rng, 8);
            batch.extend(reports.into_iter().map(|report| (number, report)));
        }
        batch
    }

    fn accounts(&self, batch: &Batch) -> BTreeSet<AccountId> {
        let keys = batch
            .iter()
            .map(|(_, submission)| submission.report.value().key);
        let devices = keys.filter_map(|key| self.shelf.devices.get(&key));
        devices.map(|device| device.account).collect()
    }

    fn decide(&self, batch: &Batch) -> Result<Transaction, Violation> {
        let keys = [self.signer.key()].into_iter().collect();
        let mut books = Books::new(UnixMs::ZERO, self.policy, keys);
        let reports = batch
            .iter()
            .map(|(_, submission)| submission.report.value());
        self.shelf.load(&mut books, self.time(), reports, self.bug);
        let submissions = batch.iter().map(|(_, submission)| submission);
        let decisions = books.take_all(&self.signer, submissions);
        let decisions = decisions.map_err(|_| Violation::new("the ledger cannot decide"))?;
        Ok(Transaction { books, decisions })
    }

    pub(super) fn transact(
        &mut self,
        batch: &Batch,
        decided: Option<Transaction>,
        fate: Fate,
        unknown: &mut BTreeSet<usize>,
    ) -> Result<(), Violation> {
        self.count("submitted", batch.len());
        let mut decided = decided;
        for _ in 0..TRIES {
            let transaction = match decided.take() {
                Some(transaction) => transaction,
                None => self.decide(batch)?,
            };
            if let Some(answers) = self.commit(&transaction, fate)? {
                return self.deliver(batch, &answers, unknown);
            }
            self.count("lost against another", 1);
        }
        Ok(())
    }

    /// Commits and answers; none if another instance was faster.
    fn commit(&mut self, of: &Transaction, fate: Fate) -> Result<Option<Vec<Answer>>, Violation> {
        let busy = || Some(vec![Answer::Busy; of.decisions.len()]);
        if fate == Fate::Crashed {
            self.count("crashes", 1);
            let is_early = self.bug == Some(Bug::AnsweredBeforeCommit);
            return Ok(if is_early {
                Some(self.answers(of))
            } else {
                busy()
            });
        }
        if self.shelf.save(&of.books, self.bug).is_err() {
            return Ok(None);
        }
        let added = self.shelf.add_reports(&of.books)?;
        let (restores, after) = (self.restores, &self.opened_after);
        let (earnable, began) = (&self.earnable, &self.began);
        let passed = |account| Passed {
            most: earnable.since(began[&account]),
            restored: restores - after[&account],
        };
        let now = self.time();
        let audit = &mut self.audit;
        audit.check(&self.shelf, &self.policy, &added, now, passed)?;
        for decision in &of.decisions {
            if let Decision::Conflict(state) = decision {
                let state = state.value();
                if state.condition == ChainCondition::Frozen {
                    audit.frozen.insert(ChainKey {
                        device: state.device,
                        chain: state.chain,
                    });
                }
            }
        }
        self.count("awarded", added.len());
        if fate == Fate::Unheard {
            self.count("unheard", 1);
            return Ok(busy());
        }
        Ok(Some(self.answers(of)))
    }

    /// What is read back; from the transaction itself where the database does not have it.
    fn answers(&self, of: &Transaction) -> Vec<Answer> {
        let receipt = |place| {
            let stored = self.shelf.reports.get(&place);
            let own = of.books.reports.iter().find(|new| new.place == place);
            let own = own.map(|new| bytes(&new.receipt));
            let receipt = stored.map(|stored| stored.bytes()).or(own);
            Box::new(receipt.expect("stored, or decided just now"))
        };
        let answer = |decision: &Decision| match decision {
            Decision::Accepted(place) => Answer::Accepted(receipt(*place)),
            Decision::Replay(place) => Answer::Replay(receipt(*place)),
            Decision::Conflict(state) => Answer::Conflict(state.clone()),
            Decision::Refused(refusal) => Answer::Refused(*refusal),
            Decision::UnknownDevice => Answer::UnknownDevice,
            Decision::TooManyChains => Answer::TooManyChains,
        };
        of.decisions.iter().map(answer).collect()
    }

    fn deliver(
        &mut self,
        batch: &Batch,
        answers: &[Answer],
        unknown: &mut BTreeSet<usize>,
    ) -> Result<(), Violation> {
        for ((number, submission), answer) in batch.iter().zip(answers) {
            let report = submission.report.value();
            let mut kept = None;
            if let Answer::Accepted(receipt) | Answer::Replay(receipt) = answer {
                let stored = self.shelf.reports.get(&Place::of(report));
                let stored = stored.filter(|stored| stored.bytes() == **receipt);
                let stored =
                    stored.ok_or_else(|| Violation::new("a receipt left that is not stored"))?;
                kept = Some(Arc::clone(&stored.receipt));
            }
            let what = match answer {
                Answer::Accepted(_) => "accepted",
                Answer::Replay(_) => "replays",
                Answer::Conflict(_) => "conflicts",
                Answer::Refused(_) => "refused",
                Answer::UnknownDevice => "unknown",
                Answer::TooManyChains => "too many chains",
                Answer::Busy => "busy",
            };
            self.count(what, 1);
            if matches!(answer, Answer::UnknownDevice) {
                unknown.insert(*number);
            }
            self.hosts[*number].hear(report, answer, kept.as_ref(), &mut self.rng)?;
        }
        Ok(())
    }
}
