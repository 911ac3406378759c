//! The relay, in front of a `tor`.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use tokio::io::AsyncReadExt as _;

use crate::{
    loopback,
    plain_tor::{Kind, PlainTor},
    process::Process,
};

/// When the relay reports success to its client.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Way {
    /// When Tor does.
    True,
    /// At once.
    Optimistic,
}

/// A column of the table.
pub(crate) type Column = (Kind, Way);

/// All columns, in their order.
pub(crate) fn columns() -> impl Iterator<Item = Column> {
    let ways = [Way::True, Way::Optimistic];
    Kind::ALL
        .into_iter()
        .flat_map(move |kind| ways.map(|way| (kind, way)))
}

/// What stands above a column.
pub(crate) fn title((kind, way): Column) -> String {
    match way {
        Way::True => kind.name().to_owned(),
        Way::Optimistic => format!("{}, optimistic", kind.name()),
    }
}

/// A relay with a port of its own; dropping it ends the relay.
pub(crate) struct Front<'a> {
    pub(crate) tor: &'a PlainTor,
    pub(crate) way: Way,
    pub(crate) address: SocketAddr,
    stats: SocketAddr,
    pub(crate) process: Process,
}

impl<'a> Front<'a> {
    /// Starts `program` as a relay in front of `tor`; returns when it listens.
    ///
    /// # Errors
    /// It does not start, or does not print where it listens.
    pub(crate) fn start(program: &Path, tor: &'a PlainTor, way: Way) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["relay", "--listen", ANY_PORT, "--stats", ANY_PORT]);
        command.args(["--upstream", &tor.upstream]);
        if way == Way::Optimistic {
            command.arg("--optimistic");
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("the relay does not start")?;
        let stdout = child.stdout.take().context("its output is a pipe")?;
        let process = Process(child);
        let mut stdout = BufReader::new(stdout);
        let mut said = |what: &str| {
            let mut line = String::new();
            stdout.read_line(&mut line)?;
            let address = line.trim_end().strip_prefix(what);
            let address = address.context("the relay says where it listens")?;
            anyhow::Ok(address.trim_start().parse::<SocketAddr>()?)
        };
        Ok(Self {
            tor,
            way,
            address: said("relay")?,
            stats: said("stats")?,
            process,
        })
    }

    /// How many connections clients have made so far.
    ///
    /// # Errors
    /// The relay does not answer.
    pub(crate) async fn connections(&self) -> Result<u64> {
        let mut totals = String::new();
        let mut stream = loopback::connect(self.stats).await?;
        stream.read_to_string(&mut totals).await?;
        let (_, number) = totals.split_once(CONNECTIONS).context("a total")?;
        Ok(number.split('"').next().unwrap_or_default().parse()?)
    }

    pub(crate) fn column(&self) -> Column {
        (self.tor.kind, self.way)
    }
}

const ANY_PORT: &str = "127.0.0.1:0";
const CONNECTIONS: &str = "\"connections\":\"";
