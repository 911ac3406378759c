//! Why a ledger awarded less than a report claims.

/// One reason why a ledger awarded less than a report claims. Every reason is a rule of the
/// ledger's policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// The account claimed more time than has passed on the ledger's clock.
    TimeBudget,
    /// The account claimed more bytes than the policy's allowance.
    ByteBudget,
    /// Part of the time was before the device was enrolled.
    BeforeEnrolment,
    /// The session is longer than the policy's longest.
    SessionCap,
}

/// A set of [`Reason`]s.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reasons(u16);

impl Reason {
    /// Every reason, by ascending bit.
    pub const ALL: [Self; 4] = [
        Self::TimeBudget,
        Self::ByteBudget,
        Self::BeforeEnrolment,
        Self::SessionCap,
    ];

    /// Its name in JSON and in `docs/spec/receipt.md`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TimeBudget => "time-budget",
            Self::ByteBudget => "byte-budget",
            Self::BeforeEnrolment => "before-enrolment",
            Self::SessionCap => "session-cap",
        }
    }

    const fn bit(self) -> u16 {
        match self {
            Self::TimeBudget => 1,
            Self::ByteBudget => 2,
            Self::BeforeEnrolment => 4,
            Self::SessionCap => 8,
        }
    }

    /// Whether it explains a smaller duration; the others explain fewer bytes.
    pub(super) fn is_of_time(self) -> bool {
        self != Self::ByteBudget
    }
}

impl Reasons {
    /// No reason: everything claimed was awarded.
    pub const NONE: Self = Self(0);

    /// Takes the two bytes of a receipt; `None` if a bit is set that stands for no reason.
    #[must_use]
    pub fn from_bits(bits: u16) -> Option<Self> {
        let known = Reason::ALL.iter().fold(0, |known, one| known | one.bit());
        (bits & !known == 0).then_some(Self(bits))
    }

    /// The two bytes of a receipt.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// This set and `reason`.
    #[must_use]
    pub const fn with(self, reason: Reason) -> Self {
        Self(self.0 | reason.bit())
    }

    /// Whether `reason` is in this set.
    #[must_use]
    pub const fn contains(self, reason: Reason) -> bool {
        self.0 & reason.bit() != 0
    }

    /// The reasons of this set, by ascending bit.
    pub fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL
            .into_iter()
            .filter(move |&reason| self.contains(reason))
    }
}

impl FromIterator<Reason> for Reasons {
    fn from_iter<T: IntoIterator<Item = Reason>>(reasons: T) -> Self {
        reasons.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_one_bit_and_no_other_bit_is_accepted() {
        let bits: Vec<_> = Reason::ALL
            .iter()
            .map(|&one| Reasons::NONE.with(one).bits())
            .collect();
        assert_eq!(bits, [1, 2, 4, 8]);
        for bits in 0..=u16::MAX {
            let reasons = Reasons::from_bits(bits);
            assert_eq!(reasons.is_some(), bits < 16, "{bits}");
            if let Some(reasons) = reasons {
                assert_eq!(reasons.iter().collect::<Reasons>(), reasons);
                assert_eq!(reasons.bits(), bits);
            }
        }
    }
}
