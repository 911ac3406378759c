//! Connections into and out of a separate network namespace, held open until stdin ends. Only tests
//! start this program.
//!
//! `doors from SOCKET` listens on loopback, prints its address, and connects each client to the
//! socket. `doors to SOCKET ADDRESS` makes the socket, prints that it did, and connects each client
//! to the address on loopback.

use anyhow::{Context as _, Result, bail};
use meter_testkit::shadowsocks::Door;
use std::{
    io::{self, Write as _},
    path::Path,
};
use tokio::io::AsyncReadExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (_door, place) = match arguments.as_slice() {
        ["from", socket] => {
            let (door, address) = Door::from(Path::new(socket)).await?;
            (door, address.to_string())
        }
        ["to", socket, address] => {
            let address = address.parse().context("an address")?;
            (Door::to(Path::new(socket), address)?, (*socket).to_owned())
        }
        other => bail!("what is {other:?}?"),
    };
    writeln!(io::stdout(), "{place}")?;
    io::stdout().flush()?;
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await?;
    Ok(())
}
