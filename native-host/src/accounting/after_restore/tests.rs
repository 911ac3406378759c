//! A restored home that is enrolled: the ledger is asked before anything is signed.

use super::*;
use crate::{
    accounting::{Found as Came, What},
    config::Config,
    home::Home,
    last_signed::{Entry, LastSigned},
};
use meter_core::{
    AccountId, Amount, ChainCondition, ChainHead, ChainState, DurationMs, EnrolmentRule,
    LedgerSigner, LinkHash, MonotonicMs, Policy, Thresholds,
};
use meter_ledger::{Membership, Receipts};
use meter_relay::CounterSnapshot;
use std::{fs, path::PathBuf};

/// A home whose first process signed one report and enrolled at it.
struct Scene {
    folder: tempfile::TempDir,
    accounting: Option<Accounting>,
    s: u64,
    /// Questions for the ledger.
    asked: u32,
}

fn ledger() -> LedgerSigner {
    LedgerSigner::from_seed(&[0x1e; 32])
}

impl Scene {
    fn new() -> Self {
        let mut scene = Self {
            folder: tempfile::tempdir().expect("a folder"),
            accounting: None,
            s: 0,
            asked: 0,
        };
        scene.open();
        scene.browse(20);
        let head = scene.head();
        assert_eq!(head.sequence, 1);
        scene.enrol(head);
        scene
    }

    fn home(&self) -> Home {
        Home::at(self.folder.path().join("home"))
    }

    /// Starts another process.
    fn open(&mut self) {
        if let Some(before) = self.accounting.take() {
            before.end();
        }
        let thresholds = Thresholds::new(10_000, 10_000, 600_000).expect("within their limits");
        let config = Config {
            thresholds,
            ledger_delay_max: DurationMs::from_u32(0),
            ..Config::default()
        };
        self.accounting = Some(Accounting::open(&self.home(), &config));
    }

    fn accounting(&mut self) -> &mut Accounting {
        self.accounting.as_mut().expect("open")
    }

    fn head(&mut self) -> ChainHead {
        *self.accounting().head().expect("a book")
    }

    fn enrol(&mut self, head: ChainHead) {
        let from = UnixMs::from_u32(1);
        let policy = Policy::first(ledger().key(), EnrolmentRule::Open, from);
        let membership = Membership {
            ledger: ledger().key(),
            address: "127.0.0.1:9".to_owned(),
            account: AccountId([0xac; 16]),
            name: "brave otter".to_owned(),
            enrolled_at: UnixMs::from_u32(7_000),
            head,
            awarded: Amount::ZERO,
        };
        let mut receipts = Receipts::create(&self.home().receipts()).expect("made");
        let policy = ledger().sign(&policy).expect("our own");
        receipts.join(&membership, &policy).expect("joined");
    }

    /// Starts a process as the first one after a restore.
    fn restored(&mut self) {
        let mark = Mark {
            made_at: UnixMs::from_u32(9_000),
            reports: 1,
            found: Found::Nothing,
        };
        mark.write(&self.home().restored()).expect("written");
        self.open();
    }

    /// Browses for some seconds; the ledger does not answer.
    fn browse(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.s += 1;
            let counted = CounterSnapshot {
                bytes_up: self.s * 2_000,
                ..CounterSnapshot::default()
            };
            let now = MonotonicMs::new(self.s * 1_000).expect("fits");
            let wall = UnixMs::new(1_800_000_000_000 + self.s * 1_000).expect("fits");
            let accounting = self.accounting();
            accounting.tick(now, wall, counted, true);
            let errand = accounting.look_at_outbox(now, wall, |_| true);
            if errand.is_some_and(|errand| matches!(errand.what, What::AskChain(_))) {
                self.asked += 1;
            }
        }
    }

    /// The ledger says where it has the chain.
    fn told(&mut self, sequence: u64, link: LinkHash) {
        let head = self.head();
        let state = ChainState {
            condition: ChainCondition::Open,
            ledger: ledger().key(),
            device: head.key,
            chain: head.chain,
            sequence,
            link,
            at: UnixMs::from_u32(9_000),
            awarded_total: Amount::ZERO,
        };
        let state = ledger().sign(&state).expect("our own");
        let now = MonotonicMs::new(self.s * 1_000).expect("fits");
        let found = Came::Chain(Box::new(state.signed().clone()));
        let wall = UnixMs::from_u32(9_000);
        drop(self.accounting().take_found(now, wall, found));
    }

    fn state(&mut self) -> Option<RestoredState> {
        let restored = self.accounting().status().restored;
        restored.map(|restored| restored.state)
    }

    fn kept(&self) -> Vec<PathBuf> {
        let made = self.home().made().into_iter();
        let is_kept = |path: &PathBuf| path.to_string_lossy().ends_with("old-1.sqlite3");
        made.filter(is_kept).collect()
    }
}

#[test]
fn sessions_wait_until_the_ledger_has_told_that_it_has_nothing_later() {
    let mut scene = Scene::new();
    scene.restored();
    scene.browse(60);
    assert_eq!(scene.state(), Some(RestoredState::Asking));
    assert_eq!(
        (scene.head().sequence, scene.asked),
        (1, 1),
        "nothing is signed"
    );
    assert!(
        scene.accounting().status().session.is_some(),
        "it stays open"
    );
    let link = scene.head().link;
    scene.told(1, link);
    scene.browse(2);
    assert_eq!(scene.state(), None);
    assert_eq!(scene.head().sequence, 2, "what waited is signed");
    assert!(!fs::exists(scene.home().restored()).expect("readable"));
    scene.open();
    scene.browse(1);
    assert_eq!(scene.state(), None);
}

#[test]
fn a_ledger_with_later_reports_makes_the_next_report_the_first_of_a_new_chain() {
    let mut scene = Scene::new();
    scene.restored();
    scene.browse(30);
    let (before, session) = (scene.head(), scene.accounting().status().session);
    scene.told(3, LinkHash([9; 32]));
    let after = scene.head();
    assert_ne!(after.chain, before.chain);
    assert_eq!(
        (before.sequence, after.sequence),
        (1, 0),
        "no number is used twice"
    );
    assert_eq!(scene.kept().len(), 1);
    assert_eq!(scene.accounting().status().session, session, "it goes on");
    assert_eq!(scene.state(), Some(RestoredState::NewChain));
    scene.browse(1);
    let end = scene
        .accounting()
        .status()
        .ledger
        .and_then(|ledger| ledger.chain_end);
    assert_eq!(end.as_deref(), Some("ahead"));
    scene.open();
    assert_eq!(
        scene.state(),
        Some(RestoredState::NewChain),
        "also after a restart"
    );
    while scene.head().sequence < EXPLAINED_REPORTS {
        scene.browse(1);
        assert!(scene.s < 1_000, "it signs");
    }
    scene.browse(1);
    assert_eq!(scene.state(), None);
}

#[test]
fn a_person_need_not_wait_for_the_ledger() {
    let mut scene = Scene::new();
    scene.restored();
    scene.browse(30);
    let begun = scene.accounting().begin_chosen(UnixMs::from_u32(9_000));
    assert_eq!(begun, Ok(()));
    assert_eq!(scene.state(), None);
    scene.browse(5);
    assert_eq!(scene.head().sequence, 1, "what waited is signed");
}

#[test]
fn a_new_chain_that_cannot_begin_ends_nothing_and_the_ledger_is_still_asked() {
    let mut scene = Scene::new();
    scene.restored();
    let chain = scene.head().chain;
    fs::create_dir(scene.home().root().join("book.sqlite3.new")).expect("ours");
    let begun = scene.accounting().begin_chosen(UnixMs::from_u32(9_000));
    begun.expect_err("no room");
    assert_eq!(scene.head().chain, chain);
    assert!(!scene.accounting().memberships.has_ended(chain));
    assert_eq!(scene.state(), Some(RestoredState::Asking));
}

#[test]
fn a_later_report_that_nobody_gives_back_begins_a_new_chain_without_a_ledger_too() {
    let mut scene = Scene::new();
    fs::remove_file(scene.home().receipts()).expect("ours");
    let head = scene.head();
    scene.restored();
    let mut record = LastSigned::load(&scene.home().last_signed()).expect("ours");
    let later = Entry {
        sequence: 4,
        ..Entry::genesis(head.chain, head.key)
    };
    record.set(later).expect("written");
    scene.open();
    scene.browse(5);
    assert_eq!(
        scene.head().chain,
        head.chain,
        "a browser may still give it back"
    );
    scene.browse(10);
    assert_ne!(scene.head().chain, head.chain);
    assert_eq!(scene.state(), Some(RestoredState::NewChain));
    assert_eq!(scene.kept().len(), 1);
}
