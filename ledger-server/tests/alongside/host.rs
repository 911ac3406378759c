//! The device's side, as the daemon wires it: two files, and an outbox that is rebuilt from them
//! after every kill.

mod exchange;

use crate::ledger::{ACCOUNT, BEGINNING, TestLedger};
use meter_core::{
    Amount, ByteCount, ChainEnd, ChainHead, ChainId, DeviceSigner, DurationMs, LinkHash,
    MonotonicMs, Receipt, SessionReport, SessionTotals, Signable as _, Signed, Tariff, UnixMs,
    Verified,
};
use meter_ledger::{Book, Membership, Receipts};
use meter_outbox::{Outbox, Seen, SendError, SendingState, Start};
use std::{collections::BTreeMap, fs, path::PathBuf};

/// What happens to the next exchange with the ledger.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    Arrives,
    RequestLost,
    AnswerLost,
    Twice,
    /// Everything from this report on is told to come later.
    BusyFrom(u8),
    Garbage,
    /// It does not arrive now, but later.
    Late,
}

/// The process has ended.
pub(crate) struct Killed;

pub(crate) struct Host {
    folder: tempfile::TempDir,
    signer: DeviceSigner,
    /// Number of the book in use: each chain has its own.
    books: u8,
    running: Option<Running>,
    pub(crate) now: u64,
    random: u64,
    pub(crate) fate: Fate,
    pub(crate) reachable: bool,
    /// Steps until the process is killed.
    pub(crate) kill_in: Option<u8>,
    /// Every body that has left, by chain and number.
    sent: BTreeMap<(ChainId, u64), LinkHash>,
    /// Reports under way, each with the receipt that goes with it.
    late: Vec<(Verified<SessionReport>, Option<Signed<Receipt>>)>,
    pub(crate) ends: Vec<ChainEnd>,
    /// Batches that went with their receipts.
    pub(crate) given_back: u32,
}

struct Running {
    book: Book,
    receipts: Receipts,
    outbox: Outbox,
}

impl Host {
    /// A device that has `before` reports when it is enrolled.
    pub(crate) fn new(ledger: &mut TestLedger, before: u8) -> Self {
        let mut host = Self {
            folder: tempfile::tempdir().expect("a folder"),
            signer: DeviceSigner::from_seed(&[0x51; 32]),
            books: 0,
            running: None,
            now: 0,
            random: 7,
            fate: Fate::Arrives,
            reachable: true,
            kill_in: None,
            sent: BTreeMap::new(),
            late: Vec::new(),
            ends: Vec::new(),
            given_back: 0,
        };
        let mut book = host.open_book();
        for number in 0..before {
            host.sign(&mut book, number);
        }
        let head = host.head(&book);
        ledger.enrol(head);
        let mut receipts = Receipts::create(&host.receipts_path()).expect("made");
        let membership = Membership {
            ledger: ledger.key(),
            address: "127.0.0.1:3443".to_owned(),
            account: ACCOUNT,
            name: "brave otter".to_owned(),
            enrolled_at: UnixMs::from_u32(1),
            head,
            awarded: Amount::ZERO,
        };
        receipts
            .join(&membership, &ledger.policy())
            .expect("enrolled");
        drop((book, receipts));
        host.start();
        host
    }

    fn receipts_path(&self) -> PathBuf {
        self.folder.path().join("receipts.sqlite3")
    }

    fn book_path(&self) -> PathBuf {
        self.folder
            .path()
            .join(format!("book-{}.sqlite3", self.books))
    }

    fn open_book(&self) -> Book {
        let mut book = Book::open(&self.book_path()).expect("opened");
        let chain = ChainId([self.books; 16]);
        book.begin_chain(chain, self.signer.key()).expect("begun");
        book
    }

    fn head(&self, book: &Book) -> ChainHead {
        let (chain, key) = book.chain().expect("read").expect("begun");
        book.head(chain, key).expect("read")
    }

    fn sign(&self, book: &mut Book, size: u8) {
        let size = u64::from(size);
        let session = SessionTotals {
            // This computer's clock may be wrong by days; it earns nothing.
            started_at: UnixMs::new(BEGINNING + size * 86_400_000).expect("fits"),
            ended_at: UnixMs::new(BEGINNING + size * 86_400_000 + 1).expect("fits"),
            duration: DurationMs::new(30_000 + size * 2_000).expect("fits"),
            bytes_up: ByteCount::new(size * 1_000).expect("fits"),
            bytes_down: ByteCount::new(100_000 + size * 60_000).expect("fits"),
            resumed: false,
        };
        let report = self.head(book).next_report(&session, &Tariff::V1);
        let report = self.signer.sign(&report.expect("fits")).expect("signed");
        book.post(&report).expect("posted");
    }

    /// Everything is read from the two files.
    pub(crate) fn start(&mut self) {
        self.kill_in = None;
        let receipts = Receipts::open(&self.receipts_path()).expect("opened");
        let receipts = receipts.expect("enrolled");
        // Killed between the end of a chain and the beginning of the next one.
        let chain = ChainId([self.books; 16]);
        if receipts.chain_end(chain).expect("read").is_some() {
            self.books += 1;
        }
        let book = self.open_book();
        let outbox = Outbox::new(self.begin(&book, &receipts));
        self.running = Some(Running {
            book,
            receipts,
            outbox,
        });
    }

    fn begin(&self, book: &Book, receipts: &Receipts) -> Start {
        let head = self.head(book);
        let answered = receipts.answered(head.chain).expect("read");
        let kept = receipts.contradictions().expect("read");
        Start {
            head,
            answered,
            ours: link_at(book, &head, answered.sequence),
            keys: receipts.keys().expect("read"),
            delay_max: DurationMs::from_u32(180_000),
            contradiction: kept.last().map(|one| one.kind),
        }
    }

    /// Ends the process without a word, and starts the next one.
    pub(crate) fn kill(&mut self) {
        self.running = None;
        self.start();
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("running")
    }

    fn random(&mut self) -> u32 {
        self.random = self
            .random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        u32::try_from(self.random >> 32).expect("32 bits")
    }

    fn clock(&self) -> MonotonicMs {
        MonotonicMs::new(self.now).expect("fits")
    }

    /// A session ends.
    pub(crate) fn close(&mut self, size: u8) {
        let mut running = self.running.take().expect("running");
        self.sign(&mut running.book, size);
        self.running = Some(running);
    }

    /// What the daemon does once a second; here after any time.
    pub(crate) fn step(&mut self, ledger: &mut TestLedger, send_now: bool) {
        let book = &self.running.as_ref().expect("running").book;
        let head = self.head(book);
        let mut seen = vec![
            Seen::Reachable(self.reachable),
            Seen::Head(head),
            Seen::Tick,
        ];
        if send_now {
            seen.push(Seen::SendNow);
        }
        for seen in seen {
            if self.feed(ledger, seen).is_err() {
                self.kill();
                return;
            }
        }
    }

    /// A copy of this device signs another session at the next place and sends it itself.
    pub(crate) fn copy_submits(&mut self, ledger: &mut TestLedger) {
        let head = self.head(&self.running.as_ref().expect("running").book);
        let session = SessionTotals {
            started_at: UnixMs::from_u32(1),
            ended_at: UnixMs::from_u32(2),
            duration: DurationMs::from_u32(33_333),
            bytes_up: ByteCount::from_u32(77),
            bytes_down: ByteCount::from_u32(123_456),
            resumed: false,
        };
        let report = head.next_report(&session, &Tariff::V1).expect("fits");
        ledger.take(self.signer.sign(&report).expect("signed"), None);
    }

    /// Copies the file of receipts, or puts the copy back. Whether there was one.
    pub(crate) fn copy_receipts(&mut self, put_back: bool) -> bool {
        let (path, copy) = (self.receipts_path(), self.folder.path().join("copy"));
        let running = self.running.take().expect("running");
        running.receipts.close().expect("closed");
        running.book.close().expect("closed");
        let there = copy.try_exists().expect("readable");
        match put_back {
            true if there => drop(fs::copy(&copy, &path).expect("put back")),
            true => {}
            false => drop(fs::copy(&path, &copy).expect("copied")),
        }
        self.start();
        there
    }

    pub(crate) fn state(&self) -> SendingState {
        let running = self.running.as_ref().expect("running");
        running.outbox.state(self.clock())
    }

    /// What must hold at every moment. Returns all receipts, by chain and number.
    pub(crate) fn check(&self, put_back: bool) -> BTreeMap<(ChainId, u64), Vec<u8>> {
        let running = self.running.as_ref().expect("running");
        let receipts = &running.receipts;
        let head = self.head(&running.book);
        let sums = receipts.sums().expect("read");
        let waiting = receipts.waiting(&head).expect("read");
        let member = receipts.membership().expect("read").expect("enrolled");
        let lowered: u64 = sums
            .lowered
            .iter()
            .map(|one| one.claimed.since(one.awarded))
            .sum();
        // What all chains claim, the ended ones as far as the file knows them.
        let chains = receipts.chains_of(&member).expect("read");
        let mut claimed = head.totals.amount.get();
        for number in 0..self.books {
            let path = self.folder.path().join(format!("book-{number}.sqlite3"));
            let book = Book::open_to_read(&path).expect("read");
            let ended = self.head(&book);
            // A file of receipts that was put back has not heard of the latest ends.
            if chains.contains(&ended.chain)
                && receipts.chain_end(ended.chain).expect("read").is_some()
            {
                claimed += ended.totals.amount.get();
            } else {
                assert!(put_back, "an ended chain is not in the file");
                return BTreeMap::new();
            }
        }
        let parts = [
            sums.before.get(),
            sums.credited.get(),
            waiting.amount.get(),
            sums.unanswered.get(),
            lowered,
        ];
        let first = member.membership.head.chain;
        assert!(first == ChainId([0; 16]));
        assert_eq!(claimed, parts.iter().sum::<u64>(), "{sums:?} {waiting:?}");
        let mut stored = BTreeMap::new();
        for chain in chains {
            for receipt in receipts.receipts(chain, 0, 10_000).expect("read") {
                let value = Receipt::from_body(receipt.body()).expect("a receipt");
                let place = (chain, value.sequence);
                let bytes = [receipt.body(), receipt.signature()].concat();
                assert!(stored.insert(place, bytes).is_none(), "two receipts");
            }
        }
        stored
    }

    /// The whole audit, with the reports of all books.
    pub(crate) fn audit(&self) {
        let running = self.running.as_ref().expect("running");
        let mut reports = BTreeMap::new();
        for number in 0..=self.books {
            let path = self.folder.path().join(format!("book-{number}.sqlite3"));
            let book = Book::open_to_read(&path).expect("read");
            book.audit().expect("sound");
            for report in book.reports(0, 10_000).expect("read") {
                let value = SessionReport::from_body(report.body()).expect("a report");
                reports.insert((value.chain, value.sequence), report);
            }
        }
        let report = |chain, number| reports.get(&(chain, number)).cloned();
        let audit = running.receipts.audit(report).expect("sound");
        assert_eq!(audit.receipts, audit.compared);
    }

    pub(crate) fn credited(&self) -> u64 {
        let running = self.running.as_ref().expect("running");
        running.receipts.sums().expect("read").credited.get()
    }
}

fn failed() -> Seen {
    Seen::Failed {
        failure: SendError::TimedOut,
        retry_after_s: None,
    }
}

fn link_at(book: &Book, head: &ChainHead, sequence: u64) -> Option<LinkHash> {
    if sequence == 0 {
        return Some(ChainHead::genesis(head.chain, head.key).link);
    }
    let report: Signed<SessionReport> = book.reports(sequence - 1, 1).expect("read").pop()?;
    let report = SessionReport::from_body(report.body()).expect("a report");
    (report.sequence == sequence).then(|| report.link())
}
