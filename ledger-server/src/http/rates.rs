//! How often one client may ask, before it is known which device it is.
//!
//! Nothing here is counted for a device: its key is no secret, so anybody can name it, and a limit
//! before the signature would lock its owner out.

use super::{circuit_line::Circuit, limits::Limits};
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota,
    clock::{Clock as _, DefaultClock},
};
use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// After so many questions clients whose bucket is full again are forgotten.
const TIDY_EVERY: u32 = 4_096;

const HOUR: Duration = Duration::from_secs(3600);

/// Whose requests are counted together.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Client {
    Circuit(Circuit),
    Connection(u64),
}

/// Whose new accounts are counted together.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Opener {
    Circuit(Circuit),
    Address(IpAddr),
}

/// The buckets of all clients that asked recently.
#[derive(Debug)]
pub(crate) struct Rates {
    requests: DefaultKeyedRateLimiter<Client>,
    mistakes: DefaultKeyedRateLimiter<Client>,
    /// Mistakes that are answered without a wait.
    patience: DefaultKeyedRateLimiter<Client>,
    /// None if no account is opened without an invitation.
    accounts: Option<DefaultDirectRateLimiter>,
    accounts_of: DefaultKeyedRateLimiter<Opener>,
    clock: DefaultClock,
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
            patience: DefaultKeyedRateLimiter::keyed(
                Quota::per_second(NonZeroU32::MIN).allow_burst(limits.mistakes_at_once),
            ),
            accounts: NonZeroU32::new(limits.accounts_per_hour)
                .map(|all| DefaultDirectRateLimiter::direct(Quota::per_hour(all))),
            accounts_of: DefaultKeyedRateLimiter::keyed(Quota::per_hour(
                limits.accounts_per_hour_and_client,
            )),
            clock: DefaultClock::default(),
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
            for buckets in [&self.requests, &self.mistakes, &self.patience] {
                buckets.retain_recent();
                buckets.shrink_to_fit();
            }
            self.accounts_of.retain_recent();
            self.accounts_of.shrink_to_fit();
        }
        self.requests.check_key(&client).map_err(|_| TooMany)
    }

    /// Counts one signature that is not valid, or one device that is not known. `TooMany` means
    /// that this client's next request should not reach a processor.
    pub(crate) fn mistake(&self, client: Client) -> Result<(), TooMany> {
        self.mistakes.check_key(&client).map_err(|_| TooMany)
    }

    /// How long the answer to one more mistake has to wait: one second at most.
    pub(crate) fn wait_of(&self, client: Client) -> Duration {
        let now = self.clock.now();
        let checked = self.patience.check_key(&client);
        checked.map_or_else(|until| until.wait_time_from(now), |()| Duration::ZERO)
    }

    /// Counts an account that is opened without an invitation. If it may not be: how long to wait.
    ///
    /// The client's own limit comes first, so that one who has used it up uses up no more of
    /// everybody's. `opener` is `None` where nothing tells clients apart.
    pub(crate) fn account(&self, opener: Option<Opener>) -> Result<(), Duration> {
        let now = self.clock.now();
        if let Some(opener) = opener {
            let own = self.accounts_of.check_key(&opener);
            own.map_err(|until| until.wait_time_from(now))?;
        }
        let all = self.accounts.as_ref().ok_or(HOUR)?;
        all.check().map_err(|until| until.wait_time_from(now))
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
    fn after_some_mistakes_a_client_waits_and_no_other_does() {
        let rates = Rates::new(&Limits::default());
        let (one, other) = (Client::Connection(1), Client::Connection(2));
        let waits: Vec<_> = (0..5).map(|_| rates.wait_of(one)).collect();
        assert_eq!(waits[..3], [Duration::ZERO; 3]);
        let late = waits[3..].iter();
        let is_late = |wait: &&Duration| {
            **wait > Duration::from_millis(500) && **wait <= Duration::from_secs(1)
        };
        assert_eq!(late.filter(is_late).count(), 2, "{waits:?}");
        assert_eq!(rates.wait_of(other), Duration::ZERO);
    }

    #[test]
    fn one_circuit_cannot_use_up_the_accounts_of_everybody_and_all_together_can() {
        let rates = Rates::new(&Limits {
            accounts_per_hour: 10,
            accounts_per_hour_and_client: NonZeroU32::new(3).expect("positive"),
            ..Limits::default()
        });
        let circuit = |number| Some(Opener::Circuit(Circuit::of_test(number)));
        let opened = |opener| (0..50).filter(|_| rates.account(opener).is_ok()).count();
        assert_eq!(opened(circuit(1)), 3);
        assert_eq!(opened(circuit(2)), 3);
        let wait = rates.account(circuit(1)).expect_err("its own limit");
        assert!(wait > HOUR / 4 && wait <= HOUR / 3, "{wait:?}");
        assert_eq!(opened(None), 4, "what is left for everybody");
        let wait = rates.account(None).expect_err("the limit of all");
        assert!(wait > HOUR / 12 && wait <= HOUR / 10, "{wait:?}");
        let none = Rates::new(&Limits {
            accounts_per_hour: 0,
            ..Limits::default()
        });
        assert_eq!(none.account(None), Err(HOUR));
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
