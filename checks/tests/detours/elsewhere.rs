//! The whole daemon on a computer that moves from one network to another.

use crate::{
    LIMIT, OURS, PATIENCE, World, network,
    place::{Place, Way, reload, restarts},
};
use meter_core::Backend;
use meter_wire::{Status, TorState};
use rustix::process::Signal;

/// The old connections still look connected, and no byte on them arrives any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computer_that_moves_browses_on() {
    let world = World::boot().await;
    for backend in OURS.iter().copied() {
        tokio::join!(
            moves(&world, backend, Way::Bridge),
            moves(&world, backend, Way::Shadowsocks),
            moves_while_tor_connects(&world, backend),
        );
    }
}

async fn moves(world: &World, backend: Backend, way: Way) {
    let place = Place::with_a_door_to(way.outlet(world)).await;
    let mut host = place.host(world, backend, way);
    let usable = |status: &Status| status.tor.is_usable();
    host.wait_for(LIMIT, usable).await.unwrap();

    let socket = host.folder().join("relay");
    let _way_in = place.way_in(&socket, &host.relay().to_string()).await;
    reload(&socket, &world.site, PATIENCE).await;
    network::moves(place.process()).await;
    reload(&socket, &world.site, PATIENCE).await;
    assert_eq!(restarts(&host.log()), 1, "{}", host.log());
    host.wait_for(LIMIT, usable).await.unwrap();
    host.end().unwrap();
}

/// The bridge has not answered yet when the address changes.
async fn moves_while_tor_connects(world: &World, backend: Backend) {
    let place = Place::with_a_door_to(Way::Bridge.outlet(world)).await;
    place.hold(Signal::STOP);
    let mut host = place.host(world, backend, Way::Bridge);
    let connects = |status: &Status| matches!(status.tor.state, TorState::Bootstrapping { .. });
    host.wait_for(LIMIT, connects).await.unwrap();
    place.is_reached().await;
    network::moves(place.process()).await;
    place.hold(Signal::CONT);
    let usable = |status: &Status| status.tor.is_usable();
    host.wait_for(LIMIT, usable).await.unwrap();
    let log = host.log();
    // Arti gives up a handshake after five seconds, which is before a start counts as stalled.
    let least = usize::from(backend == Backend::Managed);
    assert!((least..=1).contains(&restarts(&log)), "{log}");
    host.end().unwrap();
}
