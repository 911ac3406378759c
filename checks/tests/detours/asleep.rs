//! The whole daemon on a computer that sleeps and wakes up in another network, where it gets the
//! same address: most homes and cafes have 192.168.x.y.

use crate::{
    OURS, World,
    computer::{Computer, Daemon, POLL},
    network,
    place::{Place, Way, restarts},
    soon,
};
use meter_core::SessionReport;
use meter_wire::Status;
use std::time::Instant;
use tokio::time::sleep;

/// Long enough that the session is still open when the computer falls asleep, however long the
/// steps before take.
const SESSION: &str =
    "[session]\nmin_bytes = 10000\nmin_duration_ms = 3600000\nmax_duration_ms = 3600000\n";
/// Sleeps of 30 s or less cut no connection. Falling asleep and waking up take a part of this time.
const SLEEP_S: u32 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computer_that_sleeps_and_wakes_elsewhere_browses_on() {
    let world = World::boot().await;
    let place = Place::with_a_door_to(Way::Bridge.outlet(&world)).await;
    let folder = world.folder.path().join("computer");
    let daemons: Vec<Daemon> = OURS.iter().copied().map(Daemon).collect();
    let ports: Vec<u16> = daemons.iter().map(Daemon::port).collect();
    let mut computer = Computer::boot(&place, &folder, &ports).await.unwrap();
    for daemon in &daemons {
        daemon.settle(&computer, (&world, &place), SESSION).await;
        daemon.start(&computer).await;
    }
    let usable = |status: &Status| status.tor.is_usable();
    for daemon in &daemons {
        daemon.until(&computer, usable).await;
        daemon.browse(&computer, &world).await;
    }
    let moves = network::moves(place.process());
    computer.sleep(SLEEP_S, moves).await.unwrap();
    let woke_up = Instant::now();
    for daemon in &daemons {
        recovers(daemon, &computer).await;
        daemon.until(&computer, usable).await;
        let lasted = woke_up.elapsed();
        println!("{:?}: usable {lasted:.0?} after the wake-up", daemon.0);
    }
    for daemon in &daemons {
        daemon.browse(&computer, &world).await;
        let log = daemon.log(&computer).await;
        assert_eq!(restarts(&log), 1, "{log}");
        daemon.lets_sessions_close(&computer).await;
        awards_no_sleep(daemon, &computer).await;
    }
    computer.unplug().await.unwrap();
}

/// Recovers before any page is requested.
async fn recovers(daemon: &Daemon, computer: &Computer) {
    let restarted = async {
        while restarts(&daemon.log(computer).await) == 0 {
            sleep(POLL).await;
        }
    };
    soon(restarted).await;
}

/// The session was open during the sleep. By the wall clock it lasted longer than the time for
/// which it earns credits.
async fn awards_no_sleep(daemon: &Daemon, computer: &Computer) {
    let slept = async {
        loop {
            let reports = daemon.reports(computer).await.list;
            if let Some(unpaid) = reports.iter().map(unpaid_ms).find(|ms| *ms > 0) {
                return unpaid;
            }
            sleep(POLL).await;
        }
    };
    let slept = soon(slept).await;
    let expected = u64::from(SLEEP_S) * 1_000;
    assert!(slept.abs_diff(expected) < 5_000, "{slept}");
}

/// By how many milliseconds it lasted longer than the time for which it earns credits.
fn unpaid_ms(report: &SessionReport) -> u64 {
    let lasted = report.ended_at.get() - report.started_at.get();
    // The two clocks are not read at the same moment.
    lasted.saturating_sub(report.duration.get() + 2_000)
}
