//! The ledger's clock jumps (row G-13).

use crate::{
    clocked::{Clocked, DAY, HOUR, awarded, one, word, words},
    support::{challenge, claim, enrol, far, receipt},
};
use meter_testkit::device::Device;
use onionmeter_ledger::audit;

const YEAR: u64 = 365 * DAY;

#[tokio::test]
async fn g_13_a_clock_that_jumps_under_load_pays_no_more_than_one_backlog() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let mut devices: Vec<_> = (0..4).map(Device::numbered).collect();
    let accounts: Vec<_> = devices.iter().map(|device| enrol(ledger, device)).collect();
    let mut latest = 0;
    for step in 0..60_u64 {
        // A year forward, then a day back, from wherever it is.
        let time = match step {
            20 => 365 * DAY,
            40 => 364 * DAY,
            _ if step > 40 => 364 * DAY + step * HOUR / 4,
            _ if step > 20 => 365 * DAY + step * HOUR / 4,
            _ => step * HOUR / 4,
        };
        bench.clock.set(time);
        latest = latest.max(time);
        let reports: Vec<_> = devices
            .iter_mut()
            .map(|d| d.report(2 * HOUR, 1 << 34))
            .collect();
        let answers = words(ledger, reports.iter().map(claim).collect()).await;
        assert_eq!(answers, ["accepted"; 4]);
    }
    for account in accounts {
        let (ms, bytes) = awarded(ledger, account);
        let most = 20 * HOUR / 4 + 7 * DAY + 40 * HOUR / 4;
        assert!(ms <= most.min(latest), "{ms} of {most}");
        assert!(bytes <= 2_000_000_000 * (most / DAY + 1), "{bytes}");
    }
}

/// Submits a report of an hour, and returns how much of it was paid.
async fn hour(bench: &Clocked, device: &mut Device) -> u64 {
    let report = device.report(HOUR, 1_000_000);
    let outcome = one(&bench.ledger, &report).await;
    receipt(&bench.ledger, &outcome, report.value())
        .awarded_duration
        .get()
}

fn check_books(bench: &Clocked) {
    let audit = audit::run(bench.ledger.store(), &|| true).expect("an audit");
    assert_eq!(audit.findings.count(), 0, "{:?}", audit.findings);
}

/// The clock is a year ahead for two hours. Whoever reported then, joined then or opened an account
/// then earns again as soon as it is right, and nobody has got more than a backlog by it.
#[tokio::test]
async fn g_13_after_a_clock_that_was_a_year_ahead_everybody_earns_on() {
    let bench = Clocked::new();
    let ledger = &bench.ledger;
    let mut devices: Vec<_> = (1..=4).map(Device::numbered).collect();
    let [honest, greedy, absent] = [0, 1, 2].map(|number: usize| enrol(ledger, &devices[number]));
    bench.clock.set(HOUR);
    for device in &mut devices[..3] {
        assert_eq!(hour(&bench, device).await, HOUR);
    }

    bench.clock.set(YEAR + HOUR);
    let new = Device::numbered(5);
    let opened = enrol(ledger, &new);
    devices.push(new);
    let (code, _) = ledger.invite(Some(absent), 60_000).expect("a code");
    let statement = devices[3].enrolment(ledger.key(), challenge(), Some(code.hash()));
    ledger.enrol(&statement, far()).expect("enrolled");
    bench.clock.set(YEAR + 2 * HOUR);
    assert_eq!(hour(&bench, &mut devices[0]).await, HOUR);
    assert_eq!(hour(&bench, &mut devices[4]).await, HOUR);
    let claims: Vec<_> = (0..100)
        .map(|_| devices[1].report(2 * HOUR, 1 << 40))
        .collect();
    for claims in claims.chunks(20) {
        words(ledger, claims.iter().map(claim).collect()).await;
    }
    assert_eq!(awarded(ledger, greedy).0, HOUR + 7 * DAY);
    check_books(&bench);

    // It is right again, two hours later. The first report after that says so.
    for hours in 3..30 {
        bench.clock.set(hours * HOUR);
        for (number, device) in devices.iter_mut().enumerate() {
            let paid = hour(&bench, device).await;
            let expected = match (hours, number) {
                // Two of one account that was absent: it has two hours to claim, and then one.
                (5.., 3) => 0,
                (3, 2) | (4.., _) => HOUR,
                _ => 0,
            };
            assert_eq!(paid, expected, "hour {hours}, device {number}");
        }
    }
    check_books(&bench);
    for (account, before) in [(honest, 2 * HOUR), (greedy, HOUR + 7 * DAY), (opened, HOUR)] {
        assert_eq!(awarded(ledger, account).0, before + 26 * HOUR);
    }
    assert_eq!(awarded(ledger, absent).0, 29 * HOUR);

    // A year later the same times come once more, and nothing of it is found wrong.
    let mut devices = [devices.remove(0), devices.remove(0)];
    for hours in 0..6 {
        bench.clock.set(YEAR + hours * HOUR);
        for device in &mut devices {
            assert_eq!(hour(&bench, device).await, HOUR);
        }
    }
    check_books(&bench);
    let restarted = bench.restarted(|| ());
    check_books(&restarted);
    let report = devices[0].report(1, 0);
    assert_eq!(word(&one(&restarted.ledger, &report).await), "accepted");
}

/// A device that began all of its chains while the clock was ahead may begin one at once.
#[tokio::test]
async fn g_13_chains_that_began_while_the_clock_was_ahead_are_not_of_the_next_day() {
    let bench = Clocked::new();
    let mut device = Device::numbered(1);
    bench.clock.set(YEAR);
    enrol(&bench.ledger, &device);
    let mut begin = |number: u8| {
        device.begin_chain(meter_core::ChainId([number; 16]));
        device.report(1, 0)
    };
    for number in 1..20 {
        let report = begin(number);
        assert_eq!(word(&one(&bench.ledger, &report).await), "accepted");
    }
    let report = begin(20);
    assert_eq!(word(&one(&bench.ledger, &report).await), "too many chains");
    bench.clock.set(HOUR);
    assert_eq!(word(&one(&bench.ledger, &report).await), "accepted");
}
