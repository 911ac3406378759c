//! Asks relays for the time, to check this computer's clock. Every relay sends its own time in its
//! greeting, signed with its key, even if its certificates seem expired. Arti publishes the time
//! only after eight relays have sent it.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::Duration,
};

use arti_client::config::{BridgeConfigBuilder, TorClientConfig};
use futures_util::future::join_all;
use meter_embedded::EmbeddedWay;
use tor_chanmgr::ChannelUsage;
use tor_dircommon::fallback::FallbackList;
use tor_linkspec::OwnedChanTarget;
use tor_proto::ClockSkew;

use crate::socks::Client;

/// The relays to ask. They are always relays that Arti itself would try first, by the same way.
pub(crate) struct Clock(Vec<OwnedChanTarget>);

impl Clock {
    /// Chooses some of the bridges if bridges are the way, else some of the relays that `config`
    /// names.
    pub(crate) fn of(config: &TorClientConfig, way: &EmbeddedWay) -> Self {
        let fallbacks: &FallbackList = config.as_ref();
        let mut relays: Vec<_> = match way {
            EmbeddedWay::Bridges { lines, .. } => {
                lines.iter().filter_map(|line| bridge(line)).collect()
            }
            EmbeddedWay::Straight | EmbeddedWay::Proxy { .. } => fallbacks
                .iter()
                .map(OwnedChanTarget::from_chan_target)
                .collect(),
        };
        // Choose randomly, so that not every user asks the same few relays.
        if let Some(start) = random().checked_rem(relays.len()) {
            relays.rotate_left(start);
        }
        relays.truncate(ASKED);
        Self(relays)
    }

    /// Asks for the time, over open connections where there are any. Returns seconds, positive if
    /// this computer is ahead; `None` if no relay answered.
    pub(crate) async fn skew_s(&self, client: &Client) -> Option<i64> {
        let channels = client.chanmgr().ok()?;
        let answers = self.0.iter().map(async |relay| {
            match channels.get_or_launch(relay, ChannelUsage::Dir).await {
                Ok((channel, _)) => Some(channel.clock_skew()),
                Err(error) => error.clock_skew(),
            }
        });
        let answers = join_all(answers).await;
        middle(answers.into_iter().flatten().map(seconds).collect())
    }
}

fn bridge(line: &str) -> Option<OwnedChanTarget> {
    let bridge: BridgeConfigBuilder = line.parse().ok()?;
    Some(OwnedChanTarget::from_chan_target(&bridge.build().ok()?))
}

fn random() -> usize {
    // Only the upper bound matters: fewer relays than that are known.
    usize::try_from(RandomState::new().hash_one(()) >> 33).unwrap_or_default()
}

fn seconds(skew: ClockSkew) -> i64 {
    let whole = |by: Duration| i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
    match skew {
        ClockSkew::Slow(by) => -whole(by),
        ClockSkew::None => 0,
        ClockSkew::Fast(by) => whole(by),
    }
}

/// The middle answer by size, or the smaller of two. So one relay that is wrong or lies has no
/// effect.
fn middle(mut answers: Vec<i64>) -> Option<i64> {
    answers.sort_unstable_by_key(|seconds| seconds.unsigned_abs());
    let last = answers.len().checked_sub(1)?;
    answers.get(last / 2).copied()
}

/// The smallest number in which a single wrong answer is outvoted.
const ASKED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_relay_is_believed_and_of_several_the_middle() {
        for (answers, expected) in [
            (&[][..], None),
            (&[-7_200], Some(-7_200)),
            (&[86_400, 0], Some(0)),
            (&[0, 86_400, 1], Some(1)),
            (&[259_200, 0, 259_201], Some(259_200)),
        ] {
            assert_eq!(middle(answers.to_vec()), expected, "{answers:?}");
        }
    }

    #[test]
    fn a_clock_ahead_is_positive() {
        let hours = Duration::from_hours(2);
        assert_eq!(seconds(ClockSkew::Fast(hours)), 7_200);
        assert_eq!(seconds(ClockSkew::Slow(hours)), -7_200);
        assert_eq!(seconds(ClockSkew::None), 0);
    }
}
