//! Daemons in every state of Tor, each made by its real cause.

use crate::LIMIT;
use checks::{host::Host, stage::tor_section};
use meter_core::Backend;
use meter_testkit::{
    ports::HeldPort,
    socks,
    tor_network::{ClientPorts, OtherVersion, TorClient, TorNetwork, tor_with_wrong_clock},
};
use meter_wire::{ErrorCode, Status, TorState};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    thread,
};
use tokio::task::JoinSet;

pub(crate) struct Making<'a> {
    network: &'a TorNetwork,
    folder: &'a Path,
    /// Nothing listens there.
    closed: HeldPort,
}

impl<'a> Making<'a> {
    pub(crate) fn new(network: &'a TorNetwork, folder: &'a Path) -> Self {
        let closed = HeldPort::take().unwrap();
        Self {
            network,
            folder,
            closed,
        }
    }

    pub(crate) fn in_the_network(&self) -> Host {
        managed(&self.network.client_torrc(), "")
    }

    /// Only this Tor has the wrong clock.
    pub(crate) fn with_clock(&self, days: i8) -> Host {
        let folder = self.folder.join(format!("clock{days}"));
        fs::create_dir(&folder).unwrap();
        let program = tor_with_wrong_clock(&folder, days).unwrap();
        managed(&self.network.client_torrc(), &program_line(&program))
    }

    /// Tor accepts only exits that this network does not have.
    pub(crate) fn without_exits(&self) -> Host {
        let mut torrc = self.network.client_torrc();
        torrc.extend(["ExitNodes 192.0.2.0/24", "StrictNodes 1"].map(str::to_owned));
        managed(&torrc, "")
    }

    /// Every port of the network is replaced by one on which nothing listens.
    pub(crate) fn refused(&self) -> Host {
        let closed = self.closed.number();
        let word = |word: &str| match word.split_once([':', '=']) {
            Some(("127.0.0.1", _)) => format!("127.0.0.1:{closed}"),
            Some(("orport", _)) => format!("orport={closed}"),
            _ => word.to_owned(),
        };
        let line = |line: String| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
        let torrc: Vec<_> = self.network.client_torrc().into_iter().map(line).collect();
        managed(&torrc, "")
    }

    /// The network namespace has only a loopback device, which is down.
    pub(crate) fn offline(&self) -> Host {
        let (config, _) = tor_section(self.network, Backend::Managed).unwrap();
        let config = format!("[daemon]\nidle_exit_s = 0\n{config}");
        Host::start_under(&["unshare", "-rn", "--"], &config).unwrap()
    }

    /// A Tor of another program that works and reports a version that is years old.
    pub(crate) async fn too_old(&self) -> (Host, (TorClient, OtherVersion)) {
        let mut tor = self
            .network
            .start_client(ClientPorts::hold().unwrap())
            .unwrap();
        tor.wait_until_ready(LIMIT).await.unwrap();
        let old = tor.claim_version("0.4.6.12").await.unwrap();
        let (socks, control) = (tor.socks().port(), old.address().port());
        (existing(socks, Some(control)), (tor, old))
    }

    pub(crate) async fn port_taken(&self) -> (Host, TcpListener) {
        let mut host = Host::start(NO_TOR).unwrap();
        host.wait_for(LIMIT, |_| true).await.unwrap();
        host.run(&["monitor", "stop"]).unwrap();
        let squatter = TcpListener::bind(host.relay()).unwrap();
        // The command reports that it failed.
        drop(host.run(&["monitor", "start"]));
        (host, squatter)
    }

    pub(crate) fn missing(&self) -> Host {
        Host::start(NO_TOR).unwrap()
    }

    /// The real `tor`, killed each time while it starts.
    pub(crate) fn crashing(&self) -> Host {
        let file = self.folder.join("crashing");
        let text = "#!/bin/sh\nexec timeout --foreground --signal=KILL 0.1 tor \"$@\"\n";
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
        managed(&self.network.client_torrc(), &program_line(&file))
    }

    /// Other users may read the folder.
    pub(crate) async fn folder_damaged(&self) -> Host {
        let mut host = self.in_the_network();
        let is_up = |status: &Status| status.tor.version.is_some();
        host.wait_for(LIMIT, is_up).await.unwrap();
        host.run(&["tor", "stop"]).unwrap();
        let folder = host.folder().join("om/tor");
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        // The command reports that it failed.
        drop(host.run(&["tor", "start"]));
        host
    }

    /// Another server on Tor's port.
    pub(crate) fn not_tor(&self) -> Host {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = port_of(&listener);
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut greeting = [0; 16];
                if stream.read(&mut greeting).is_ok() {
                    drop(stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n"));
                }
            }
        });
        existing(port, None)
    }

    /// A program that takes connections on Tor's port and says nothing, as a suspended Tor does.
    pub(crate) fn silent(&self) -> (Host, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        (existing(port_of(&listener), None), listener)
    }

    pub(crate) fn not_running(&self) -> Host {
        existing(self.closed.number(), None)
    }

    pub(crate) fn transport_missing(&self) -> Host {
        let bridge = "webtunnel 192.0.2.7:443 0123456789ABCDEF0123456789ABCDEF01234567 \
                      url=https://site.test/p";
        Host::start(&format!("[tor]\nbridges = [\"{bridge}\"]\n")).unwrap()
    }

    /// The file does not exist.
    pub(crate) fn shadowsocks_refused(&self) -> Host {
        Host::start("[tor]\nshadowsocks = \"nowhere\"\n").unwrap()
    }

    /// Two daemons: the Shadowsocks server of one is gone, the server of the other accepts
    /// connections and answers nothing.
    pub(crate) fn shadowsocks(&self) -> (Host, (Host, TcpListener)) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let gone = self.closed.address();
        let silent = self.behind(listener.local_addr().unwrap(), "silent");
        (self.behind(gone, "gone"), (silent, listener))
    }

    fn behind(&self, server: SocketAddr, name: &str) -> Host {
        let file = self.folder.join(name);
        let url = format!("ss://YWVzLTI1Ni1nY206c2VjcmV0@{server}");
        fs::write(&file, url).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let line = format!("shadowsocks = {}\n", text(&file));
        managed(&self.network.client_torrc(), &line)
    }
}

const NO_TOR: &str =
    "[daemon]\nidle_exit_s = 0\n[tor]\nbackend = \"managed\"\nprogram = \"/nowhere/tor\"\n";

fn managed(torrc: &[String], more: &str) -> Host {
    let torrc = serde_json::to_string(torrc).unwrap();
    let config = format!(
        "[daemon]\nidle_exit_s = 0\n[tor]\nbackend = \"managed\"\nextra_torrc = {torrc}\n{more}"
    );
    Host::start(&config).unwrap()
}

fn existing(socks: u16, control: Option<u16>) -> Host {
    let control = control.map_or_else(String::new, |port| format!("control_port = {port}\n"));
    let config = format!(
        "[daemon]\nidle_exit_s = 0\n[tor]\nbackend = \"existing\"\nsocks_port = {socks}\n{control}"
    );
    Host::start(&config).unwrap()
}

fn program_line(program: &Path) -> String {
    format!("program = {}\n", text(program))
}

fn text(path: &Path) -> String {
    serde_json::to_string(path.to_str().unwrap()).unwrap()
}

fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

/// Many more than the number of ends that make a loop: each try causes one end or none.
const TRIES: usize = 200;

/// Starts Tor again and again, as a person does who does not wait for the pauses in between.
pub(crate) async fn starts_until_it_is_a_loop(host: &mut Host) {
    let is_loop = |status: &Status| match &status.tor.state {
        TorState::Failed(problem) => problem.code == ErrorCode::TorCrashLoop,
        _ => false,
    };
    for _ in 0..TRIES {
        let status = host.run(&["status", "--json"]).unwrap_or_default();
        if serde_json::from_str(&status).is_ok_and(|status| is_loop(&status)) {
            return;
        }
        // The command reports each time that Tor ended.
        drop(host.run(&["tor", "start"]));
    }
    host.wait_for(LIMIT, is_loop).await.unwrap();
}

/// Clients that request a page and wait.
pub(crate) struct Relayed {
    relay: SocketAddr,
    waiting: JoinSet<()>,
}

impl Relayed {
    pub(crate) fn new(host: &Host) -> Self {
        Self {
            relay: host.relay(),
            waiting: JoinSet::new(),
        }
    }

    pub(crate) fn asks(&mut self) {
        let relay = self.relay;
        self.waiting.spawn(async move {
            drop(socks::connect(relay, "site.test", 80).await);
        });
    }
}
