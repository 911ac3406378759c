//! The whole daemon on a computer that goes from one network to another.

use crate::{LIMIT, OURS, PATIENCE, World, network, server_file, soon};
use checks::{
    host::Host,
    stage::{Backend, tor_section},
};
use meter_testkit::{shadowsocks::Door, site::Site, socks};
use meter_wire::{Status, TorState};
use rustix::process::{Pid, Signal, kill_process};
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// What was connected before stays so on paper, and nothing of it arrives any more.
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

/// What Tor connects by.
#[derive(Clone, Copy)]
enum Way {
    Bridge,
    Shadowsocks,
}

impl Way {
    fn outlet(self, world: &World) -> &Path {
        match self {
            Self::Bridge => &world.bridges[0].1.path,
            Self::Shadowsocks => &world.server.1.path,
        }
    }

    /// Its line of `[tor]`, where it is to be had at this address.
    fn setting(self, world: &World, address: &str) -> String {
        match self {
            Self::Bridge => format!("bridges = [{:?}]", world.bridges[0].0.line_at(address)),
            Self::Shadowsocks => {
                let file = server_file(world.folder.path(), address);
                format!("shadowsocks = {file:?}")
            }
        }
    }
}

async fn moves(world: &World, backend: Backend, way: Way) {
    let place = Place::with_a_door_to(way.outlet(world)).await;
    let mut host = place.host(world, backend, way);
    let usable = |status: &Status| status.tor.is_usable();
    host.wait_for(LIMIT, usable).await.unwrap();

    let socket = host.folder().join("relay");
    let _way_in = place.way_in(&socket, &host.relay().to_string()).await;
    assert_eq!(page(&socket, &world.site).await, Some(150_000));
    network::moves(place.process()).await;
    let again = async { while page(&socket, &world.site).await.is_none() {} };
    soon(again).await;
    assert_eq!(restarts(&host.log()), 1, "{}", host.log());
    host.wait_for(LIMIT, usable).await.unwrap();
    host.end().unwrap();
}

/// The bridge says nothing yet when the address goes.
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
    // Arti gives up a greeting after five seconds, before a start counts as standing still.
    let least = usize::from(backend == Backend::Managed);
    assert!((least..=1).contains(&restarts(&log)), "{log}");
    host.end().unwrap();
}

/// How often Tor was started anew for a move.
fn restarts(log: &str) -> usize {
    log.matches("since this computer was elsewhere").count()
}

/// Fetches a page of 150,000 bytes through the relay; how many came, if somebody would wait for it.
async fn page(relay: &Path, site: &Site) -> Option<usize> {
    let fetched = async {
        let (_door, proxy) = Door::from(relay).await?;
        let stream = socks::connect(proxy, "site.test", site.port()).await?;
        let fetched = socks::get(stream, "site.test", "/bytes/150000").await?;
        anyhow::Ok(fetched.body.len())
    };
    tokio::time::timeout(PATIENCE, fetched).await.ok()?.ok()
}

/// A network of its own, with a route that leads nowhere and a door.
struct Place {
    keeper: Child,
    door: String,
}

impl Place {
    async fn with_a_door_to(socket: &Path) -> Self {
        let mut command = network::new(
            " && ip link add out type veth peer name there && ip link set there up && \
             ip link set out up && ip route add default dev out",
        );
        command
            .arg(env!("CARGO_BIN_EXE_doors"))
            .arg("from")
            .arg(socket);
        let (keeper, door) = said(&mut command).await;
        Self { keeper, door }
    }

    fn process(&self) -> u32 {
        self.keeper.id().unwrap()
    }

    /// A daemon in it, whose Tor connects by the door.
    fn host(&self, world: &World, backend: Backend, way: Way) -> Host {
        let (config, _) = tor_section(&world.network, backend).unwrap();
        let setting = way.setting(world, &self.door);
        let config = config.replacen("[tor]\n", &format!("[tor]\n{setting}\n"), 1);
        let config = format!("[daemon]\nidle_exit_s = 0\n{config}");
        let enter = network::of(self.process());
        let enter: Vec<&str> = enter.iter().map(String::as_str).collect();
        Host::start_under(&enter, &config).unwrap()
    }

    /// Has the door stand still, or go on. The system takes connections for it meanwhile.
    fn hold(&self, signal: Signal) {
        let process = Pid::from_raw(self.process().cast_signed()).unwrap();
        kill_process(process, signal).unwrap();
    }

    /// Waits until something is connected to the door.
    async fn is_reached(&self) {
        let port = self.door.rsplit(':').next().unwrap();
        let list = format!("ss -Htn state established dport = :{port}");
        let reached = async {
            while network::inside(self.process(), &list).await.is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        soon(reached).await;
    }

    /// Leads from the socket to an address in it, until it is dropped.
    async fn way_in(&self, socket: &Path, to: &str) -> Child {
        let enter = network::of(self.process());
        let mut command = Command::new(&enter[0]);
        command
            .args(&enter[1..])
            .arg(env!("CARGO_BIN_EXE_doors"))
            .arg("to")
            .arg(socket)
            .arg(to);
        said(&mut command).await.0
    }
}

/// Starts it and waits for its first line.
async fn said(command: &mut Command) -> (Child, String) {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = soon(lines.next_line()).await.unwrap();
    (
        child,
        line.expect("a line, where network namespaces are allowed"),
    )
}
