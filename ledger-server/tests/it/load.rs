//! Devices that submit over HTTP to a ledger that is killed again and again, and what must be in
//! its database afterwards.

use meter_core::{SessionReport, Verified};
use meter_testkit::{
    device::Device,
    ledger_client::{LedgerClient, submitted},
};
use meter_wire::ledger::{Answer, Outcome, Submitted};
use onionmeter_ledger::store::{Place, Store, StoreError};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinSet};

pub(crate) const DEVICES: u64 = 8;
/// The load has stopped if there is no receipt for so long.
const LIMIT: Duration = Duration::from_secs(120);
/// A byte of the chain state (`docs/spec/receipt.md`): the chain goes on.
const OPEN: u8 = 1;
/// All reports with all receipts. Each device has one chain.
const STORED: &str = "SELECT c.device_key, r.seq, r.receipt FROM reports r \
    JOIN chains c ON c.chain_no = r.chain_no ORDER BY r.chain_no, r.seq";

/// Receipts in hexadecimal digits, by device and sequence number.
pub(crate) type Receipts = BTreeMap<(u64, u64), String>;

/// The devices at work. Each sends its next reports, twice at the same time, until all of them have
/// a receipt, wherever the ledger is then.
pub(crate) struct Load {
    to: watch::Sender<Vec<SocketAddr>>,
    progress: Arc<Progress>,
    tasks: JoinSet<()>,
}

#[derive(Default)]
struct Progress {
    receipts: AtomicU64,
    failed: AtomicU64,
    end: AtomicBool,
    heard: Mutex<Receipts>,
}

impl Load {
    /// Enrols the devices and lets them begin.
    pub(crate) async fn begin(to: SocketAddr) -> Self {
        let (to, at) = watch::channel(vec![to]);
        let progress = Arc::new(Progress::default());
        let mut tasks = JoinSet::new();
        for number in 0..DEVICES {
            let device = Device::numbered(number);
            let enrolled = LedgerClient::new(at.borrow()[0]).enrol(&device, None).await;
            let enrolled = enrolled.expect("an answer");
            assert_eq!(enrolled.status, 201, "{}", enrolled.words());
            let (at, progress) = (at.clone(), Arc::clone(&progress));
            tasks.spawn(async move { work(number, device, &at, &progress).await });
        }
        Self {
            to,
            progress,
            tasks,
        }
    }

    /// Where the instances are from now on.
    pub(crate) fn go_to(&self, all: Vec<SocketAddr>) {
        self.to.send(all).expect("devices at work");
    }

    /// Waits for so many more receipts. It blocks.
    pub(crate) fn wait_for_receipts(&self, more: u64) {
        wait_for(&self.progress.receipts, more);
    }

    /// Waits until one more request was not answered with receipts. It blocks.
    pub(crate) fn wait_for_a_failure(&self) {
        wait_for(&self.progress.failed, 1);
    }

    /// Ends when each device has the receipts of its last reports. Every receipt that left.
    pub(crate) async fn end(self) -> Receipts {
        self.progress.end.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        let heard = self.progress.heard.lock().expect("no panic");
        heard.clone()
    }
}

fn wait_for(counter: &AtomicU64, more: u64) {
    let wanted = counter.load(Ordering::Relaxed) + more;
    let began = Instant::now();
    while counter.load(Ordering::Relaxed) < wanted {
        assert!(began.elapsed() < LIMIT, "the load goes on");
        std::thread::sleep(Duration::from_millis(1));
    }
}

async fn work(
    number: u64,
    mut device: Device,
    at: &watch::Receiver<Vec<SocketAddr>>,
    progress: &Progress,
) {
    let mut turn = usize::try_from(number).expect("small");
    while !progress.end.load(Ordering::Relaxed) {
        let reports: Vec<_> = (0..=number).map(|_| device.report(1, 1)).collect();
        loop {
            let all = at.borrow().clone();
            turn += 1;
            let client = |turn: usize| LedgerClient::new(all[turn % all.len()]);
            let (one, other) = tokio::join!(
                submit(client(turn), &reports),
                submit(client(turn + 1), &reports)
            );
            let answers = [one, other].into_iter().flatten().flatten();
            let missing = hear(number, answers.collect(), &reports, progress);
            if missing == 0 {
                break;
            }
            progress.failed.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// None if nobody answered.
async fn submit(
    client: LedgerClient,
    reports: &[Verified<SessionReport>],
) -> Option<Vec<(u64, Answer)>> {
    let sent: Vec<Submitted> = reports.iter().map(|r| submitted(r.signed())).collect();
    let answers = client.submit(sent).await.ok()?;
    let places = reports.iter().map(|report| report.value().sequence);
    Some(places.zip(answers).collect())
}

/// Keeps the receipts, and returns how many reports have none. Two for one report are the same.
fn hear(
    device: u64,
    answers: Vec<(u64, Answer)>,
    reports: &[Verified<SessionReport>],
    progress: &Progress,
) -> usize {
    let mut heard = progress.heard.lock().expect("no panic");
    for (sequence, answer) in answers {
        match answer.outcome {
            Outcome::Accepted | Outcome::Replay => {
                let receipt = answer.receipt.expect("a receipt");
                let bytes = [&receipt.body.0[..], &receipt.signature.0[..]].concat();
                let bytes = hex::encode(bytes);
                let before = heard.insert((device, sequence), bytes.clone());
                if before.is_none() {
                    progress.receipts.fetch_add(1, Ordering::Relaxed);
                }
                let is_one = before.is_none_or(|before| before == bytes);
                assert!(is_one, "two receipts for report {sequence} of {device}");
            }
            // Nothing is known to be stored.
            Outcome::Busy => {}
            // One before it was not stored: the transaction of another part of the batch was lost.
            Outcome::Conflict => {
                let state = answer.head.expect("a state").body.0[5];
                assert_eq!(state, OPEN, "the chain of {device} is frozen");
            }
            other => panic!("device {device}, report {sequence}: {other:?}"),
        }
    }
    let has =
        |report: &&Verified<SessionReport>| heard.contains_key(&(device, report.value().sequence));
    reports.len() - reports.iter().filter(has).count()
}

/// Every receipt in a database, each once.
pub(crate) fn stored(place: &Place) -> Receipts {
    let numbers: BTreeMap<_, _> = (0..DEVICES)
        .map(|number| (Device::numbered(number).key().0, number))
        .collect();
    let store = Store::open(place).expect("a database");
    let rows: Result<_, StoreError> = store.read(|db| {
        let rows = db.rows(STORED, &[])?;
        let read = rows.into_iter().map(|mut row| {
            let device: [u8; 32] = row.array()?;
            let sequence: u64 = row.unit(Some)?;
            Ok(((numbers[&device], sequence), hex::encode(row.bytes()?)))
        });
        read.collect::<Result<Vec<_>, StoreError>>()
    });
    let rows = rows.expect("rows");
    let count = rows.len();
    let all: Receipts = rows.into_iter().collect();
    assert_eq!(all.len(), count, "a report is stored twice");
    all
}
