//! The engine's part in key and books: it passes time, counts and commands to accounting, whose
//! thread waits for the disk, and goes on with what comes back.

use super::{BooksCommand, Engine, Then};
use crate::{
    accounting::{Accounting, KeyOfChain},
    pending::{Responder, reply},
    system::clock::Clock,
};
use meter_relay::CounterSnapshot;
use meter_wire::{Problem, Status};

impl Engine {
    /// Has accounting count a second. At rest that needs no thread. While a job takes long, one
    /// tick waits for it: it counts all that the next ones would have counted.
    pub(super) fn count(&mut self, counted: CounterSnapshot) {
        let (now, wall) = (self.clock.monotonic(), Clock::wall());
        self.refuse_if_late();
        if self.tick_waits {
            return;
        }
        let link = self.handle.ledger_link().clone();
        let runs = self.relay.is_running();
        let tick = move |accounting: &mut Accounting| {
            accounting.tick(now, wall, counted, runs);
            accounting.look_at_outbox(now, wall, |address| link.is_usable(address))
        };
        let link = self.handle.ledger_link();
        match self.accounting.here() {
            Some(here) if here.rests(now, &counted, |address| link.is_usable(address)) => {
                let errand = tick(here);
                self.accounting.look_again();
                self.begin_errand(errand);
            }
            Some(_) | None => {
                self.tick_waits = true;
                let could_work = self.accounting.status().works;
                self.do_on_books(tick, move |engine, errand| {
                    engine.tick_waits = false;
                    // The disk has room for the book again.
                    if !could_work {
                        engine.start_relay_and_tor();
                    }
                    engine.begin_errand(errand);
                });
            }
        }
    }

    /// What needs no file: now if that is possible.
    pub(super) fn tell_books(&mut self, tell: impl FnOnce(&mut Accounting) + Send + 'static) {
        match self.accounting.here() {
            Some(here) => {
                tell(here);
                self.accounting.look_again();
            }
            None => self.do_on_books(tell, |_, ()| {}),
        }
    }

    /// Has accounting do something that nobody waits for.
    pub(super) fn do_on_books<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Accounting) -> T + Send + 'static,
        then: impl FnOnce(&mut Self, T) + Send + 'static,
    ) {
        let job = |accounting: Result<&mut Accounting, Problem>| -> Then {
            match accounting.map(work) {
                Ok(done) => Box::new(move |engine| then(engine, done)),
                Err(_) => Box::new(|_| {}),
            }
        };
        self.accounting.add(self.clock.monotonic(), Box::new(job));
    }

    /// Has accounting do something that somebody waits for.
    pub(super) fn ask_books<T: Send + 'static, R: Send + 'static>(
        &mut self,
        answer: Responder<R>,
        work: impl FnOnce(&mut Accounting) -> T + Send + 'static,
        then: impl FnOnce(&mut Self, T) -> Result<R, Problem> + Send + 'static,
    ) {
        let job = |accounting: Result<&mut Accounting, Problem>| -> Then {
            let done = accounting.map(work);
            Box::new(move |engine| {
                let result = done.and_then(|done| then(engine, done));
                reply(answer, result);
            })
        };
        self.accounting.ask(self.clock.monotonic(), Box::new(job));
        self.refuse_if_late();
    }

    /// The status after what was asked before. If that takes long, the one before it, which says so
    /// if the disk does not answer.
    pub(super) fn tell_status(&mut self, answer: Responder<Status>) {
        self.asked_status.push(answer);
        self.tell_asked_status();
    }

    fn tell_asked_status(&mut self) {
        let takes_long = self.accounting.takes_long(self.clock.monotonic());
        if self.asked_status.is_empty() || !(takes_long || self.accounting.is_idle()) {
            return;
        }
        let status = self.snapshot();
        for answer in std::mem::take(&mut self.asked_status) {
            reply(answer, Ok(status.clone()));
        }
    }

    /// Goes on after a job.
    pub(super) fn go_on(&mut self, then: Then) {
        then(self);
        self.tell_asked_status();
    }

    /// Nobody waits for a disk that does not answer.
    fn refuse_if_late(&mut self) {
        if let Some(problem) = self.accounting.lateness(self.clock.monotonic()) {
            for then in self.accounting.refuse(&problem) {
                then(self);
            }
        }
        self.tell_asked_status();
    }

    /// Waits until accounting has done all that it was given.
    pub(super) async fn settle(&mut self) {
        while !self.accounting.is_idle() {
            let Some(then) = self.accounting.done(|| self.clock.monotonic()).await else {
                return;
            };
            self.go_on(then);
        }
    }

    /// Only with a person's consent: the old book is kept, and its chain ends.
    fn begin_new_chain(&mut self, key: KeyOfChain, answer: Responder<()>) {
        let could_work = self.accounting.status().works;
        let begin = move |accounting: &mut Accounting| match key {
            KeyOfChain::Same => accounting.begin_chosen(Clock::wall()),
            KeyOfChain::New => accounting.begin_with_new_key(),
        };
        self.ask_books(answer, begin, move |engine, outcome| {
            if !could_work {
                engine.start_relay_and_tor();
            }
            outcome
        });
    }

    pub(super) fn execute_on_books(&mut self, command: BooksCommand) {
        match command {
            BooksCommand::Reports {
                after,
                limit,
                answer,
            } => self.ask_books(answer, move |books| books.reports(after, limit), same),
            BooksCommand::SetThresholds(thresholds, answer) => {
                let set = move |books: &mut Accounting| books.set_thresholds(thresholds);
                self.ask_books(answer, set, |_, ()| Ok(()));
            }
            BooksCommand::RestoreReports(reports, answer) => {
                let clock = self.clock;
                let goes_on = self.accounting.goes_on(move || clock.monotonic());
                let take = move |books: &mut Accounting| {
                    books.take_back(reports.iter().inspect(|_| goes_on()))
                };
                self.ask_books(answer, take, same);
            }
            BooksCommand::NewChain(key, answer) => self.begin_new_chain(key, answer),
            BooksCommand::LedgerPolicy(answer) => {
                self.ask_books(answer, |books| books.policy(), same);
            }
            BooksCommand::Ledger(answer) => self.ask_books(answer, |books| books.ledger(), same),
            BooksCommand::FollowKeys(changes, answer) => {
                self.ask_books(answer, move |books| books.follow_keys(&changes), same);
            }
            BooksCommand::SignEnrolment {
                ledger,
                challenge,
                code,
                answer,
            } => {
                let sign =
                    move |books: &mut Accounting| books.sign_enrolment(ledger, challenge, code);
                self.ask_books(answer, sign, same);
            }
            BooksCommand::SignRequest(request, answer) => {
                self.ask_books(answer, move |books| books.sign_request(&request), same);
            }
            BooksCommand::HeadAt(sequence, answer) => {
                self.ask_books(answer, move |books| books.head_at(sequence), same);
            }
            BooksCommand::Join(joining, answer) => {
                let join = move |books: &mut Accounting| books.join(*joining, Clock::wall());
                self.ask_books(answer, join, same);
            }
            BooksCommand::Leave(answer) => self.leave_ledger(answer),
            BooksCommand::SendNow(answer) => self.send_now(answer),
            BooksCommand::Receipts {
                after,
                limit,
                answer,
            } => self.ask_books(answer, move |books| books.receipts(after, limit), same),
            BooksCommand::EarlierChains(query, answer) => {
                let page =
                    move |books: &mut Accounting| books.earlier_chains(query.after, query.limit);
                self.ask_books(answer, page, same);
            }
        }
    }
}

fn same<R>(_: &mut Engine, result: Result<R, Problem>) -> Result<R, Problem> {
    result
}
