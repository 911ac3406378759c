//! The world outside of a network namespace: everything that reaches it is printed, one arrival a
//! line. Only tests start it, in a namespace of its own, behind a pair of devices whose end here is
//! called `in`.
//!
//! Waits for a line on stdin, answers every name with an address of its own and every page with a
//! few words, and ends when stdin does. A line is `dns|tcp|udp NAME-OR-ADDRESS PORT`, where a name
//! stands for an address that was given out for it.

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

/// Names by the address that was given out for each.
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

/// Says of each packet from the other end what was asked of whom.
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

/// Answers each question for an IPv4 address with one that stands for the name, and all others with
/// nothing.
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

/// A page for whoever speaks HTTP; whoever speaks TLS has arrived, too, and gets no further.
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

/// Every address of both families is this computer, as far as the other end can tell.
const SET_UP: &str = "ip link set lo up && ip address add 10.11.0.1/24 dev in && \
    ip address add fd00:11::1/64 dev in nodad && ip link set in up && \
    ip route add local default dev lo && ip -6 route add local default dev lo";
/// Of `linux/if_ether.h`: packets of every protocol.
const ETH_P_ALL: u16 = 3;
const OURS: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 11, 0, 1));
/// Of a range that is for tests of networks (RFC 2544).
const FIRST: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
const PATIENCE: Duration = Duration::from_secs(10);
const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\
    Content-Length: 61\r\n\r\n<!doctype html><title>outside</title><p>Not through Tor.</p>\n";
