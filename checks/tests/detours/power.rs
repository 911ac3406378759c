//! The whole daemon on a computer whose power fails.

use crate::{
    World,
    computer::{Computer, Daemon},
    place::{Place, Way},
};
use checks::stage::{Backend, QUICK};
use meter_wire::{SessionStatus, Status};

/// What was told is there again: signed reports, the balance, and of the open session all that was older
/// than a second.
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
    let told = loop {
        daemon.browse(&computer, &world).await;
        let status = daemon.until(&computer, |_| true).await;
        if status.reports.0 > 0 && status.session.is_some() {
            break status;
        }
    };
    let is_later = |status: &Status| {
        status.reports > told.reports || lasted_ms(status) > lasted_ms(&told) + 2_000
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
    if kept.reports == told.reports {
        let (kept, told) = (kept.session.unwrap(), told.session.unwrap());
        assert_eq!(kept.started_at, told.started_at);
        let bytes = |session: &SessionStatus| (session.bytes_up, session.bytes_down);
        assert_eq!(bytes(&kept), bytes(&told));
    }
    computer.unplug().await.unwrap();
}

fn lasted_ms(status: &Status) -> u64 {
    let session = status.session.as_ref();
    session.map_or(0, |session| session.duration_ms.0)
}
