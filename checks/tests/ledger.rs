//! A ledger as an onion service, reached as a host reaches it: through the dialer of Tor and the
//! client of the ledger, on circuits that browsing does not use.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

use checks::{
    circuits::{self, Circuit, Stream},
    earner::Earner,
    enrol,
    host::Host,
    ledger::Ledger,
};
use meter_core::{
    AccountId, Amount, ChainCondition, LedgerKey, Receipt, SessionReport, Signed, TorAddr,
    Verified, Vkey,
};
use meter_ledger_client::{Dial, LedgerClient, OVER_TOR_MAX};
use meter_testkit::{
    device::Device,
    ledger_client::{Signs, submitted},
    ports::HeldPort,
    site::Site,
    socks::{self, Refused},
    tor_network::{ClientPorts, TorClient, TorNetwork},
};
use meter_tor::{IsolationKey, LedgerAddress, LedgerDialError, LedgerStream, dial_ledger};
use meter_wire::{
    LedgerStatus, Sending, Status,
    ledger::{Answer, Outcome},
};
use std::{collections::HashSet, time::Duration};
use tokio::net::TcpStream;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(120);
/// Enough relays for clients of onion services.
const RELAYS: usize = 4;
/// Tor gives a circuit to an onion service up when one of its relays is slow. A host asks again
/// later, and so does this test.
const ATTEMPTS: u8 = 5;
/// An onion service that has never existed, with a right checksum.
const NOWHERE: &str = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";

/// What a host dials with.
struct OverTor {
    address: LedgerAddress,
    socks: TorAddr,
    key: IsolationKey,
}

impl Dial for OverTor {
    type Stream = LedgerStream;
    type Error = LedgerDialError;

    async fn dial(&self) -> Result<LedgerStream, LedgerDialError> {
        dial_ledger(&self.address, Some((&self.socks, None)), &self.key).await
    }
}

impl OverTor {
    fn new(tor: &TorClient, address: &LedgerAddress, key: u8) -> Self {
        Self {
            address: address.clone(),
            socks: TorAddr::Tcp(tor.socks()),
            key: IsolationKey::new([key; 16]),
        }
    }

    /// A client whose circuit is there already, or why there is none.
    async fn client(
        tor: &TorClient,
        address: &LedgerAddress,
        key: u8,
    ) -> Result<LedgerClient<Self>, LedgerDialError> {
        let dial = Self::new(tor, address, key);
        drop(dial.patiently().await?);
        let host = address.host_header();
        Ok(LedgerClient::new(host, dial, OVER_TOR_MAX))
    }

    /// Dials again when no circuit came about to what is there.
    async fn patiently(&self) -> Result<LedgerStream, LedgerDialError> {
        self.again_after(&enrol::MAY_PASS).await
    }

    /// Dials again after one of these errors.
    async fn again_after(
        &self,
        errors: &[LedgerDialError],
    ) -> Result<LedgerStream, LedgerDialError> {
        let mut dialed = self.dial().await;
        for _ in 1..ATTEMPTS {
            if dialed.as_ref().is_err_and(|error| errors.contains(error)) {
                dialed = self.dial().await;
            }
        }
        dialed
    }
}

/// One network for all claims, because booting it takes most of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_behind_an_onion_service_is_used_on_circuits_of_its_own() {
    let folder = tempfile::Builder::new()
        .prefix("om")
        .tempdir_in("/tmp")
        .unwrap();
    let network = TorNetwork::boot_with_relays(folder.path(), RELAYS).await;
    let network = network.unwrap();
    let port = HeldPort::take().unwrap();
    let onion = network.start_onion_service(port.number()).await.unwrap();
    let origin = format!("http://{}", onion.address());
    let mut ledger = Ledger::start(port, &[origin]).unwrap();
    let ports = ClientPorts::hold().unwrap();
    let mut tor = network.start_client(ports.clone()).unwrap();
    tor.wait_until_ready(LIMIT).await.unwrap();
    let address: LedgerAddress = onion.address().parse().unwrap();

    everything_that_a_host_asks_is_answered(&tor, &address, &ledger).await;
    each_key_has_circuits_of_its_own(&tor, &address, &ports).await;
    what_a_daemon_sends_shares_no_circuit_with_browsing(&tor, &address, &ports, &ledger).await;
    what_is_not_there_is_told(&tor, &address, &mut ledger).await;
    drop(tor);
    let gone = OverTor {
        address,
        socks: TorAddr::Tcp(ports.socks.address()),
        key: IsolationKey::new([9; 16]),
    };
    let refused = gone.dial().await;
    assert_eq!(refused.err(), Some(LedgerDialError::NoTor));
}

async fn everything_that_a_host_asks_is_answered(
    tor: &TorClient,
    address: &LedgerAddress,
    ledger: &Ledger,
) {
    let mut client = OverTor::client(tor, address, 1).await.unwrap();
    let info = client.info().await.unwrap();
    assert_eq!(info.vkey, ledger.vkey());
    let vkey: Vkey = info.vkey.parse().unwrap();
    assert_eq!(vkey.name(), address.host_header());
    let key = LedgerKey(info.key.0);
    assert_eq!(vkey.key(), key);
    let policy = client.policy().await.unwrap();
    assert_eq!(policy.policy, info.policy);

    let mut device = Device::numbered(1);
    // Earned before this ledger.
    device.report(1, 1);
    let challenge = client.challenge().await.unwrap();
    let statement = device.enrolment(key, challenge, None);
    let enrolled = client.enrol(&statement, None).await.unwrap();
    assert!(enrolled.recovery_code.is_some());

    let reports = [
        device.report(1, 5),
        device.report(1, 0),
        device.report(1, 7),
    ];
    let first = submit(&mut client, &reports, Outcome::Accepted).await;
    let total = credited(key, &reports, &first);
    let again = submit(&mut client, &reports, Outcome::Replay).await;
    let receipts = |answers: &[Answer]| -> Vec<_> {
        let all = answers.iter().map(|answer| answer.receipt.clone());
        all.collect()
    };
    assert_eq!(receipts(&again), receipts(&first), "byte for byte");

    let signs = Signs {
        device: &device,
        ledger: key,
    };
    let state = client.chain(&signs, device.head().chain).await.unwrap();
    let state = *state.verify(key).unwrap().value();
    assert_eq!(state.condition, ChainCondition::Open);
    assert_eq!((state.sequence, state.link), (4, device.head().link));
    assert_eq!(state.awarded_total, total);
    let account = AccountId(enrolled.account.0);
    let balance = client.balance(&signs, account).await.unwrap();
    assert_eq!(balance.awarded.0, total.get());
    let login = client.login(&signs).await.unwrap();
    let begin = format!("http://{}/login/", address.host_header());
    assert!(login.link.starts_with(&begin), "{}", login.link);
}

async fn submit(
    client: &mut LedgerClient<OverTor>,
    reports: &[Verified<SessionReport>],
    expected: Outcome,
) -> Vec<Answer> {
    let reports: Vec<_> = reports.iter().map(|one| submitted(one.signed())).collect();
    let answers = client.submit(&reports).await.unwrap();
    assert!(answers.iter().all(|answer| answer.outcome == expected));
    answers
}

/// Verifies every receipt, and returns what they award together.
fn credited(key: LedgerKey, reports: &[Verified<SessionReport>], answers: &[Answer]) -> Amount {
    let mut total = Amount::ZERO;
    for (report, answer) in reports.iter().zip(answers) {
        let receipt: Signed<Receipt> = answer.receipt.as_ref().unwrap().into();
        let receipt = *receipt.verify(key).unwrap().value();
        receipt.answers(report.value()).unwrap();
        total = total.checked_add(receipt.amount).unwrap();
        assert_eq!(receipt.awarded_total, total);
    }
    total
}

/// Two ledgers' keys and the relay's own, all to the same onion service through the same Tor.
async fn each_key_has_circuits_of_its_own(
    tor: &TorClient,
    address: &LedgerAddress,
    ports: &ClientPorts,
) {
    let settings = ports.settings();
    let mut host = Host::start(&format!("[tor]\nbackend = \"existing\"\n{settings}")).unwrap();
    host.wait_until_ready(LIMIT).await.unwrap();
    let host_name = address.host_header();
    // Tor names the target with and without its last label, depending on the stream's state.
    let name = host_name.strip_suffix(".onion").unwrap();
    let mut found: Vec<Circuit> = Vec::new();
    let mut open: Vec<LedgerStream> = Vec::new();
    for key in [0xa1, 0xb2, 0xa1] {
        let dial = OverTor::new(tor, address, key);
        let before = circuits::streams_with(tor, name).await.unwrap();
        open.push(dial.patiently().await.unwrap());
        found.push(new_circuit(tor, name, before).await);
    }
    let before = circuits::streams_with(tor, name).await.unwrap();
    let browsing = connect(&host, &host_name).await;
    found.push(new_circuit(tor, name, before).await);
    drop(browsing);

    let [first, second, first_again, browsing] = &found[..] else {
        panic!("four streams");
    };
    assert_eq!(first, first_again, "one key, one circuit");
    assert_eq!(first.password, "a1".repeat(16));
    assert_eq!(second.password, "b2".repeat(16));
    for circuit in [first, second, browsing] {
        assert_eq!(circuit.user, browsing.user, "the same form");
    }
    assert_eq!(browsing.password.len(), 32);
    for (one, other) in [(first, second), (first, browsing), (second, browsing)] {
        assert_ne!(one.path, other.path);
        assert_ne!(one.password, other.password);
    }
    assert!(!host.log().contains(name), "the address is in the log");
}

/// The daemon's own sending and its relay, both to the same onion service. The ledger is held, so
/// that it never answers: the stream stays open, and pages load meanwhile.
async fn what_a_daemon_sends_shares_no_circuit_with_browsing(
    tor: &TorClient,
    address: &LedgerAddress,
    ports: &ClientPorts,
    ledger: &Ledger,
) {
    let settings = ports.settings();
    let config = format!("[ledger]\ndelay_max_s = 0\n[tor]\nbackend = \"existing\"\n{settings}");
    let mut host = Host::start(&config).unwrap();
    host.wait_until_ready(LIMIT).await.unwrap();
    let host_name = address.host_header();
    let key = ledger.vkey();
    let command = ["enroll", &host_name, "--yes", "--key", key];
    enrol::until_reached(|| host.run(&command)).unwrap();
    let name = host_name.strip_suffix(".onion").unwrap();
    let site = Site::start().await.unwrap();
    let before = circuits::streams_with(tor, name).await.unwrap();
    ledger.hold(true).unwrap();
    Earner::of(&host).unwrap().earns(&host, 1).unwrap();
    let sending = |status: &Status| status.ledger.as_ref().is_some_and(is_sending);
    host.wait_for(LIMIT, sending).await.unwrap();
    let sent = one_circuit(tor, name, &before).await;
    let before = circuits::streams_with(tor, name).await.unwrap();
    let browsing = connect(&host, &host_name).await;
    let browsed = one_circuit(tor, name, &before).await;
    let stream = socks::connect(host.relay(), "site.test", site.port()).await;
    let page = socks::get(stream.unwrap(), "site.test", "/bytes/1000").await;
    assert_eq!(page.unwrap().body.len(), 1_000, "pages load meanwhile");
    assert_ne!(sent.path, browsed.path);
    assert_ne!(sent.password, browsed.password);
    assert_eq!(sent.user, browsed.user, "the same form");
    drop(browsing);
    ledger.hold(false).unwrap();
    let answered = |status: &Status| {
        let ledger = status.ledger.as_ref();
        ledger.is_some_and(|ledger| ledger.waiting_reports.0 == 0 && ledger.credited.0 > 0)
    };
    host.wait_for(LIMIT, answered).await.unwrap();
}

fn is_sending(ledger: &LedgerStatus) -> bool {
    ledger.waiting_reports.0 == 1 && ledger.sending == Sending::Sending
}

/// The circuit of the one new stream to `name`, once Tor has put it on one.
async fn one_circuit(tor: &TorClient, name: &str, before: &HashSet<Stream>) -> Circuit {
    let deadline = tokio::time::Instant::now() + LIMIT;
    loop {
        let after = circuits::streams_with(tor, name).await.unwrap();
        let new: Vec<_> = after.difference(before).collect();
        assert!(new.len() <= 1, "{new:?}");
        if let [stream] = new[..]
            && stream.circuit != "0"
        {
            return circuits::circuit_of(tor, stream).await.unwrap();
        }
        assert!(tokio::time::Instant::now() < deadline, "no stream");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The circuit of the one stream to `name` that was not there before.
async fn new_circuit(tor: &TorClient, name: &str, before: HashSet<Stream>) -> Circuit {
    let after = circuits::streams_with(tor, name).await.unwrap();
    let new: Vec<_> = after.difference(&before).collect();
    let [stream] = new[..] else {
        panic!("one new stream, not {}", new.len());
    };
    circuits::circuit_of(tor, stream).await.unwrap()
}

async fn connect(host: &Host, name: &str) -> TcpStream {
    let mut connected = socks::connect(host.relay(), name, 80).await;
    for _ in 1..ATTEMPTS {
        if connected.as_ref().is_err_and(|error| error.is::<Refused>()) {
            connected = socks::connect(host.relay(), name, 80).await;
        }
    }
    connected.unwrap_or_else(|error| panic!("{error}\n{}", host.log()))
}

async fn what_is_not_there_is_told(tor: &TorClient, address: &LedgerAddress, ledger: &mut Ledger) {
    let nowhere: LedgerAddress = NOWHERE.parse().unwrap();
    let slow = [LedgerDialError::TimedOut];
    let dialed = OverTor::new(tor, &nowhere, 3).again_after(&slow).await;
    assert_eq!(dialed.err(), Some(LedgerDialError::NotFound));
    // The service runs, and the ledger behind it does not.
    ledger.kill().unwrap();
    let dialed = OverTor::new(tor, address, 4).again_after(&slow).await;
    assert_eq!(dialed.err(), Some(LedgerDialError::Unreachable));
}
