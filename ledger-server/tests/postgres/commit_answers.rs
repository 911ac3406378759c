//! G-09: a receipt leaves only if its row is stored, and no award is made twice, wherever the
//! connection to PostgreSQL is cut and whatever a commit is answered.

use crate::{
    home::{Home, place},
    support::{enrol, start, submit},
};
use meter_core::{AccountId, SessionReport, Verified};
use meter_testkit::{
    device::Device,
    postgres_proxy::{Act, Counts, Point, PostgresProxy},
};
use onionmeter_ledger::{
    committer::Answer,
    ledger::{Ledger, Outcome},
};
use std::{collections::BTreeMap, sync::Arc};

/// A late cut may meet a report once or twice more.
const TRIES: u32 = 5;

/// A ledger that reaches its database through the proxy, and a device.
struct Place {
    home: Home,
    proxy: PostgresProxy,
    ledger: Arc<Ledger>,
    device: Device,
    account: AccountId,
    /// Every receipt that has left, by the sequence number of its report.
    receipts: BTreeMap<u64, Vec<u8>>,
    spoiled: u32,
}

impl Place {
    fn new() -> Self {
        let home = Home::new();
        let proxy = PostgresProxy::start(home.server.address()).expect("a proxy");
        let url = home.server.url_through(proxy.address(), &home.database);
        let ledger = start(&place(&url));
        let device = Device::numbered(1);
        let account = enrol(&ledger, &device);
        Self {
            home,
            proxy,
            ledger,
            device,
            account,
            receipts: BTreeMap::new(),
            spoiled: 0,
        }
    }

    /// Submits the next report while one message is spoiled, and then again.
    async fn spoil(&mut self, point: Point, act: Act) {
        let report = self.device.report(1, 1);
        self.proxy.spoil(point, act);
        let first = self.submit(&report).await;
        // The ledger does not wait for the end of a transaction that only reads, so a message of
        // that may come later, or be one of the report before.
        self.spoiled += u32::from(self.proxy.has_acted());
        self.proxy.count_anew();
        if first.is_some() {
            assert_eq!(first, self.row(&report), "{point:?} {act:?}");
        }
        let mut again = None;
        for _ in 0..TRIES {
            again = self.submit(&report).await;
            if again.is_some() {
                break;
            }
        }
        assert!(again.is_some(), "{point:?} {act:?}");
        assert!(first.is_none() || first == again, "one receipt");
        self.receipts
            .extend(again.map(|receipt| (report.value().sequence, receipt)));
    }

    /// The receipt of a report, if it was answered.
    async fn submit(&self, report: &Verified<SessionReport>) -> Option<Vec<u8>> {
        match submit(&self.ledger, std::slice::from_ref(report))
            .await
            .remove(0)
        {
            Outcome::Answered(Answer::Accepted(bytes) | Answer::Replay(bytes)) => {
                Some(bytes.to_vec())
            }
            // Nothing is known to be stored.
            Outcome::Answered(Answer::Busy) => None,
            other => panic!("{other:?}"),
        }
    }

    /// The receipt that the database holds for a report, read without the ledger.
    fn row(&self, report: &Verified<SessionReport>) -> Option<Vec<u8>> {
        let sequence = report.value().sequence;
        let row = format!("SELECT encode(receipt, 'hex') FROM reports WHERE seq = {sequence}");
        let row = hex::decode(self.home.sql(&row)).expect("hex digits");
        (!row.is_empty()).then_some(row)
    }

    /// How many messages the submission of a report takes on connections that are there.
    async fn messages(&mut self) -> Counts {
        for _ in 0..2 {
            let report = self.device.report(1, 1);
            self.proxy.count_anew();
            let receipt = self.submit(&report).await.expect("a receipt");
            self.receipts.insert(report.value().sequence, receipt);
        }
        self.proxy.counts()
    }

    /// Nothing that left is lost, and nothing was awarded twice.
    fn check(&self) {
        let rows = self
            .home
            .sql("SELECT seq, encode(receipt, 'hex') FROM reports ORDER BY seq");
        let rows: BTreeMap<u64, Vec<u8>> = rows
            .lines()
            .map(|line| {
                let (sequence, receipt) = line.split_once('|').expect("two columns");
                let sequence = sequence.parse().expect("a number");
                (sequence, hex::decode(receipt).expect("hex digits"))
            })
            .collect();
        assert_eq!(rows, self.receipts, "every receipt that left, and no other");
        let sums =
            "SELECT (SELECT sum(award) FROM reports), (SELECT sum(awarded_total) FROM chains)";
        let sums = self.home.sql(sums);
        let balance = self.ledger.balance(self.account).expect("a balance");
        let balance = balance.awarded.get().to_string();
        assert_eq!(sums, format!("{balance}|{balance}"));
    }
}

#[tokio::test]
async fn g_09_no_cut_and_no_false_answer_makes_a_receipt_without_a_row_or_a_second_award() {
    let mut place = Place::new();
    let all = place.messages().await;
    assert_eq!((all.commits, all.committed), (1, 1), "{all:?}");
    for number in 1..=all.frontend {
        for act in [Act::CutBefore, Act::CutAfter] {
            place.spoil(Point::Frontend(number), act).await;
        }
    }
    for number in 1..=all.backend {
        for act in [Act::CutBefore, Act::CutAfter] {
            place.spoil(Point::Backend(number), act).await;
        }
    }
    for _ in 0..10 {
        place.spoil(Point::Commit(1), Act::RollBack).await;
        place.spoil(Point::Committed(1), Act::RollBack).await;
        place.spoil(Point::Commit(1), Act::CutAfter).await;
    }
    assert!(place.spoiled >= 200, "{}", place.spoiled);
    place.check();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_is_never_answered_ends_within_seconds_and_its_report_is_a_replay() {
    let mut place = Place::new();
    // On the connection that waits for the answer nothing else is held.
    place.spoil(Point::Committed(1), Act::Hold).await;
    place.proxy.release();
    place.check();
}

/// What a standby has that takes over without the last second, in the rows of one database.
const KEEP: &str = "CREATE TABLE kept AS SELECT * FROM chains";
const GO_BACK: &str = "DELETE FROM reports WHERE seq > (SELECT seq FROM kept); \
    UPDATE chains c SET seq = k.seq, link = k.link, total_ms = k.total_ms, \
    total_up = k.total_up, total_down = k.total_down, total_amount = k.total_amount, \
    awarded_ms = k.awarded_ms, awarded_bytes = k.awarded_bytes, awarded_total = k.awarded_total \
    FROM kept k WHERE c.chain_no = k.chain_no";

/// A conflict says under the ledger's signature where a chain stands. If it were ahead of what the
/// database holds, its device would believe that a report is stored which is lost.
#[tokio::test(flavor = "multi_thread")]
async fn g_10_no_signed_conflict_leaves_that_is_ahead_of_a_database_without_the_last_second() {
    let mut place = Place::new();
    let first = place.device.report(1, 1);
    place.submit(&first).await.expect("a receipt");
    place.home.sql(KEEP);
    let second = place.device.report(1, 1);
    place.device.report(1, 1);
    let fourth = place.device.report(1, 1);
    let both = [second, fourth];

    // The commit is done, and the ledger has not heard it yet.
    place.proxy.spoil(Point::Committed(1), Act::Hold);
    let mut waiting = tokio::task::JoinSet::new();
    let (ledger, claims) = (Arc::clone(&place.ledger), both.clone());
    waiting.spawn(async move { submit(&ledger, &claims).await });
    while !place.proxy.has_acted() {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    place.home.sql(GO_BACK);
    place.proxy.release();
    let outcomes = waiting.join_next().await.expect("a task").expect("answers");
    let is_busy = |outcome: &Outcome| matches!(outcome, Outcome::Answered(Answer::Busy));
    assert!(is_busy(&outcomes[0]), "{outcomes:?}");
    // If the two were taken one after the other, the last is answered by what is there now.
    match &outcomes[1] {
        Outcome::Answered(Answer::Conflict(state)) => assert_eq!(state.value().sequence, 1),
        other => assert!(is_busy(other), "{other:?}"),
    }

    // The same again is true now.
    place.proxy.count_anew();
    let outcomes = submit(&place.ledger, &both).await;
    let is_accepted = matches!(outcomes[0], Outcome::Answered(Answer::Accepted(_)));
    assert!(is_accepted, "{outcomes:?}");
    let Outcome::Answered(Answer::Conflict(state)) = &outcomes[1] else {
        panic!("{outcomes:?}");
    };
    assert_eq!(state.value().sequence, 2);
    let head = "SELECT seq, (SELECT count(*) FROM reports) FROM chains";
    assert_eq!(place.home.sql(head), "2|2");
}
