//! How often one client may ask, before it is known which device it is.
//!
//! Nothing here is counted for a device: its key is no secret, so anybody can name it, and a limit
//! before the signature would lock its owner out.

use super::{circuit_line::Circuit, limits::Limits};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
};

/// After so many questions clients whose bucket is full again are forgotten.
const TIDY_EVERY: u32 = 4_096;

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Client {
    Circuit(Circuit),
    Connection(u64),
}

/// The buckets of all clients that asked lately.
#[derive(Debug)]
pub(crate) struct Rates {
    requests: DefaultKeyedRateLimiter<Client>,
    mistakes: DefaultKeyedRateLimiter<Client>,
    asked: AtomicU32,
}

/// The client has asked too often.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TooMany;

impl Rates {
    pub(crate) fn new(limits: &Limits) -> Self {
        let per_second = limits.requests_per_second;
        let twice = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(1));
        let requests = Quota::per_second(per_second).allow_burst(twice);
        Self {
            requests: DefaultKeyedRateLimiter::keyed(requests),
            mistakes: DefaultKeyedRateLimiter::keyed(Quota::per_minute(limits.mistakes_per_minute)),
            asked: AtomicU32::new(0),
        }
    }

    /// Counts one request.
    pub(crate) fn request(&self, client: Client) -> Result<(), TooMany> {
        if self
            .asked
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(TIDY_EVERY)
        {
            for buckets in [&self.requests, &self.mistakes] {
                buckets.retain_recent();
                buckets.shrink_to_fit();
            }
        }
        self.requests.check_key(&client).map_err(|_| TooMany)
    }

    /// Counts one signature that is not valid, or one device that is not known. `TooMany` means
    /// that this client's next request should not reach a processor.
    pub(crate) fn mistake(&self, client: Client) -> Result<(), TooMany> {
        self.mistakes.check_key(&client).map_err(|_| TooMany)
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.requests.len().max(self.mistakes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates() -> Rates {
        Rates::new(&Limits {
            requests_per_second: NonZeroU32::new(10_000).expect("positive"),
            mistakes_per_minute: NonZeroU32::new(3).expect("positive"),
            ..Limits::default()
        })
    }

    #[test]
    fn one_client_that_makes_mistakes_stops_no_other() {
        let rates = rates();
        let (one, other) = (Client::Connection(1), Client::Connection(2));
        let allowed = (0..100).filter(|_| rates.mistake(one).is_ok()).count();
        assert_eq!(allowed, 3);
        rates.mistake(other).expect("its own bucket");
    }

    #[test]
    fn a_client_that_stopped_asking_is_forgotten() {
        let rates = rates();
        let most = (0..200_000_u64).map(|number| {
            rates
                .request(Client::Connection(number))
                .expect("its first");
            rates.remembered()
        });
        let most = most.max().expect("some");
        assert!(most < 100_000, "{most} clients are remembered");
    }
}
