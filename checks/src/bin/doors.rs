//! Ways into and out of a network of its own, held open until stdin ends. Only tests start it.
//!
//! `doors from SOCKET` listens on loopback, says where, and leads to the socket; `doors to SOCKET
//! ADDRESS` makes the socket, says so, and leads to the address, on loopback.

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
