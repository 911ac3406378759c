//! The name server of the exits: `*.test` is 127.0.0.1; other names do not exist.
//!
//! So exits really resolve names, and no query leaves the machine.

use std::{
    net::{Ipv4Addr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::Result;

use crate::{loopback, process::ignore_because};

/// A thread with a UDP socket; dropping it ends both.
#[derive(Debug)]
pub(crate) struct NameServer {
    port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    /// Starts on a free port of 127.0.0.1.
    pub(crate) fn start() -> Result<Self> {
        let socket = UdpSocket::bind(loopback::address(0))?;
        socket.set_read_timeout(Some(LOOK))?;
        let port = socket.local_addr()?.port();
        let stop = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let stop = Arc::clone(&stop);
            move || serve(&socket, &stop)
        });
        Ok(Self {
            port,
            stop,
            thread: Some(thread),
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            ignore_because("a panic there was printed already", thread.join());
        }
    }
}

fn serve(socket: &UdpSocket, stop: &AtomicBool) {
    let mut datagram = [0; QUESTION_BYTES_MAX];
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, asker)) = socket.recv_from(&mut datagram) else {
            continue;
        };
        if let Some(reply) = datagram.get(..length).and_then(answer) {
            ignore_because("who asked will ask again", socket.send_to(&reply, asker));
        }
    }
}

/// The reply to one question (RFC 1035 §4.1); `None` when the datagram is not one.
fn answer(question: &[u8]) -> Option<Vec<u8>> {
    let id = question.get(..2)?;
    let mut at = HEADER_BYTES;
    let mut last_label: &[u8] = &[];
    loop {
        let length = usize::from(*question.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        last_label = question.get(at..at + length)?;
        at += length;
    }
    let kind = question.get(at..at + 2)?;
    let asked = question.get(HEADER_BYTES..at + 4)?;
    let known = last_label.eq_ignore_ascii_case(b"test");
    let has_address = known && kind == TYPE_A;

    let mut reply = id.to_vec();
    reply.extend(if known {
        FLAGS_FOUND
    } else {
        FLAGS_NO_SUCH_NAME
    });
    reply.extend([0, 1, 0, u8::from(has_address), 0, 0, 0, 0]);
    reply.extend(asked);
    if has_address {
        // The name in the question (offset 12); A, IN, 60 s, four octets.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        reply.extend(Ipv4Addr::LOCALHOST.octets());
    }
    Some(reply)
}

const HEADER_BYTES: usize = 12;
const TYPE_A: &[u8] = &[0, 1];
/// Response, recursion desired and available.
const FLAGS_FOUND: [u8; 2] = [0x81, 0x80];
/// The same with NXDOMAIN.
const FLAGS_NO_SUCH_NAME: [u8; 2] = [0x81, 0x83];
/// Longer than any question over UDP.
const QUESTION_BYTES_MAX: usize = 2048;
/// How often the thread checks whether it must end.
const LOOK: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_names_are_loopback_and_others_do_not_exist() {
        for (name, kind, flags, address) in [
            ("site.test", 1, 0x80, true),
            ("a.b.SITE.TEST", 1, 0x80, true),
            ("site.test", 28, 0x80, false),
            ("example.org", 1, 0x83, false),
            ("test.example", 1, 0x83, false),
        ] {
            let reply = answer(&question(name, kind)).unwrap();
            assert_eq!(reply[..4], [7, 9, 0x81, flags], "{name}");
            assert_eq!(reply[7] == 1, address, "{name}");
            assert_eq!(reply.ends_with(&[127, 0, 0, 1]), address, "{name}");
        }
    }

    #[test]
    fn a_truncated_question_gets_no_reply() {
        let whole = question("site.test", 1);
        for length in 0..whole.len() {
            assert_eq!(answer(&whole[..length]), None, "{length} bytes");
        }
    }

    fn question(name: &str, kind: u8) -> Vec<u8> {
        let mut datagram = vec![7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            datagram.push(u8::try_from(label.len()).unwrap());
            datagram.extend(label.bytes());
        }
        datagram.extend([0, 0, kind, 0, 1]);
        datagram
    }
}
