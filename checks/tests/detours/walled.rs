//! A Tor of ours in a separate network namespace, and pages fetched through it from outside. Its
//! SOCKS socket lies in the file system, which network namespaces share.

use crate::{network, place::fetch, soon};
use checks::ours;
use meter_core::Backend;
use meter_testkit::{site::Site, tor_network::TorNetwork};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

/// A Tor in a separate network namespace that has only its own loopback.
pub(crate) struct Walled {
    process: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    socks: PathBuf,
}

impl Walled {
    /// Starts it in `folder`, which this call makes, with one `way`, in which `DOOR` stands for the
    /// address behind the door.
    pub(crate) fn start(
        backend: Backend,
        network: &TorNetwork,
        folder: &Path,
        (door, way): (&Path, &str),
    ) -> Self {
        fs::create_dir(folder).unwrap();
        fs::write(
            folder.join("told"),
            ours::network_lines(network, backend).unwrap(),
        )
        .unwrap();
        let mut process = network::new("")
            .args([env!("CARGO_BIN_EXE_walled"), backend.name()])
            .args([folder, door])
            .arg(way)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("`unshare` of util-linux");
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self {
            stdin: process.stdin.take().unwrap(),
            process,
            lines,
            socks: folder.join("run/socks"),
        }
    }

    /// Fetches a page of 150,000 bytes; returns how many bytes came.
    pub(crate) async fn browse(&self, site: &Site) -> anyhow::Result<usize> {
        soon(fetch(&self.socks, site)).await
    }

    /// Takes the only device of its network down, with all routes, or up again.
    pub(crate) async fn set_device(&self, state: &str) {
        network::inside(self.process(), &format!("ip link set lo {state}")).await;
    }

    /// The process whose network it is.
    pub(crate) fn process(&self) -> u32 {
        self.process.id().unwrap()
    }

    /// Reads states until one `matches`; returns all that it read, with the match at the end.
    pub(crate) async fn until(&mut self, matches: impl Fn(&str) -> bool) -> Vec<String> {
        let mut seen = Vec::new();
        loop {
            let line = soon(self.lines.next_line()).await.unwrap();
            let why =
                "it ended; are network namespaces allowed here, and are `unshare` and `ip` there?";
            seen.push(line.unwrap_or_else(|| panic!("{why} {seen:?}")));
            if seen.last().is_some_and(|line| matches(line)) {
                return seen;
            }
        }
    }

    /// Ends it; returns all states that were not read yet.
    pub(crate) async fn end(mut self) -> Vec<String> {
        drop(self.stdin);
        let mut seen = Vec::new();
        while let Some(line) = soon(self.lines.next_line()).await.unwrap() {
            seen.push(line);
        }
        soon(self.process.wait()).await.unwrap();
        seen
    }
}
