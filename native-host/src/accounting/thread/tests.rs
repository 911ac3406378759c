//! Jobs of an accounting in a real folder; the tests set the time.

use super::*;
use crate::{config::Config, home::Home};
use std::sync::mpsc::{Receiver, Sender, channel};

type Owner = AccountingThread<&'static str>;

fn at(ms: u64) -> MonotonicMs {
    MonotonicMs::new(ms).expect("fits")
}

fn start() -> (Owner, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let home = Home::at(folder.path().join("home"));
    let accounting = Accounting::open(&home, &Config::default());
    assert!(accounting.status().works);
    (Owner::start(accounting).expect("a thread"), folder)
}

/// A job that is done when the test lets it go on.
fn slow(name: &'static str) -> (Job<&'static str>, Sender<()>) {
    let (go, gate): (_, Receiver<()>) = channel();
    let job = move |accounting: Result<&mut Accounting, Problem>| {
        if accounting.is_err() {
            return "refused";
        }
        gate.recv().expect("it goes on");
        name
    };
    (Box::new(job), go)
}

fn quick(name: &'static str) -> Job<&'static str> {
    Box::new(move |accounting| accounting.map_or("refused", |_| name))
}

#[tokio::test]
async fn jobs_are_done_one_after_another_in_the_order_of_the_calls() {
    let (mut owner, _folder) = start();
    assert!(owner.is_idle() && owner.here().is_some());
    let (first, go) = slow("first");
    owner.add(at(0), first);
    owner.ask(at(0), quick("second"));
    owner.add(at(0), quick("third"));
    assert!(!owner.is_idle() && owner.here().is_none());
    go.send(()).expect("it waits");
    for name in ["first", "second", "third"] {
        assert_eq!(owner.done(|| at(1)).await, Some(name));
    }
    assert!(owner.is_idle() && owner.here().is_some());
    owner.end();
}

#[tokio::test]
async fn behind_a_late_job_only_what_somebody_waits_for_is_refused() {
    let (mut owner, _folder) = start();
    let (late, go) = slow("late");
    owner.ask(at(500), late);
    owner.ask(at(600), quick("asked"));
    owner.add(at(700), quick("counted"));
    assert_eq!(owner.lateness(at(500 + LATE_MS - 1)), None);
    let problem = owner.lateness(at(500 + LATE_MS)).expect("it is late");
    assert_eq!(problem.code, ErrorCode::DiskSilent);
    assert_eq!(owner.refuse(&problem), ["refused"]);
    assert!(owner.refuse(&problem).is_empty());
    go.send(()).expect("it waits");
    assert_eq!(owner.done(|| at(9_000)).await, Some("late"));
    assert_eq!(
        owner.lateness(at(9_001)),
        None,
        "the next one has just begun"
    );
    assert_eq!(owner.done(|| at(9_001)).await, Some("counted"));
    owner.end();
}

#[tokio::test]
async fn a_job_that_goes_on_is_not_late_however_long_it_takes() {
    let (mut owner, _folder) = start();
    let (long, go) = slow("long");
    owner.ask(at(500), long);
    for second in 1..60 {
        let now = at(500 + second * 1_000);
        owner.goes_on(move || now)();
        assert_eq!(owner.lateness(at(now.get() + LATE_MS - 1)), None);
    }
    assert!(owner.takes_long(at(60_000)), "nobody waits for its end");
    let problem = owner.lateness(at(59_500 + LATE_MS)).expect("it hangs");
    assert_eq!(problem.detail.as_deref(), Some("for 2 s"));
    go.send(()).expect("it waits");
    assert_eq!(owner.done(|| at(70_000)).await, Some("long"));
    owner.end();
}

#[tokio::test]
async fn after_a_job_that_panicked_nobody_waits_for_ever() {
    let (mut owner, _folder) = start();
    owner.add(at(0), Box::new(|_| panic!("a fault that is injected")));
    owner.add(at(0), quick("never"));
    assert_eq!(owner.done(|| at(1)).await, None);
    assert!(owner.here().is_none() && !owner.is_idle());
    owner.end();
}
