//! The results of witnesses: test requests of ours that must arrive at the relay.

use meter_wire::WitnessText;

/// The results of witnesses so far, and the witness in progress.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// The relay's port in question.
    pub(super) port: Option<u16>,
    pub(super) verdict: Verdict,
    /// Numbers the witnesses, so that late answers about an earlier one are ignored.
    pub(super) number: u32,
    pub(super) round: Option<Round>,
    /// Witnesses in a row that did not arrive.
    pub(super) misses: u8,
    /// Another witness is due.
    pub(super) due: bool,
    /// The next witness must wait for its time, because it decides about the last one.
    pub(super) rests: bool,
}

/// A witness in progress.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    /// The name, once the host has sent it.
    pub(super) name: Option<WitnessText>,
}

/// The result of the last witnesses.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Verdict {
    /// No result yet.
    #[default]
    Open,
    /// Requests reach the relay.
    Arrived,
    /// Requests do not arrive, or not all of them.
    Lost,
    /// The browser makes no more connections.
    Full {
        /// Connections that are open.
        connections: u32,
    },
    /// The host does not support witnesses.
    Unknown,
}

impl Witness {
    /// The result of the last witnesses.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether there is no result, or the only result is that requests arrive.
    pub(super) const fn is_untouched(&self) -> bool {
        matches!(self.verdict, Verdict::Open | Verdict::Arrived) && self.misses == 0
    }

    /// Makes the next witness due, whatever the last result was.
    pub(super) const fn again(&mut self) {
        self.due = true;
    }

    /// Starts again without results.
    pub(super) fn reset(&mut self, port: Option<u16>) {
        *self = Self {
            port,
            number: self.number,
            due: true,
            ..Self::default()
        };
    }
}
