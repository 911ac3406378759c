//! The other end of a network namespace: it prints everything that arrives, one arrival a line.
//! Only tests start it, in a namespace of its own. A pair of network devices connects the two
//! namespaces; the device at this end is called `in`.
//!
//! It waits for a line on stdin. Then it answers every name with an address of its own and every
//! page with a short text, until stdin ends. A line of output is `dns|tcp|udp NAME-OR-ADDRESS
//! PORT`; a name replaces the address that was given out for it.

use anyhow::{Context as _, Result, ensure};
use checks::defaults::packet::{self, Sent};
use rustix::net::{AddressFamily, Protocol, RecvFlags, SocketFlags, SocketType, recv, socket_with};
use std::{
    collections::HashMap,
    io::{self, BufRead as _, Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, TcpListener, UdpSocket},
    num::NonZeroU32,
    process::Command,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

/// Which name each address was given out for.
type Names = Arc<Mutex<HashMap<Ipv4Addr, String>>>;

fn main() -> Result<()> {
    let mut stdin = io::stdin().lock();
    stdin.read_line(&mut String::new())?;
    let set_up = Command::new("sh").args(["-c", SET_UP]).status()?;
    ensure!(set_up.success(), "the device here cannot be set up");
    let names = Names::default();
    let everything = NonZeroU32::new(u32::from(ETH_P_ALL.to_be())).context("a protocol")?;
    let packets = socket_with(
        AddressFamily::PACKET,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(Protocol::from_raw(everything)),
    )?;
    let dns = UdpSocket::bind("0.0.0.0:53")?;
    let pages = [80, 443].map(|port| TcpListener::bind(("0.0.0.0", port)));
    for listener in pages {
        let listener = listener?;
        thread::spawn(move || serve(&listener));
    }
    let given = Arc::clone(&names);
    thread::spawn(move || resolve(&dns, &given));
    thread::spawn(move || watch(&packets, &names));
    say("ready")?;
    stdin.read_to_end(&mut Vec::new())?;
    Ok(())
}

/// Prints for each packet from the other end what it asks for and at which target.
fn watch(packets: &impl rustix::fd::AsFd, names: &Names) -> Result<()> {
    let mut buffer = vec![0; 65_536];
    loop {
        let (_, length) = recv(packets, &mut buffer[..], RecvFlags::empty())?;
        let Some(sent) = buffer.get(..length).and_then(packet::sent) else {
            continue;
        };
        if sent.from() == OURS {
            continue;
        }
        let line = match sent {
            Sent::Question { name, .. } => format!("dns {name} 53"),
            Sent::Tcp { to, .. } => format!("tcp {} {}", called(to.ip(), names), to.port()),
            Sent::Udp { to, .. } => format!("udp {} {}", called(to.ip(), names), to.port()),
        };
        say(&line)?;
    }
}

fn called(address: IpAddr, names: &Names) -> String {
    let given = match address {
        IpAddr::V4(address) => names
            .lock()
            .ok()
            .and_then(|names| names.get(&address).cloned()),
        IpAddr::V6(_) => None,
    };
    given.unwrap_or_else(|| address.to_string())
}

/// Answers each question for an IPv4 address with an address that is reserved for this name, and
/// all other questions with an empty answer.
fn resolve(dns: &UdpSocket, names: &Names) -> Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let (length, from) = dns.recv_from(&mut buffer)?;
        let question = buffer.get(..length).unwrap_or_default();
        let Some(name) = packet::question(question) else {
            continue;
        };
        let address = address_of(&name, names);
        if let Some(answer) = packet::answer(question, address) {
            dns.send_to(&answer, from)?;
        }
    }
}

fn address_of(name: &str, names: &Names) -> Ipv4Addr {
    let Ok(mut names) = names.lock() else {
        return Ipv4Addr::UNSPECIFIED;
    };
    let known = names.iter().find(|(_, known)| *known == name);
    if let Some((&address, _)) = known {
        return address;
    }
    let number = u32::try_from(names.len()).unwrap_or_default();
    let address = Ipv4Addr::from_bits(FIRST.to_bits().wrapping_add(number));
    names.insert(address, name.to_owned());
    address
}

/// Serves a page to a client that speaks HTTP. A client that speaks TLS has arrived too, and gets
/// no answer.
fn serve(listener: &TcpListener) {
    for connection in listener.incoming().flatten() {
        thread::spawn(move || page(connection));
    }
}

fn page(mut connection: std::net::TcpStream) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    let mut request = [0; 4096];
    if connection.read(&mut request)? > 0 && request.first().is_some_and(u8::is_ascii_uppercase) {
        connection.write_all(PAGE)?;
    }
    Ok(())
}

fn say(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// For the other end, every address of both families is on this computer.
const SET_UP: &str = "ip link set lo up && ip address add 10.11.0.1/24 dev in && \
    ip address add fd00:11::1/64 dev in nodad && ip link set in up && \
    ip route add local default dev lo && ip -6 route add local default dev lo";
/// From `linux/if_ether.h`: packets of every protocol.
const ETH_P_ALL: u16 = 3;
const OURS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 11, 0, 1));
/// From a range that is reserved for tests of networks (RFC 2544).
const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const PATIENCE: Duration = Duration::from_secs(10);
const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\
    Content-Length: 61\r\n\r\n<!doctype html><title>outside</title><p>Not through Tor.</p>\n";
