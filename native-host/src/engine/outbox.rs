//! The engine's part in sending reports: it passes what happens to the outbox, and starts what the
//! outbox wants.

use super::{Engine, errands};
use crate::{
    accounting::{Errand, Found},
    system::clock::Clock,
};
use meter_wire::Problem;

impl Engine {
    pub(super) fn take_found(&mut self, found: Found) {
        let (now, wall) = (self.clock.monotonic(), Clock::wall());
        let errand = self.accounting.take_found(now, wall, found);
        self.begin_errand(errand);
    }

    pub(super) fn begin_errand(&mut self, errand: Option<Errand>) {
        if let (Some(errand), Some(head)) = (errand, self.accounting.head()) {
            let key = head.key;
            self.errands
                .spawn(errands::run(self.handle.clone(), errand, key));
        }
    }

    pub(super) fn leave_ledger(&mut self) -> Result<(), Problem> {
        self.errands.abort_all();
        self.accounting.leave(Clock::wall())
    }

    pub(super) fn send_now(&mut self) -> Result<(), Problem> {
        let (now, wall) = (self.clock.monotonic(), Clock::wall());
        let errand = self.accounting.send_now(now, wall)?;
        self.begin_errand(errand);
        Ok(())
    }
}
