//! What the host of the scene answers: replies, pages of reports and receipts, notices.

use super::Scene;
use meter_core::{ChainHead, ChainId, SessionReport, Signable as _, Signed, WitnessName};
use meter_wire::{
    EarlierChain, EarlierPage, EarlierQuery, EarlierSum, ErrorCode, FromDaemon, HelloReply,
    HexBytes, Notice, Outcome, Problem, ReceiptsPage, ReceiptsQuery, Reply, ReportsPage, Request,
    Settings, SiteCircuit, Success, TorState, U64Text, WireReport, Witness, WitnessSeen,
    WitnessText, write_message,
};
use onionmeter::update::Event;

impl Scene {
    /// The host counts the reports in its book.
    pub(crate) fn count_reports(&mut self) {
        let signed = self.reports.last().map(Signed::<SessionReport>::from);
        let last = signed.map(|signed| signed.verify(self.signer.key()).expect("ours"));
        let amount = last.map_or(0, |last| last.value().totals.amount.get());
        self.status.balance = U64Text(amount);
        self.status.reports = U64Text(self.reports.len().try_into().expect("few"));
    }

    /// The host begins another chain with the same key, and keeps the book of the old one.
    pub(crate) fn begin_new_chain(&mut self, chain: u8) {
        self.keep_old_book();
        self.head = ChainHead::genesis(ChainId([chain; 16]), self.signer.key());
        self.reports.clear();
        self.count_reports();
        self.status.chain = Some(HexBytes(self.head.chain.0));
    }

    fn keep_old_book(&mut self) {
        self.earlier
            .extend(self.reports.last().map(|last| EarlierChain {
                last: last.clone(),
                answered: None,
            }));
        self.count_earlier();
    }

    /// The host counts the chains whose books it keeps.
    pub(crate) fn count_earlier(&mut self) {
        let amount = |chain: &EarlierChain| {
            let report = SessionReport::from_body(&chain.last.body.0).expect("a report");
            report.totals.amount.get()
        };
        self.status.earlier = EarlierSum {
            chains: self.earlier.len().try_into().expect("few"),
            amount: U64Text(self.earlier.iter().map(amount).sum()),
        };
    }

    fn receipts_page(&self, query: &ReceiptsQuery) -> Success {
        let Some(all) = &self.receipts else {
            return Success::Done;
        };
        let after = query.after.0.saturating_sub(all.start.0);
        let receipts = all.receipts.iter().skip(after.try_into().expect("few"));
        Success::Receipts(ReceiptsPage {
            receipts: receipts.take(query.limit.into()).cloned().collect(),
            ..all.clone()
        })
    }

    fn earlier_page(&self, query: &EarlierQuery) -> EarlierPage {
        let chains = self
            .earlier
            .iter()
            .skip(query.after.try_into().expect("few"));
        EarlierPage {
            chains: chains.take(query.limit.into()).cloned().collect(),
            total: self.status.earlier.chains,
        }
    }

    /// As the daemon does it: the next report is taken, and a gap is a reason for doubt.
    fn take_back(&mut self, reports: &[WireReport]) -> Outcome {
        let mut known = 0;
        for report in reports {
            let signed = Signed::<SessionReport>::from(report);
            let verified = signed.verify(self.signer.key()).expect("ours");
            known = usize::try_from(verified.value().sequence).expect("few");
            if known == self.reports.len() + 1 {
                self.reports.push(report.clone());
            }
        }
        self.count_reports();
        let goal = usize::try_from(self.head.sequence).expect("few");
        let is_known = known > 0 || self.status.problem.is_some();
        let behind = is_known && self.reports.len() < goal;
        self.status.problem = behind.then(|| Problem::new(ErrorCode::BookBehind));
        match &self.status.problem {
            Some(problem) => Outcome::Error(problem.clone()),
            None => Outcome::Ok(Success::Done),
        }
    }

    fn take_refusal(&mut self, request: &Request) -> Option<Problem> {
        let is_command = matches!(
            request,
            Request::NewIdentity | Request::NewCircuit(_) | Request::TorStart | Request::TorUse(_)
        );
        is_command.then(|| self.refusal.take()).flatten()
    }

    pub(super) fn reply(&mut self, id: u32, request: &Request) {
        // The extension asks for nothing of a ledger.
        const NO_LEDGER: Success = Success::Done;
        if let Some(refusal) = self.take_refusal(request) {
            return self.queue_reply(id, Outcome::Error(refusal));
        }
        let success = match request {
            Request::Hello(_) => Success::Hello(HelloReply {
                protocol: 1,
                version: "0.1.0".to_owned(),
                capabilities: self.capabilities.clone(),
                key: self.has_key().then_some(HexBytes(self.head.key.0)),
                chain: self.has_key().then_some(HexBytes(self.head.chain.0)),
                parts: None,
            }),
            Request::Status => Success::Status(Box::new(self.status.clone())),
            Request::Reports(query) => {
                let after = usize::try_from(query.after.0).expect("few reports");
                let page = self.reports.iter().skip(after).take(query.limit.into());
                Success::Reports(ReportsPage {
                    reports: page.cloned().collect(),
                    total: self.status.reports,
                })
            }
            Request::Circuit(query) => Success::Circuit(SiteCircuit {
                site: query.site.trim_start_matches("www.").to_owned(),
                circuit: self.circuit.clone(),
            }),
            Request::Settings => Success::Settings(Settings::default()),
            Request::NewIdentity => {
                self.status.new_identity_in_s = 10;
                Success::Done
            }
            Request::NewCircuit(_) => {
                self.status.new_circuit_in_s = 10;
                Success::Done
            }
            Request::RestoreReports(message) => {
                let outcome = self.take_back(&message.reports);
                return self.queue_reply(id, outcome);
            }
            Request::Witness => Success::Witness(Witness {
                name: WitnessText(WitnessName::new([7; 16])),
            }),
            Request::WitnessSeen(_) => Success::WitnessSeen(WitnessSeen {
                arrived: self.arrives,
                connections: self.status.connections,
            }),
            Request::LedgerLook(_) | Request::LedgerEnrol(_) | Request::LedgerLeave => NO_LEDGER,
            Request::LedgerSend | Request::LedgerInvite | Request::LedgerDevices => NO_LEDGER,
            Request::LedgerRemove(_) | Request::LedgerRecovery => NO_LEDGER,
            Request::LedgerLogin | Request::LedgerOpen | Request::LedgerPolicy => NO_LEDGER,
            Request::TakePage => self.page.take().map_or(Success::Done, Success::LedgerLogin),
            Request::Receipts(query) => self.receipts_page(query),
            Request::EarlierChains(query) => Success::EarlierChains(self.earlier_page(query)),
            Request::NewChain | Request::NewKey | Request::Traffic => Success::Done,
            Request::TorStart
            | Request::TorStop
            | Request::TorAnew
            | Request::TorUse(_)
            | Request::MonitorStart
            | Request::MonitorStop
            | Request::SetThresholds(_)
            | Request::Ping
            | Request::OpensPages
            | Request::ChangeSetting(_) => Success::Done,
        };
        self.queue_reply(id, Outcome::Ok(success));
    }

    fn queue_reply(&mut self, id: u32, outcome: Outcome) {
        let id = Some(id);
        self.queue(&FromDaemon::Reply(Reply { id, outcome }));
    }

    fn queue(&mut self, message: &FromDaemon) {
        let json = String::from_utf8(write_message(message)).expect("JSON");
        let connection = self.connection;
        self.waiting.push_back(Event::Frame { connection, json });
    }

    /// The host sends a notice.
    pub(crate) fn notice(&mut self, notice: Notice) {
        self.queue(&FromDaemon::Notice(notice));
        let next = self.waiting.pop_front().expect("just queued");
        self.happen(next);
    }

    /// The host sends its status.
    pub(crate) fn say_status(&mut self) {
        self.notice(Notice::Status(Box::new(self.status.clone())));
    }

    /// Tor's state changes, and the host sends its status.
    pub(crate) fn tor(&mut self, state: TorState) {
        self.status.tor.state = state;
        self.say_status();
    }
}
