//! The real program on a data folder of its own, and the same folder opened inside the test.

use crate::support::{challenge, far, receipt_bytes};
use meter_core::{AccountId, EnrolmentRule, SIGNATURE_BYTES, SessionReport, Signed, Verified};
use meter_testkit::device::Device;
use onionmeter_ledger::{
    committer::Answer,
    folder::{Folder, FolderLock},
    guard::Guard,
    ledger::{Claimed, Ledger, Outcome},
    opening::{self, OpenError, Wanted},
    store::Place,
};
use serde_json::Value;
use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::Arc,
};
use tempfile::TempDir;

/// The program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_onionmeter-ledger");

/// A data folder.
pub(crate) struct Home {
    pub(crate) outer: TempDir,
}

/// The ledger of a folder, opened in the test as `serve` opens it.
pub(crate) struct Opened {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) guard: Arc<Guard>,
    _lock: FolderLock,
}

/// A serving process. Dropping this kills it.
pub(crate) struct Serving {
    pub(crate) child: Child,
    /// What it has printed.
    pub(crate) told: Value,
}

/// A device with everything that it has reported, and the receipts that it holds.
pub(crate) struct Reporter {
    pub(crate) device: Device,
    pub(crate) account: AccountId,
    pub(crate) reports: Vec<Verified<SessionReport>>,
    pub(crate) receipts: Vec<[u8; 264]>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let outer = TempDir::new().expect("a folder");
        Self { outer }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.outer.path().join("ledger")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("ledger.sqlite3")
    }

    /// Runs one command to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(words).arg("--data").arg(self.path());
        command.output().expect("the program starts")
    }

    /// Runs one command that must succeed, and returns its object.
    pub(crate) fn told(&self, words: &[&str]) -> Value {
        let output = self.run(&[words, &["--json"]].concat());
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{words:?}: {text}");
        assert!(output.stderr.is_empty(), "{words:?}");
        serde_json::from_str(&text).expect("one object")
    }

    /// Runs one command that must fail with this status, and returns its sentence.
    pub(crate) fn refused(&self, words: &[&str], status: i32) -> String {
        let output = self.run(words);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{words:?}: {text}");
        text
    }

    /// Starts a server and waits until it has told its address.
    pub(crate) fn serve(&self, words: &[&str]) -> Serving {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--json", "--listen", "127.0.0.1:0"]);
        command.args(words).arg("--data").arg(self.path());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("a pipe");
        let read = BufReader::new(out).read_line(&mut line);
        read.expect("it prints");
        let told: Value = serde_json::from_str(&line).expect("one object");
        assert_eq!(told["state"], "serving", "{line}");
        Serving { child, told }
    }

    pub(crate) fn wanted(&self, accept_rollback: bool) -> Wanted {
        Wanted {
            place: Place::File(self.database()),
            enrolment: EnrolmentRule::Open,
            make: true,
            accept_rollback,
        }
    }

    pub(crate) fn try_open(&self, accept_rollback: bool) -> Result<Opened, OpenError> {
        let folder = Folder::prepare(&self.path()).expect("a folder");
        let lock = folder.lock().expect("free");
        let (ledger, guard) = opening::open_to_serve(&folder, &self.wanted(accept_rollback))?;
        Ok(Opened {
            ledger,
            guard,
            _lock: lock,
        })
    }

    pub(crate) fn open(&self) -> Opened {
        self.try_open(false).expect("a ledger")
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.ledger.finish();
        self.guard.sync();
    }
}

impl Serving {
    /// A word of what it has printed.
    pub(crate) fn word(&self, name: &str) -> String {
        self.told[name].as_str().expect("a text").to_owned()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().expect("ours");
        self.child.wait().expect("ours");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().expect("ours");
            self.child.wait().expect("ours");
        }
    }
}

impl Reporter {
    /// A device in an account of its own.
    pub(crate) fn enrolled(ledger: &Ledger, number: u64) -> Self {
        let device = Device::numbered(number);
        let statement = device.enrolment(ledger.key(), challenge(), None);
        let enrolled = ledger.enrol(&statement, far()).expect("enrolled");
        // So that there is time to be awarded.
        let begin = ledger.now().expect("a clock").get();
        while ledger.now().expect("a clock").get() < begin + 30 {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        Self {
            device,
            account: enrolled.account,
            reports: Vec::new(),
            receipts: Vec::new(),
        }
    }

    /// Makes and submits so many reports, which must be taken.
    pub(crate) async fn report(&mut self, ledger: &Arc<Ledger>, count: u64) {
        let reports: Vec<_> = (0..count)
            .map(|number| self.device.report(1 + number % 3, 7 * number))
            .collect();
        let outcomes = crate::support::submit(ledger, &reports).await;
        for outcome in &outcomes {
            let is_taken = matches!(outcome, Outcome::Answered(Answer::Accepted(_)));
            assert!(is_taken, "{outcome:?}");
            self.receipts.push(receipt_bytes(outcome));
        }
        self.reports.extend(reports);
    }

    /// Submits everything again with the receipts that it holds.
    pub(crate) async fn submit_again(&self, ledger: &Arc<Ledger>) -> Vec<Outcome> {
        let held = self.reports.iter().zip(&self.receipts);
        let claims = held.map(|(report, receipt)| {
            let (body, signature) = receipt.split_last_chunk::<SIGNATURE_BYTES>().expect("264");
            Claimed {
                report: report.signed().clone(),
                receipt: Some(Signed::new(body.to_vec(), *signature)),
            }
        });
        ledger.submit(claims.collect(), |_| true).await
    }
}

/// Some devices with some reports each.
pub(crate) async fn fill(ledger: &Arc<Ledger>, devices: u64, reports: u64) -> Vec<Reporter> {
    let mut all = Vec::new();
    for number in 1..=devices {
        let mut reporter = Reporter::enrolled(ledger, number);
        reporter.report(ledger, reports).await;
        all.push(reporter);
    }
    all
}
