//! A disk that is full. The test starts itself once more, in a file system of two megabytes.

use crate::{
    program::{Home, PROGRAM, fill},
    refusals::in_namespace,
    support::{far, receipt_bytes, submit},
};
use onionmeter_ledger::{
    committer::Answer,
    ledger::{Ledger, LinkToken, LoginError, Outcome},
};
use std::{fs, io::Write as _, path::Path, process::Command};

/// Names the small file system in the second process.
const VARIABLE: &str = "ONIONMETER_TEST_SMALL_DISK";

#[test]
fn g_19_r_25_d_10_on_a_full_disk_nothing_acknowledged_is_lost_and_reading_goes_on() {
    let script = format!(
        "mount -t tmpfs -o size=2m,mode=700 none \"$1\"; export {VARIABLE}=\"$1\" TMPDIR=\"$1\"; \
         exec \"$2\" --exact full_disk::inside_a_small_file_system --nocapture"
    );
    let outer = tempfile::TempDir::new().expect("a folder");
    let test = std::env::current_exe().expect("this test");
    let Some(output) = in_namespace(&script, &[outer.path(), &test]) else {
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("the small disk was full"), "{text}\n{errors}");
}

/// Without care the system ends such a process by a signal, which says nothing.
#[test]
fn a_limit_on_the_size_of_files_is_told_and_kills_no_program() {
    for blocks in ["0", "10", "100"] {
        let home = Home::new();
        let script = "ulimit -f \"$1\"; exec \"$2\" --data \"$3\" serve --listen 127.0.0.1:0";
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh", blocks, PROGRAM]);
        let output = shell.arg(home.path()).output().expect("it starts");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code().is_some(),
            "{blocks}: {}",
            output.status
        );
        assert!(text.contains("database"), "{blocks}: {text}");
    }
}

fn take_all_room(filler: &Path) {
    let mut file = fs::File::create(filler).expect("ours");
    while file.write_all(&[1; 4096]).is_ok() {}
    while file.write_all(&[1]).is_ok() {}
}

fn assert_once(ledger: &Ledger, link: &LinkToken) {
    let again = ledger.use_login(link);
    assert!(matches!(again, Err(LoginError::Over)), "{again:?}");
    let again = ledger.look_at_login(link);
    assert!(matches!(again, Err(LoginError::Over)), "{again:?}");
}

/// Nothing by itself; the work of the test above.
#[tokio::test]
async fn inside_a_small_file_system() {
    let Some(disk) = std::env::var_os(VARIABLE) else {
        return;
    };
    let home = Home::new();
    let opened = home.open();
    let mut reporter = fill(&opened.ledger, 1, 50).await.remove(0);
    let before = opened.ledger.balance(reporter.account).expect("a balance");
    let filler = Path::new(&disk).join("filler");
    take_all_room(&filler);
    // The log has room for some more; then each is told to come again.
    let mut waiting = Vec::new();
    for _ in 0..2000 {
        let report = reporter.device.report(1, 1);
        let outcomes = submit(&opened.ledger, std::slice::from_ref(&report));
        let outcome = outcomes.await.remove(0);
        match &outcome {
            Outcome::Answered(Answer::Accepted(receipt)) => {
                reporter.reports.push(report);
                reporter.receipts.push(**receipt);
            }
            Outcome::Answered(Answer::Busy) => {
                waiting.push(report);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(waiting.len(), 1, "the disk was never full");
    // What the failed transaction took of the log is used first.
    let healthy = (0..2000).take_while(|_| opened.ledger.check_health().is_ok());
    assert!(healthy.count() < 2000, "a full disk is unhealthy");
    let now = opened.ledger.balance(reporter.account).expect("still read");
    assert!(now.awarded >= before.awarded);
    // Who wants to look signs in all the same, once with each link.
    let of = Some((reporter.account, reporter.device.key()));
    let link = opened.ledger.new_login(of).expect("a link");
    assert!(matches!(link.token, LinkToken::Sealed(_)));
    let (secret, _) = opened.ledger.use_login(&link.token).expect("signed in");
    assert_once(&opened.ledger, &link.token);
    let challenge = crate::support::challenge().0;
    assert!(opened.ledger.use_challenge(challenge, far()).expect("read"));
    assert!(!opened.ledger.use_challenge(challenge, far()).expect("read"));
    let told = home.told(&["admin-link"]);
    let operator = told["link"]
        .as_str()
        .and_then(|link| link.rsplit('/').next());
    let operator = LinkToken::parse(operator.expect("a link")).expect("a token");
    opened.ledger.use_login(&operator).expect("signed in");
    fs::remove_file(&filler).expect("ours");
    assert_once(&opened.ledger, &link.token);
    assert_once(&opened.ledger, &operator);
    assert!(!opened.ledger.use_challenge(challenge, far()).expect("read"));
    let session = opened.ledger.web_session(&secret).expect("read");
    assert_eq!(session.expect("kept").account, Some(reporter.account));
    let outcomes = submit(&opened.ledger, &waiting).await;
    assert!(
        matches!(outcomes[0], Outcome::Answered(Answer::Accepted(_))),
        "{outcomes:?}"
    );
    let again = submit(&opened.ledger, &reporter.reports).await;
    for (outcome, receipt) in again.iter().zip(&reporter.receipts) {
        assert_eq!(receipt_bytes(outcome), *receipt);
    }
    assert_eq!(home.told(&["audit"])["state"], "sound");
    opened
        .ledger
        .revoke(reporter.device.key(), None)
        .expect("removed");
    assert_eq!(opened.ledger.web_session(&secret).expect("read"), None);
    println!("the small disk was full");
}
