//! Why a session was credited with less than it claimed, in words.

use meter_core::{Reason, Reasons};

/// One reason of a receipt, for the person whose session it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ReasonText {
    /// A few words for a label.
    pub words: &'static str,
    /// One sentence.
    pub sentence: &'static str,
}

/// The texts of all reasons of a receipt.
pub(super) fn texts(reasons: Reasons) -> Vec<ReasonText> {
    reasons.iter().map(text).collect()
}

fn text(reason: Reason) -> ReasonText {
    let (words, sentence) = match reason {
        Reason::TimeBudget => (
            "time budget used up",
            "An account is credited for at most the time that has passed on this ledger's clock, \
             so two devices at the same time count once.",
        ),
        Reason::ByteBudget => (
            "byte budget used up",
            "The bytes that the policy credits per day were used up; more become available with \
             every minute.",
        ),
        Reason::BeforeEnrolment => (
            "before enrolment",
            "A part of this session was before the device was enrolled here. This ledger credits \
             what came after.",
        ),
        Reason::SessionCap => (
            "longest session exceeded",
            "One session is credited up to the longest duration that the policy allows.",
        ),
    };
    ReasonText { words, sentence }
}
