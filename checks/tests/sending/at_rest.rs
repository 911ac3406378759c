//! While nothing waits, an enrolled daemon is as quiet as one without a ledger.

use crate::place::{CONFIG, LIMIT, Place};
use checks::host::Host;
use std::{fs, time::Duration};

/// How long both are watched.
const WATCHED: Duration = Duration::from_secs(15);
/// A timer of the outbox would wake its daemon at least once a second.
const MORE_WAKE_UPS_MAX: u64 = 7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nothing_waits_there_is_no_connection_and_no_wake_up() {
    let mut plain = Host::start(CONFIG).unwrap();
    plain.wait_for(LIMIT, |_| true).await.unwrap();
    let mut place = Place::new().await;
    place.person.earns(3);
    place.settles().await;
    let deadline = tokio::time::Instant::now() + LIMIT;
    while place.between.open() > 0 {
        assert!(tokio::time::Instant::now() < deadline, "it stays open");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let hosts = [plain.process(), place.person.host.process()];
    assert_eq!(sockets(hosts[1]), sockets(hosts[0]), "of the outbox");
    let before = hosts.map(wake_ups);
    tokio::time::sleep(WATCHED).await;
    let after = hosts.map(wake_ups);
    let [plain, enrolled] = [0, 1].map(|one| after[one] - before[one]);
    assert!(plain > 0, "they are counted");
    assert!(enrolled <= plain + MORE_WAKE_UPS_MAX, "{enrolled}, {plain}");
    // It was not asleep for good.
    place.person.earns(1);
    place.settles().await;
}

/// Sockets that a process holds.
fn sockets(process: u32) -> usize {
    let all = fs::read_dir(format!("/proc/{process}/fd"))
        .unwrap()
        .flatten();
    let targets = all.filter_map(|entry| fs::read_link(entry.path()).ok());
    targets
        .filter(|to| to.to_string_lossy().starts_with("socket:"))
        .count()
}

/// How often the threads of a process have waited, and so were woken.
fn wake_ups(process: u32) -> u64 {
    let threads = fs::read_dir(format!("/proc/{process}/task"))
        .unwrap()
        .flatten();
    let of_thread = |status: String| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    let counts = threads.map(|thread| fs::read_to_string(thread.path().join("status")).unwrap());
    counts.map(of_thread).sum()
}
