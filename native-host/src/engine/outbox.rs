//! The engine's part in sending reports: it passes what happens to the outbox, and starts what the
//! outbox wants.

use super::{Engine, errands};
use crate::{
    accounting::{Accounting, Errand, Found},
    pending::Responder,
    system::clock::Clock,
};

impl Engine {
    pub(super) fn take_found(&mut self, found: Found) {
        let (now, wall) = (self.clock.monotonic(), Clock::wall());
        self.do_on_books(
            move |accounting| accounting.take_found(now, wall, found),
            Self::begin_errand,
        );
    }

    pub(super) fn begin_errand(&mut self, errand: Option<Errand>) {
        if let (Some(errand), Some(head)) = (errand, self.accounting.status().head) {
            let key = head.key;
            self.errands
                .spawn(errands::run(self.handle.clone(), errand, key));
        }
    }

    pub(super) fn leave_ledger(&mut self, answer: Responder<()>) {
        self.errands.abort_all();
        let leave = |accounting: &mut Accounting| accounting.leave(Clock::wall());
        self.ask_books(answer, leave, |_, left| left);
    }

    pub(super) fn send_now(&mut self, answer: Responder<()>) {
        let (now, wall) = (self.clock.monotonic(), Clock::wall());
        let send = move |accounting: &mut Accounting| accounting.send_now(now, wall);
        self.ask_books(answer, send, |engine, errand| {
            engine.begin_errand(errand?);
            Ok(())
        });
    }
}
