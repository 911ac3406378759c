//! One host and one ledger, with a proxy between them.

use checks::{between::Between, earner::Earner, host::Host, ledger::Ledger};
use meter_core::{Amount, SessionReport, Verified, credits_exact};
use meter_testkit::ports::HeldPort;
use meter_wire::{LedgerStatus, Sending, Status};
use std::time::Duration;

/// Only an upper bound: nothing takes this long when it works.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(25);
/// After so many polls a person asks again: a failed try is otherwise tried after half a minute.
const POLLS_PER_SEND: u32 = 10;
/// No Tor; reports are sent at once.
pub(crate) const CONFIG: &str = "[ledger]\ndelay_max_s = 0\n[tor]\nbackend = \"managed\"\n\
                                 program = \"/nowhere/tor\"\n";

pub(crate) struct Place {
    pub(crate) between: Between,
    pub(crate) ledger: Ledger,
    pub(crate) person: Person,
}

/// A host that is enrolled.
pub(crate) struct Person {
    pub(crate) host: Host,
    pub(crate) earner: Earner,
    pub(crate) account: String,
}

impl Place {
    pub(crate) async fn new() -> Self {
        Self::with(Vec::new()).await
    }

    /// The host's daemon has these variables in its environment.
    pub(crate) async fn with(environment: Vec<(&'static str, std::ffi::OsString)>) -> Self {
        let port = HeldPort::take().unwrap();
        let between = Between::start(port.address()).await.unwrap();
        let origins = [between.address(), port.address()].map(|at| format!("http://{at}"));
        let ledger = Ledger::start(port, &origins).unwrap();
        let host = Host::start_with(CONFIG, environment).unwrap();
        let person = Person::joins(host, &between, &ledger).await;
        Self {
            between,
            ledger,
            person,
        }
    }

    /// What waits arrives, all sums agree, and the ledger's books are right.
    pub(crate) async fn settles(&mut self) {
        let status = self.person.is_answered().await;
        self.person.agrees(&status, &self.ledger);
    }

    /// The ledger has so many reports of the account, each with its one receipt, and the host has
    /// the receipts of all of them.
    pub(crate) fn has_receipts(&self, count: usize) {
        let Person { host, account, .. } = &self.person;
        let told = self.ledger.run(&["account", "show", account, "--json"]);
        let told: serde_json::Value = serde_json::from_str(&told.unwrap()).unwrap();
        assert_eq!(
            told["reports"].to_string().trim_matches('"'),
            count.to_string()
        );
        let status = self.person.status();
        assert_eq!(
            status.reports.0.to_string(),
            count.to_string(),
            "{}",
            host.log()
        );
        assert_eq!(status.ledger.unwrap().waiting_reports.0, 0);
    }
}

impl Person {
    pub(crate) async fn joins(mut host: Host, between: &Between, ledger: &Ledger) -> Self {
        host.wait_for(LIMIT, |_| true).await.unwrap();
        let address = between.address().to_string();
        let said = host.run(&[
            "enroll",
            &address,
            "--yes",
            "--json",
            "--key",
            ledger.vkey(),
        ]);
        let said: serde_json::Value = serde_json::from_str(&said.unwrap()).unwrap();
        let account = said["account"].as_str().unwrap().to_owned();
        let earner = Earner::of(&host).unwrap();
        Self {
            host,
            earner,
            account,
        }
    }

    pub(crate) fn earns(&mut self, count: u32) -> Vec<Verified<SessionReport>> {
        self.earner.earns(&self.host, count).unwrap()
    }

    /// Has it sent now. What comes of that is another question: a test may cut the connection.
    pub(crate) fn send(&self) {
        let send = ["ledger", "send", "--timeout", "1s"];
        drop(self.host.run(&send));
    }

    pub(crate) fn status(&self) -> Status {
        let text = self.host.run(&["status", "--json"]).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Kills the daemon and starts it again.
    pub(crate) async fn dies(&mut self) {
        self.host.kill().unwrap();
        self.starts().await;
    }

    /// Starts the daemon again, up to its first look at the receipts.
    pub(crate) async fn starts(&mut self) {
        self.host.start_again().unwrap();
        let looked = |status: &Status| status.ledger.is_some();
        self.host.wait_for(LIMIT, looked).await.unwrap();
    }

    /// Waits until nothing waits any more.
    pub(crate) async fn is_answered(&mut self) -> Status {
        let settled = |status: &Status| {
            status.ledger.as_ref().is_some_and(|ledger| {
                ledger.waiting_reports.0 == 0 && ledger.sending == Sending::Idle
            })
        };
        self.sees(settled).await
    }

    /// Waits for a status, and asks for what waits to be sent from time to time.
    pub(crate) async fn sees(&mut self, wanted: impl Fn(&Status) -> bool) -> Status {
        let deadline = tokio::time::Instant::now() + LIMIT;
        for poll in 1_u32.. {
            let status = self.status();
            if wanted(&status) {
                return status;
            }
            let late = tokio::time::Instant::now() > deadline;
            assert!(!late, "{status:#?}\n{}", self.host.log());
            if poll.is_multiple_of(POLLS_PER_SEND) {
                self.send();
            }
            tokio::time::sleep(POLL).await;
        }
        unreachable!()
    }

    /// Claimed is credited, waiting, and what was lowered, and no report has two receipts.
    pub(crate) fn agrees(&self, status: &Status, server: &Ledger) {
        let ledger = status.ledger.as_ref().unwrap();
        adds_up(status);
        let credits = credits_exact(Amount::new(ledger.credited.0).unwrap());
        let told = server.run(&["account", "show", &self.account]).unwrap();
        assert!(told.contains(&credits), "{credits}: {told}");
        let audited = server.run(&["audit", "--json"]).unwrap();
        let audited: serde_json::Value = serde_json::from_str(&audited).unwrap();
        assert_eq!(audited["state"], "sound", "{audited}");
    }
}

/// Claimed is credited, waiting, what was lowered, and what was earned before.
#[track_caller]
pub(crate) fn adds_up(status: &Status) {
    let ledger = status.ledger.as_ref().unwrap();
    let whole = ledger.before.0 + ledger.credited.0 + lowered(ledger) + ledger.waiting.0;
    assert_eq!(status.balance.0, whole, "{status:?}");
}

pub(crate) fn lowered(ledger: &LedgerStatus) -> u64 {
    ledger.lowered.iter().map(|lowered| lowered.amount.0).sum()
}
