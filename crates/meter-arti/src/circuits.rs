//! The open connections and their circuits, for queries. Holds no address.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use meter_embedded::{EmbeddedCircuit, EmbeddedPath};

/// The open connections. There are never more than the SOCKS socket serves.
#[derive(Clone, Debug, Default)]
pub(crate) struct Circuits(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    next: u64,
    open: BTreeMap<u64, (EmbeddedCircuit, EmbeddedPath)>,
}

/// The entry of one connection. Dropping it removes the connection from the table.
#[derive(Debug)]
pub(crate) struct Entry {
    circuits: Circuits,
    number: u64,
}

impl Circuits {
    pub(crate) fn enter(&self, circuit: EmbeddedCircuit, path: EmbeddedPath) -> Entry {
        let mut table = self.table();
        let number = table.next;
        table.next = number.wrapping_add(1);
        table.open.insert(number, (circuit, path));
        Entry {
            circuits: self.clone(),
            number,
        }
    }

    pub(crate) fn in_use(&self) -> Vec<EmbeddedCircuit> {
        let table = self.table();
        table
            .open
            .values()
            .map(|(circuit, _)| circuit.clone())
            .collect()
    }

    /// The relays of the newest connection in a group.
    pub(crate) fn path_of(&self, group: u64) -> Option<EmbeddedPath> {
        let table = self.table();
        let mut newest_first = table.open.values().rev();
        let found = newest_first.find(|(circuit, _)| circuit.group == group);
        found.map(|(_, path)| path.clone())
    }

    /// The lock is held for one access to a map, and never across an await.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.circuits.table().open.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_listed_as_long_as_it_lives() {
        let circuits = Circuits::default();
        let circuit = |group| EmbeddedCircuit {
            group,
            circuit: "c".into(),
        };
        let path = |relay: &str| EmbeddedPath {
            relays: vec![relay.to_owned()],
            onion: false,
        };
        let first = circuits.enter(circuit(1), path("a"));
        let second = circuits.enter(circuit(2), path("b"));
        let newer = circuits.enter(circuit(2), path("c"));
        assert_eq!(circuits.path_of(2), Some(path("c")));
        drop(newer);
        assert_eq!(circuits.path_of(2), Some(path("b")));
        assert_eq!(circuits.path_of(3), None);
        drop(first);
        assert_eq!(circuits.in_use(), [circuit(2)]);
        drop(second);
        assert_eq!(circuits.in_use(), []);
    }
}
