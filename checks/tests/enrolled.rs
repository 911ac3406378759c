//! Two hosts browse through a private Tor network and send their reports by themselves to a ledger
//! that is an onion service there, through kills of every part.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{
    between::{Between, Rule, Step},
    enrol,
    host::Host,
    ledger::Ledger,
    processes::{children, command_line, signal_all},
    stage::{QUICK, tor_section},
};
use meter_core::Backend;
use meter_testkit::{ports::HeldPort, site::Site, socks, tor_network::TorNetwork};
use meter_wire::{LedgerStatus, Sending, Status};
use rustix::process::Signal;
use std::time::Duration;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);
/// Enough relays for clients of onion services.
const RELAYS: usize = 4;
/// More than the threshold of a session.
const PAGE_BYTES: usize = 20_000;
/// How often daemon and ledger are killed, in turn; the test `sending` kills them at every step.
const KILLS: u64 = 4;
/// One of the hosts has nothing to do while the other one's parts are killed.
const ALWAYS: &str = "[daemon]\nidle_exit_s = 0\n";
/// Tor is killed at each of these.
const STEPS: [Step; 6] = [
    Step::BeforeAsking,
    Step::AfterAsking,
    Step::BeforeSending,
    Step::AsSent,
    Step::AfterSending,
    Step::AsAnswered,
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_two_hosts_claim_is_credited_through_every_kill() {
    let folder = tempfile::Builder::new()
        .prefix("om")
        .tempdir_in("/tmp")
        .unwrap();
    let network = TorNetwork::boot_with_relays(folder.path(), RELAYS).await;
    let network = network.unwrap();
    let site = Site::start().await.unwrap();
    let port = HeldPort::take().unwrap();
    let between = Between::start(port.address()).await.unwrap();
    let service = network.start_onion_service(between.address().port()).await;
    let onion = service.unwrap();
    let origins = [
        format!("http://{}", onion.address()),
        format!("http://{}", port.address()),
    ];
    let mut ledger = Ledger::start(port, &origins).unwrap();

    let mut first = Person::joins(&network, &ledger, onion.address()).await;
    let mut second = Person::joins(&network, &ledger, onion.address()).await;
    assert_ne!(first.account, second.account);
    for person in [&mut first, &mut second] {
        person.browses(&site).await;
        person.is_credited_in_full().await;
    }
    for kill in 0..KILLS {
        first.browses(&site).await;
        // Somewhere in the few hundred milliseconds in which reports are on their way.
        tokio::time::sleep(Duration::from_millis(kill * 97 % 500)).await;
        match kill % 2 {
            0 => first.starts_again(),
            _ => ledger.start_again().unwrap(),
        }
        first.sends_what_waits().await;
    }
    for step in STEPS {
        if matches!(step, Step::BeforeAsking | Step::AfterAsking) {
            // The first question of a daemon's life is where the chain is.
            first.starts_again();
            first.host.wait_until_ready(LIMIT).await.unwrap();
        }
        between.rule(Rule::Stop(step));
        first.browses(&site).await;
        between.applied(LIMIT).await.unwrap();
        first.loses_its_tor();
        between.rule(Rule::Pass);
        first.sends_what_waits().await;
    }
    for person in [&first, &second] {
        person.has_the_same_number_everywhere(&ledger);
        let log = person.host.log();
        for part in [".onion", &person.account, "visited.test"] {
            assert!(!log.contains(part), "{part} is in the log");
        }
    }
    // It ends with another status if a row is wrong.
    ledger.run(&["audit"]).unwrap();
}

/// A host that is enrolled.
struct Person {
    host: Host,
    account: String,
}

impl Person {
    async fn joins(network: &TorNetwork, ledger: &Ledger, onion: &str) -> Self {
        let (tor, _theirs) = tor_section(network, Backend::Managed).unwrap();
        let mut host =
            Host::start(&format!("{ALWAYS}{QUICK}[ledger]\ndelay_max_s = 0\n{tor}")).unwrap();
        host.wait_until_ready(LIMIT).await.unwrap();
        let command = ["enroll", onion, "--yes", "--json", "--key", ledger.vkey()];
        let said = enrol::until_reached(|| host.run(&command)).unwrap();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        let words = said["recovery_code"].as_str().unwrap();
        assert_eq!(words.split(' ').count(), 12, "{words}");
        let account = said["account"].as_str().unwrap().to_owned();
        Self { host, account }
    }

    /// Until one more session is signed.
    async fn browses(&mut self, site: &Site) {
        let before = self.status().reports.0;
        let path = format!("/bytes/{PAGE_BYTES}");
        let port = site.port();
        let stream = socks::connect(self.host.relay(), "visited.test", port).await;
        let page = socks::get(stream.unwrap(), "visited.test", &path).await;
        assert_eq!(page.unwrap().body.len(), PAGE_BYTES);
        let signed = |status: &Status| status.reports.0 > before;
        self.host.wait_for(LIMIT, signed).await.unwrap();
    }

    /// Kills the daemon and starts it again.
    fn starts_again(&mut self) {
        self.host.kill().unwrap();
        self.host.start_again().unwrap();
    }

    async fn sends_what_waits(&mut self) {
        self.host.wait_until_ready(LIMIT).await.unwrap();
        // A failed try is otherwise tried again after half a minute.
        drop(self.host.run(&["ledger", "send", "--timeout", "1s"]));
        self.is_credited_in_full().await;
    }

    /// Kills the Tor that its daemon runs.
    fn loses_its_tor(&self) {
        let mut children = children(self.host.process());
        children.retain(|child| command_line(*child).contains("tor"));
        assert_eq!(children.len(), 1, "{children:?}");
        signal_all(&children, Signal::KILL).unwrap();
    }

    async fn is_credited_in_full(&mut self) {
        let credited = |status: &Status| {
            let ledger = status.ledger.as_ref();
            ledger.is_some_and(|ledger| {
                ledger.waiting_reports.0 == 0 && ledger.sending == Sending::Idle
            })
        };
        self.host.wait_for(LIMIT, credited).await.unwrap();
        let status = self.status();
        let ledger = status.ledger.unwrap();
        let whole = ledger.before.0 + ledger.credited.0 + lowered(&ledger);
        assert_eq!(status.balance.0, whole, "{ledger:?}");
        assert!(ledger.credited.0 > 0);
    }

    fn has_the_same_number_everywhere(&self, server: &Ledger) {
        let ledger = self.status().ledger.unwrap();
        let credits =
            meter_core::credits_exact(meter_core::Amount::new(ledger.credited.0).unwrap());
        let told = server.run(&["account", "show", &self.account]).unwrap();
        assert!(told.contains(&credits), "{credits}: {told}");
    }

    fn status(&self) -> Status {
        let text = self.host.run(&["status", "--json"]).unwrap();
        serde_json::from_str(&text).unwrap()
    }
}

fn lowered(ledger: &LedgerStatus) -> u64 {
    ledger.lowered.iter().map(|lowered| lowered.amount.0).sum()
}
