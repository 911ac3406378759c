//! A host whose clock is wrong by days, in both directions and from one start to the next.

use crate::place::Place;
use meter_fixtures::compile;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const DAY_S: i64 = 86_400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_wrong_by_days_changes_no_sum() {
    let folder = tempfile::tempdir().unwrap();
    let ahead = folder.path().join("ahead");
    fs::write(&ahead, "0").unwrap();
    let environment = vec![
        ("LD_PRELOAD", wrong_clock(folder.path()).into()),
        ("WRONG_CLOCK", ahead.clone().into()),
    ];
    let mut place = Place::with(environment).await;
    for days in [9, -9, 400, 0, -400] {
        fs::write(&ahead, (days * DAY_S).to_string()).unwrap();
        let expected = date(days);
        place.person.dies().await;
        let log = place.person.host.log();
        let last = log.lines().last().unwrap();
        // At midnight, the date may be the next one by now.
        assert!(
            [expected, date(days)]
                .iter()
                .any(|date| last.starts_with(date)),
            "{last}"
        );
        place.person.earns(2);
        place.settles().await;
    }
    place.has_receipts(10);
}

/// The date so many days from now.
fn date(days: i64) -> String {
    let from_now = format!("{days} days");
    let date = Command::new("date")
        .args(["-u", "+%F", "-d", &from_now])
        .output()
        .unwrap();
    assert!(date.status.success());
    String::from_utf8(date.stdout).unwrap().trim().to_owned()
}

/// The code that gives a program a wrong clock.
fn wrong_clock(folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sending/clock.c");
    compile::library(&source, folder).unwrap()
}
