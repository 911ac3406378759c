//! Test requests of a browser, which show that its requests arrive at this relay.
//!
//! The relay answers them itself. They reach no other host, are not counted and are not logged.

use std::{
    collections::VecDeque,
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use meter_core::WitnessName;
use shadowsocks::relay::socks5::{Address, Reply};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::closing::{reply_bytes, say_and_close};

/// Most names that are expected at once; chosen arbitrarily, far above one for each connected
/// browser.
const EXPECTED_MAX: usize = 256;

/// How long the browser may take to send its request after the connection.
const REQUEST_MAX: Duration = Duration::from_secs(10);

/// RFC 9110 §15.3.5. The answer carries no content.
const ANSWER: &[u8] =
    b"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";

/// The names that a relay expects. The part that asks about them holds a clone.
///
/// A clone is another handle to the same names.
#[derive(Clone, Default)]
pub struct Witnesses(
    /// A std lock is enough: it is held for a search in a short list, never across an await.
    Arc<Mutex<VecDeque<Expected>>>,
);

struct Expected {
    name: WitnessName,
    arrived: bool,
}

impl Witnesses {
    /// Expects a request for this name. When more than 256 names are expected, the oldest is
    /// forgotten.
    pub fn expect(&self, name: WitnessName) {
        let mut expected = self.lock();
        if expected.len() == EXPECTED_MAX {
            expected.pop_front();
        }
        expected.push_back(Expected {
            name,
            arrived: false,
        });
    }

    /// Whether a request for this name arrived since it was expected. Forgets the name.
    #[must_use]
    pub fn take(&self, name: WitnessName) -> bool {
        let mut expected = self.lock();
        let place = expected.iter().position(|witness| witness.name == name);
        let witness = place.and_then(|place| expected.remove(place));
        witness.is_some_and(|witness| witness.arrived)
    }

    /// Notes that the name was requested. Returns whether it was expected.
    fn arrive(&self, name: WitnessName) -> bool {
        let mut expected = self.lock();
        let witness = expected.iter_mut().find(|witness| witness.name == name);
        witness.is_some_and(|witness| {
            witness.arrived = true;
            true
        })
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Expected>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The names are secret until they are requested.
impl fmt::Debug for Witnesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Witnesses(..)")
    }
}

/// The name of the witness that a client requests, on any port; `None` for every other target.
pub(crate) fn asked_for(address: &Address) -> Option<WitnessName> {
    match address {
        Address::DomainNameAddress(name, _) => WitnessName::parse(name),
        Address::SocketAddress(_) => None,
    }
}

/// Notes the arrival and then answers. So a browser that has the answer finds the arrival noted.
///
/// The answer is HTTP. A browser that used HTTPS sees a broken connection, but its request has
/// arrived. A name that is not expected is answered as a name that does not exist.
pub(crate) async fn answer(
    mut client: TcpStream,
    early: bool,
    name: WitnessName,
    witnesses: &Witnesses,
) -> io::Result<()> {
    if !witnesses.arrive(name) {
        return say_and_close(client, &reply_bytes(Reply::HostUnreachable)).await;
    }
    client.write_all(&reply_bytes(Reply::Succeeded)).await?;
    if !early {
        // Some browsers take an answer before their request for an error, so wait for the first
        // byte.
        let mut first = [0];
        drop(timeout(REQUEST_MAX, client.read(&mut first)).await);
    }
    say_and_close(client, ANSWER).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: u8) -> WitnessName {
        WitnessName::new([number; 16])
    }

    #[test]
    fn a_witness_is_seen_once_and_only_after_it_was_expected_and_came() {
        let witnesses = Witnesses::default();
        assert!(!witnesses.arrive(name(1)), "nobody waits for it");
        witnesses.expect(name(1));
        witnesses.expect(name(2));
        assert!(witnesses.arrive(name(1)));
        assert!(witnesses.clone().take(name(1)), "another handle sees it");
        assert!(!witnesses.take(name(1)), "it is forgotten");
        assert!(!witnesses.take(name(2)), "it never came");
        assert!(!witnesses.arrive(name(2)), "it is forgotten, too");
    }

    #[test]
    fn of_too_many_the_latest_are_waited_for() {
        let witnesses = Witnesses::default();
        for number in 0..=u8::MAX {
            witnesses.expect(name(number));
        }
        let mut bits = [0; 16];
        bits[0] = 1;
        witnesses.expect(WitnessName::new(bits));
        assert_eq!(witnesses.lock().len(), EXPECTED_MAX);
        assert!(!witnesses.arrive(name(0)));
        assert!(witnesses.arrive(name(1)));
    }
}
