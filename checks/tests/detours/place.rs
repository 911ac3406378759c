//! A separate network for a daemon, which reaches Tor's network by one door only.

use crate::{World, network, server_file, soon};
use checks::{host::Host, stage::tor_section};
use meter_core::Backend;
use meter_testkit::{shadowsocks::Door, site::Site, socks};
use rustix::process::{Pid, Signal, kill_process};
use std::{path::Path, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};

/// The detour by which Tor connects.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Bridge,
    Shadowsocks,
}

impl Way {
    pub(crate) fn outlet(self, world: &World) -> &Path {
        match self {
            Self::Bridge => &world.bridges[0].1.path,
            Self::Shadowsocks => &world.server.1.path,
        }
    }

    /// Its line of `[tor]`, for a detour that listens at this address.
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

/// How many times Tor was restarted because the computer had moved.
pub(crate) fn restarts(log: &str) -> usize {
    log.matches("since this computer was elsewhere").count()
}

/// Fetches a page of 150,000 bytes by the SOCKS port behind this socket; returns how many bytes
/// came.
pub(crate) async fn fetch(socket: &Path, site: &Site) -> anyhow::Result<usize> {
    let (_door, proxy) = Door::from(socket).await?;
    let stream = socks::connect(proxy, "site.test", site.port()).await?;
    let fetched = socks::get(stream, "site.test", "/bytes/150000").await?;
    Ok(fetched.body.len())
}

/// The same through the relay; `None` when it takes longer than a person waits.
async fn page(relay: &Path, site: &Site, patience: Duration) -> Option<usize> {
    let fetched = tokio::time::timeout(patience, fetch(relay, site)).await;
    fetched.ok()?.ok()
}

/// Requests the page until it comes, as a person does who reloads it when it takes too long, and
/// who waits longer each time: on a busy machine a page may take minutes.
pub(crate) async fn reload(relay: &Path, site: &Site, patience: Duration) {
    let comes = async {
        let mut patience = patience;
        while page(relay, site, patience).await != Some(150_000) {
            patience += patience / 2;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    soon(comes).await;
}

/// A separate network, with a route that leads nowhere and a door.
pub(crate) struct Place {
    keeper: Child,
    /// The door's address there.
    pub(crate) door: String,
}

impl Place {
    pub(crate) async fn with_a_door_to(socket: &Path) -> Self {
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

    pub(crate) fn process(&self) -> u32 {
        self.keeper.id().unwrap()
    }

    /// Starts a daemon in it, whose Tor connects by the door.
    pub(crate) fn host(&self, world: &World, backend: Backend, way: Way) -> Host {
        let config = Self::config(world, backend, way, &self.door);
        let enter = network::of(self.process());
        let enter: Vec<&str> = enter.iter().map(String::as_str).collect();
        Host::start_under(&enter, &config).unwrap()
    }

    /// The configuration of a daemon whose Tor connects by the detour at this address.
    pub(crate) fn config(world: &World, backend: Backend, way: Way, address: &str) -> String {
        let (config, _) = tor_section(&world.network, backend).unwrap();
        let setting = way.setting(world, address);
        let config = config.replacen("[tor]\n", &format!("[tor]\n{setting}\n"), 1);
        format!("[daemon]\nidle_exit_s = 0\n{config}")
    }

    /// Stops the door's process, or continues it. While it is stopped, the system accepts
    /// connections for it.
    pub(crate) fn hold(&self, signal: Signal) {
        let process = Pid::from_raw(self.process().cast_signed()).unwrap();
        kill_process(process, signal).unwrap();
    }

    /// Waits until something has connected to the door.
    pub(crate) async fn is_reached(&self) {
        let port = self.door.rsplit(':').next().unwrap();
        let list = format!("ss -Htn state established dport = :{port}");
        let reached = async {
            while network::inside(self.process(), &list).await.is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        soon(reached).await;
    }

    /// Leads from the socket to an address in this network, until it is dropped.
    pub(crate) async fn way_in(&self, socket: &Path, to: &str) -> Child {
        let mut command = network::command_in(self.process());
        command
            .arg(env!("CARGO_BIN_EXE_doors"))
            .arg("to")
            .arg(socket)
            .arg(to);
        said(&mut command).await.0
    }
}

/// Starts the program and waits for its first line.
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
