//! Devices, and the reports that they signed before a measurement begins.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

use meter_testkit::device::Device;

/// Length of a report with its signature, as it is sent and stored.
pub(crate) const RECORD: usize = 264;

/// A device with reports that wait to be sent.
pub(crate) struct Person {
    pub(crate) device: Device,
    waiting: Vec<[u8; RECORD]>,
    /// How many of `waiting` the ledger has taken.
    taken: usize,
}

/// Many devices.
pub(crate) struct Crowd(Vec<Mutex<Person>>);

impl Person {
    /// The next `count` reports in one body, fewer where fewer wait.
    pub(crate) fn next(&self, count: usize) -> Vec<u8> {
        let next = self.waiting.iter().skip(self.taken).take(count);
        next.flatten().copied().collect()
    }

    /// Whether a report waits.
    pub(crate) fn has_more(&self) -> bool {
        self.taken < self.waiting.len()
    }

    /// The ledger has taken so many more.
    pub(crate) fn took(&mut self, count: usize) {
        self.taken += count;
    }

    /// Signs until `count` reports wait.
    pub(crate) fn sign(&mut self, count: usize) {
        self.waiting.drain(..self.taken.min(self.waiting.len()));
        self.taken = 0;
        while self.waiting.len() < count {
            let report = self.device.report(1, 1);
            let signed = report.signed();
            let mut record = [0; RECORD];
            let (body, signature) = record.split_at_mut(signed.body().len());
            body.copy_from_slice(signed.body());
            signature.copy_from_slice(signed.signature());
            self.waiting.push(record);
        }
    }
}

impl Crowd {
    /// The devices with these numbers.
    pub(crate) fn numbered(numbers: std::ops::Range<u64>) -> Self {
        let person = |number| {
            Mutex::new(Person {
                device: Device::numbered(number),
                waiting: Vec::new(),
                taken: 0,
            })
        };
        Self(numbers.map(person).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The person with this number, from 0.
    pub(crate) fn person(&self, number: usize) -> MutexGuard<'_, Person> {
        lock(&self.0[number])
    }

    /// Signs on all processors until `count` reports of each device wait.
    pub(crate) fn sign(&self, count: usize) {
        let threads = processors();
        thread::scope(|scope| {
            for part in self.0.chunks(self.0.len().div_ceil(threads)) {
                scope.spawn(move || {
                    for person in part {
                        lock(person).sign(count);
                    }
                });
            }
        });
    }

    /// Some waiting reports of all devices.
    pub(crate) fn sample(&self, count: usize) -> Vec<[u8; RECORD]> {
        let each = count.div_ceil(self.len());
        let people = (0..self.len()).map(|number| self.person(number));
        let some = |person: MutexGuard<'_, Person>| {
            let some = person.waiting.iter().take(each);
            some.copied().collect::<Vec<_>>()
        };
        people.flat_map(some).take(count).collect()
    }
}

fn lock(person: &Mutex<Person>) -> MutexGuard<'_, Person> {
    person.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many processors there are.
pub(crate) fn processors() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
