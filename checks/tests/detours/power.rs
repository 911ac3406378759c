//! The whole daemon on a computer that loses its power.

use crate::{
    World,
    computer::{Computer, Daemon},
    place::{Place, Way},
};
use checks::stage::QUICK;
use meter_core::Backend;
use meter_wire::{Status, U64Text};

/// What the status showed is there again after the restart: signed reports, the balance, and
/// everything of the open session that was older than a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computer_whose_power_fails_keeps_what_it_told() {
    let world = World::boot().await;
    let place = Place::with_a_door_to(Way::Bridge.outlet(&world)).await;
    let folder = world.folder.path().join("computer");
    let daemon = Daemon(Backend::Managed);
    let computer = Computer::boot(&place, &folder, &[daemon.port()])
        .await
        .unwrap();
    daemon.settle(&computer, (&world, &place), QUICK).await;
    daemon.start(&computer).await;
    daemon
        .until(&computer, |status| status.tor.is_usable())
        .await;
    let shown = loop {
        daemon.browse(&computer, &world).await;
        let status = daemon.until(&computer, |_| true).await;
        if status.reports.0 > 0 && status.session.is_some() {
            break status;
        }
    };
    // No page is requested from here on. So everything in the last status, except its duration, is
    // more than a second old.
    let is_later = |status: &Status| {
        status.reports > shown.reports || lasted_ms(status) > lasted_ms(&shown) + 2_000
    };
    let last = daemon.until(&computer, is_later).await;
    let reports = daemon.reports(&computer).await.list;
    computer.unplug().await.unwrap();

    let computer = Computer::boot(&place, &folder, &[daemon.port()])
        .await
        .unwrap();
    daemon.start(&computer).await;
    let kept = daemon.until(&computer, |_| true).await;
    assert!(kept.balance >= last.balance, "{kept:?}, {last:?}");
    let again = daemon.reports(&computer).await.list;
    assert_eq!(again[..reports.len()], reports);
    if kept.reports == last.reports {
        assert_eq!(open_session(&kept), open_session(&last));
    }
    computer.unplug().await.unwrap();
}

fn lasted_ms(status: &Status) -> u64 {
    let session = status.session.as_ref();
    session.map_or(0, |session| session.duration_ms.0)
}

/// When the session began, and its bytes up and down.
fn open_session(status: &Status) -> Option<(U64Text, U64Text, U64Text)> {
    let session = status.session.as_ref()?;
    Some((session.started_at, session.bytes_up, session.bytes_down))
}
