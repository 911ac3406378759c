//! How often one device may ask or submit reports, counted after its signature.
//!
//! Only devices that are enrolled are counted, and only for as long as their bucket is not full
//! again, so the memory is bounded by the devices that asked recently.

use governor::{DefaultKeyedRateLimiter, Quota};
use meter_core::DeviceKey;
use std::{
    num::NonZeroU32,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// After so many questions, devices whose bucket is full again are forgotten.
const TIDY_EVERY: u32 = 4_096;

/// The buckets of all devices that asked recently.
#[derive(Debug)]
pub(crate) struct DeviceRates {
    buckets: RwLock<Arc<Buckets>>,
    counted: AtomicU32,
}

#[derive(Debug)]
struct Buckets {
    per_minute: u32,
    by_device: DefaultKeyedRateLimiter<DeviceKey>,
}

impl Buckets {
    fn new(per_minute: u32) -> Arc<Self> {
        let quota = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        Arc::new(Self {
            per_minute,
            by_device: DefaultKeyedRateLimiter::keyed(Quota::per_minute(quota)),
        })
    }
}

impl DeviceRates {
    pub(crate) fn new() -> Self {
        Self {
            buckets: RwLock::new(Buckets::new(1)),
            counted: AtomicU32::new(0),
        }
    }

    /// Counts one report or request of a device whose signature was checked. `false`: it has to
    /// wait.
    pub(crate) fn allows(&self, device: DeviceKey, per_minute: u32) -> bool {
        let buckets = self.buckets(per_minute);
        if self
            .counted
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(TIDY_EVERY)
        {
            buckets.by_device.retain_recent();
            buckets.by_device.shrink_to_fit();
        }
        buckets.by_device.check_key(&device).is_ok()
    }

    /// Another number begins with full buckets.
    fn buckets(&self, per_minute: u32) -> Arc<Buckets> {
        let present = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        if present.per_minute == per_minute {
            return present.clone();
        }
        drop(present);
        let mut present = self.buckets.write().unwrap_or_else(PoisonError::into_inner);
        if present.per_minute != per_minute {
            *present = Buckets::new(per_minute);
        }
        present.clone()
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        let present = self.buckets.read().unwrap_or_else(PoisonError::into_inner);
        present.by_device.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u64) -> DeviceKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        DeviceKey(key)
    }

    #[test]
    fn each_device_has_its_own_bucket_of_the_policys_size() {
        let rates = DeviceRates::new();
        let taken = |number| (0..50).filter(|_| rates.allows(device(number), 20)).count();
        assert_eq!((taken(1), taken(2)), (20, 20));
        assert!(rates.allows(device(1), 40), "another number holds at once");
    }

    #[test]
    fn a_device_that_stopped_asking_is_forgotten() {
        let rates = DeviceRates::new();
        // One of 60,000 a minute is forgotten after a millisecond.
        let most = (0..100_000).map(|number| {
            rates.allows(device(number), 60_000);
            rates.remembered()
        });
        let most = most.max().expect("some");
        assert!(most < 90_000, "{most} devices are remembered");
    }
}
