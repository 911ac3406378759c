//! What is known by witnesses: requests of our own that have to arrive at the relay.

use meter_wire::WitnessText;

/// What is known by witnesses, and the one that is under way.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// The relay's port that this is about.
    pub(super) port: Option<u16>,
    pub(super) verdict: Verdict,
    /// Numbers the witnesses, so that what an earlier one brings is not believed.
    pub(super) number: u32,
    pub(super) round: Option<Round>,
    /// Witnesses in a row that did not arrive.
    pub(super) misses: u8,
    /// Another one is due.
    pub(super) due: bool,
    /// But not before its time: it is to decide about the one before.
    pub(super) rests: bool,
}

/// One witness under way.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Round {
    /// Once the host has given it out.
    pub(super) name: Option<WitnessText>,
}

/// What the last witnesses say.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Verdict {
    /// Nothing yet.
    #[default]
    Open,
    /// Requests reach the relay.
    Arrived,
    /// They do not, or not all.
    Lost,
    /// The browser makes no further connections.
    Full {
        /// Connections that are open.
        connections: u32,
    },
    /// The host knows no witnesses.
    Unknown,
}

impl Witness {
    /// What the last witnesses say.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether nothing is known yet, or nothing but that requests arrive.
    pub(super) const fn is_untouched(&self) -> bool {
        matches!(self.verdict, Verdict::Open | Verdict::Arrived) && self.misses == 0
    }

    /// The next round is due, whatever the last one said.
    pub(super) const fn again(&mut self) {
        self.due = true;
    }

    /// Everything is to be found out anew.
    pub(super) fn reset(&mut self, port: Option<u16>) {
        *self = Self {
            port,
            number: self.number,
            due: true,
            ..Self::default()
        };
    }
}
