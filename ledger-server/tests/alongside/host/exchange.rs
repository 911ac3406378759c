//! What the host of a run asks its ledger, and what becomes of the answers.

use super::{Fate, Host, Killed, failed, link_at};
use crate::ledger::TestLedger;
use meter_core::{ChainEnd, ChainState, Signable as _, UnixMs};
use meter_outbox::{Act, Answer, Seen};
use onionmeter_ledger::books::ChainKey;

impl Host {
    /// Takes the countdown to the kill one step further.
    fn moment(&mut self) -> Result<(), Killed> {
        match &mut self.kill_in {
            Some(0) => Err(Killed),
            Some(steps) => {
                *steps -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(super) fn feed(&mut self, ledger: &mut TestLedger, seen: Seen) -> Result<(), Killed> {
        let mut seen = Some(seen);
        while let Some(now_seen) = seen.take() {
            let (clock, random) = (self.clock(), self.random());
            let acts = self.running().outbox.step(clock, now_seen, random);
            for act in acts {
                self.moment()?;
                let next = self.act(ledger, act)?;
                assert!(seen.is_none() || next.is_none(), "one thing at a time");
                seen = seen.or(next);
            }
        }
        Ok(())
    }

    fn act(&mut self, ledger: &mut TestLedger, act: Act) -> Result<Option<Seen>, Killed> {
        Ok(match act {
            Act::AskChain => Some(self.ask_chain(ledger)),
            Act::AskKeys => Some(match self.take_fate() {
                Fate::Arrives | Fate::Twice => Seen::Keys(ledger.keys()),
                _ => failed(),
            }),
            Act::Send(plan) => Some(self.send(ledger, plan)?),
            Act::Store(answers) => {
                let running = self.running();
                let chain = answers[0].report.value().chain;
                running.receipts.add(&answers).expect("stored");
                let answered = running.receipts.answered(chain).expect("read");
                self.moment()?;
                Some(Seen::Stored(answered))
            }
            Act::AddKey(change) => {
                self.running().receipts.add_key(&change).expect("stored");
                None
            }
            Act::Keep(kind, evidence) => {
                let receipts = &mut self.running().receipts;
                let at = UnixMs::from_u32(3);
                receipts
                    .keep_contradiction(kind, &evidence, at)
                    .expect("kept");
                None
            }
            Act::BeginNewChain(why) => {
                self.begin_new_chain(why)?;
                None
            }
        })
    }

    fn begin_new_chain(&mut self, why: ChainEnd) -> Result<(), Killed> {
        self.ends.push(why);
        let head = self.head(&self.running.as_ref().expect("running").book);
        let receipts = &mut self.running().receipts;
        receipts
            .end_chain(&head, why, UnixMs::from_u32(4))
            .expect("ended");
        self.moment()?;
        self.running = None;
        self.start();
        Ok(())
    }

    fn take_fate(&mut self) -> Fate {
        std::mem::replace(&mut self.fate, Fate::Arrives)
    }

    fn ask_chain(&mut self, ledger: &TestLedger) -> Seen {
        let fate = self.take_fate();
        if !matches!(fate, Fate::Arrives | Fate::Twice) {
            return failed();
        }
        let running = self.running.as_ref().expect("running");
        let head = self.head(&running.book);
        let key = ChainKey {
            device: head.key,
            chain: head.chain,
        };
        let state = ledger.chain(key);
        let number = ChainState::from_body(state.body())
            .expect("a state")
            .sequence;
        Seen::Chain {
            ours: link_at(&running.book, &head, number),
            state: Box::new(state),
        }
    }

    fn send(&mut self, ledger: &mut TestLedger, plan: meter_outbox::Plan) -> Result<Seen, Killed> {
        let running = self.running();
        let after = plan.from - 1;
        let reports = running.book.reports(after, plan.count).expect("read");
        let receipts = match plan.with_receipts {
            true => {
                let (chain, _) = running.book.chain().expect("read").expect("begun");
                let receipts = running.receipts.receipts(chain, after, plan.count);
                receipts.expect("read")
            }
            false => Vec::new(),
        };
        let Ok(batch) = running.outbox.batch(plan, reports, receipts) else {
            return Ok(Seen::Tick);
        };
        for report in batch.reports() {
            let value = report.value();
            let place = (value.chain, value.sequence);
            let before = self.sent.insert(place, value.link());
            let is_new = before.is_none_or(|before| before == value.link());
            assert!(is_new, "two bodies for {} have left", value.sequence);
        }
        self.given_back += u32::from(plan.with_receipts);
        self.moment()?;
        let fate = self.take_fate();
        let mut answers = match fate {
            Fate::RequestLost => return Ok(failed()),
            Fate::Late => {
                for (at, report) in batch.reports().iter().enumerate() {
                    let receipt = batch.receipts().get(at).cloned();
                    self.late.push((report.clone(), receipt));
                }
                return Ok(failed());
            }
            Fate::AnswerLost => {
                ledger.submit(&batch);
                return Ok(failed());
            }
            Fate::Twice => {
                ledger.submit(&batch);
                ledger.submit(&batch)
            }
            Fate::BusyFrom(index) => {
                let index = usize::from(index) % batch.reports().len();
                let taken = batch.reports().iter().take(index);
                let mut answers: Vec<_> = taken
                    .enumerate()
                    .map(|(at, report)| {
                        let receipt = batch.receipts().get(at).cloned();
                        ledger.take(report.clone(), receipt)
                    })
                    .collect();
                answers.resize(batch.reports().len(), Answer::Busy);
                answers
            }
            Fate::Arrives | Fate::Garbage => ledger.submit(&batch),
        };
        if fate == Fate::Garbage {
            let last = answers.last_mut().expect("one at least");
            *last = Answer::Unreadable;
        }
        self.moment()?;
        Ok(Seen::Answered(batch, answers))
    }

    /// What was under way arrives now.
    pub(crate) fn deliver_late(&mut self, ledger: &mut TestLedger) {
        for (report, receipt) in self.late.drain(..) {
            ledger.take(report, receipt);
        }
    }

    pub(crate) fn forget_late(&mut self) {
        self.late.clear();
    }
}
