//! Places for connections: how many there are, and which connection leaves when all are taken.
//!
//! Behind an onion service every connection comes from 127.0.0.1, so an address says nothing about
//! who is at the other end. Tor can name the circuit; otherwise the age of a connection decides. A
//! connection that waits for its client leaves before one whose request is being answered.

use super::{
    circuit_line::Circuit,
    limits::Limits,
    rates::{Client, Opener},
};
use std::{
    collections::{BTreeMap, HashMap},
    mem,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// Where a connection comes from, as far as the server can tell.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Source {
    Circuit(Circuit),
    Address(IpAddr),
}

/// All places.
#[derive(Debug)]
pub(crate) struct ConnectionPlaces {
    most: usize,
    most_per_circuit: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    /// By number, so the oldest comes first.
    taken: BTreeMap<u64, Taken>,
    by_source: HashMap<Source, usize>,
}

#[derive(Debug)]
struct Taken {
    source: Source,
    is_answering: bool,
    leave: CancellationToken,
}

/// The place of one connection. Dropping it frees the place.
#[derive(Debug)]
pub(crate) struct ConnectionPlace {
    places: Arc<ConnectionPlaces>,
    number: u64,
    source: Source,
    leave: CancellationToken,
    /// How long the next answer waits.
    wait: Mutex<Duration>,
}

/// Says that a request of this connection is being answered, until it is dropped.
#[derive(Debug)]
pub(crate) struct Answering(Arc<ConnectionPlace>);

impl ConnectionPlaces {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            most: limits.connections,
            most_per_circuit: limits.connections_per_circuit,
            table: Mutex::default(),
        })
    }

    /// A place for a new connection. `None` if all are taken and none of those that could leave for
    /// it waits for its client.
    pub(crate) fn take(self: &Arc<Self>, source: Source) -> Option<ConnectionPlace> {
        let mut table = self.table();
        let of_source = table.by_source.get(&source).copied().unwrap_or_default();
        if matches!(source, Source::Circuit(_)) && of_source >= self.most_per_circuit {
            table.make_room(Some(source))?;
        } else if table.taken.len() >= self.most {
            let fullest = table.fullest();
            table.make_room(fullest)?;
        }
        let number = table.next;
        table.next = number.saturating_add(1);
        let leave = CancellationToken::new();
        let taken = Taken {
            source,
            is_answering: false,
            leave: leave.clone(),
        };
        table.taken.insert(number, taken);
        *table.by_source.entry(source).or_default() += 1;
        drop(table);
        Some(ConnectionPlace {
            places: Arc::clone(self),
            number,
            source,
            leave,
            wait: Mutex::default(),
        })
    }

    /// How many places are taken.
    pub(crate) fn taken(&self) -> usize {
        self.table().taken.len()
    }

    fn table(&self) -> std::sync::MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The source with the most connections.
    fn fullest(&self) -> Option<Source> {
        let fullest = self.by_source.iter().max_by_key(|(_, count)| **count);
        fullest.map(|(source, _)| *source)
    }

    /// Closes the oldest connection of `source` that waits for its client.
    fn make_room(&mut self, source: Option<Source>) -> Option<()> {
        let oldest = self.taken.iter().find(|(_, taken)| {
            !taken.is_answering && source.is_none_or(|source| taken.source == source)
        });
        let number = *oldest?.0;
        self.free(number)?.leave.cancel();
        Some(())
    }

    fn free(&mut self, number: u64) -> Option<Taken> {
        let taken = self.taken.remove(&number)?;
        if let Some(count) = self.by_source.get_mut(&taken.source) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.by_source.remove(&taken.source);
            }
        }
        Some(taken)
    }
}

impl ConnectionPlace {
    /// Is cancelled when this connection has to close because another one needs its place.
    pub(crate) fn leave(&self) -> &CancellationToken {
        &self.leave
    }

    /// Makes the answer that comes next wait so long.
    pub(crate) fn hold_answer(&self, wait: Duration) {
        *self.wait.lock().unwrap_or_else(PoisonError::into_inner) = wait;
    }

    /// How long the answer has to wait, if it has to.
    pub(crate) fn take_wait(&self) -> Option<Duration> {
        let wait = mem::take(&mut *self.wait.lock().unwrap_or_else(PoisonError::into_inner));
        (!wait.is_zero()).then_some(wait)
    }

    /// Whose requests these are, for the limits that hold before a signature is known.
    pub(crate) fn client(&self) -> Client {
        match self.source {
            Source::Circuit(circuit) => Client::Circuit(circuit),
            Source::Address(_) => Client::Connection(self.number),
        }
    }

    /// Whose new accounts these are. `None` for this computer: behind an onion service or a proxy
    /// everybody comes from there.
    pub(crate) fn opener(&self) -> Option<Opener> {
        match self.source {
            Source::Circuit(circuit) => Some(Opener::Circuit(circuit)),
            Source::Address(address) => of_network(address).map(Opener::Address),
        }
    }

    /// Marks the connection: its client has sent a whole request.
    pub(crate) fn answering(self: &Arc<Self>) -> Answering {
        self.mark(true);
        Answering(Arc::clone(self))
    }

    fn mark(&self, is_answering: bool) {
        if let Some(taken) = self.places.table().taken.get_mut(&self.number) {
            taken.is_answering = is_answering;
        }
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.places.table().free(self.number);
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.mark(false);
    }
}

/// The address, or the network of one subscriber where one has many (IPv6, 64 bits).
fn of_network(address: IpAddr) -> Option<IpAddr> {
    match address.to_canonical() {
        address if address.is_loopback() => None,
        IpAddr::V4(address) => Some(address.into()),
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            Some(Ipv6Addr::from_bits(network).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const LOOPBACK: Source = Source::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));

    fn places(connections: usize) -> Arc<ConnectionPlaces> {
        ConnectionPlaces::new(&Limits {
            connections,
            connections_per_circuit: 2,
            ..Limits::default()
        })
    }

    fn take(places: &Arc<ConnectionPlaces>, source: Source) -> Arc<ConnectionPlace> {
        Arc::new(places.take(source).expect("a place"))
    }

    fn circuit(number: u32) -> Source {
        Source::Circuit(Circuit::of_test(number))
    }

    #[test]
    fn accounts_are_counted_by_circuit_or_network_and_never_for_this_computer() {
        let of = |text: &str| of_network(text.parse().expect("an address"));
        for here in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(of(here), None, "{here}");
        }
        assert_eq!(of("2001:db8::1:2:3:4"), of("2001:db8::ffff"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        let places = places(2);
        let place = take(&places, circuit(7));
        assert_eq!(place.opener(), Some(Opener::Circuit(Circuit::of_test(7))));
        assert_eq!(take(&places, LOOPBACK).opener(), None);
    }

    #[test]
    fn when_all_places_are_taken_the_oldest_that_waits_leaves() {
        let places = places(3);
        let taken: Vec<_> = (0..3).map(|_| take(&places, LOOPBACK)).collect();
        let answering = taken[0].answering();
        let further = take(&places, LOOPBACK);
        assert!(!taken[0].leave().is_cancelled(), "it is being answered");
        assert!(taken[1].leave().is_cancelled(), "the oldest that waits");
        assert!(!taken[2].leave().is_cancelled() && !further.leave().is_cancelled());
        drop(answering);
        let _next = take(&places, LOOPBACK);
        assert!(taken[0].leave().is_cancelled(), "its answer is complete");
        assert_eq!(places.taken(), 3);
        drop((taken, further));
        assert_eq!(places.taken(), 1, "a place is freed once");
    }

    #[test]
    fn the_source_with_the_most_connections_gives_a_place_to_the_others() {
        let places = places(4);
        let early = take(&places, circuit(1));
        let many: Vec<_> = (0..3).map(|_| take(&places, LOOPBACK)).collect();
        let _late = take(&places, circuit(2));
        assert!(!early.leave().is_cancelled());
        assert!(many[0].leave().is_cancelled());
    }

    #[test]
    fn one_circuit_has_its_own_limit_and_closes_its_own_connections() {
        let places = places(100);
        let other = take(&places, circuit(1));
        let own: Vec<_> = (0..5).map(|_| take(&places, circuit(2))).collect();
        let open = own.iter().filter(|place| !place.leave().is_cancelled());
        assert_eq!(open.count(), 2);
        assert!(!other.leave().is_cancelled());
    }

    #[test]
    fn when_every_request_is_being_answered_a_further_connection_is_refused() {
        let places = places(2);
        let taken: Vec<_> = (0..2).map(|_| take(&places, LOOPBACK)).collect();
        let answering: Vec<_> = taken.iter().map(ConnectionPlace::answering).collect();
        assert!(places.take(LOOPBACK).is_none());
        drop(answering);
        assert!(places.take(LOOPBACK).is_some());
    }
}
