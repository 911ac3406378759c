//! Judges what a ledger says: each signature, each rule between a receipt and its report, and each
//! sum.

use crate::{batch::Batch, message::Answer};
use meter_core::{
    AnswerError, Answered, AnsweredReport, ChainCondition, ChainEnd, ChainHead, ChainState,
    ContradictionKind, LedgerKeys, LinkHash, Receipt, ReceiptHead, SessionReport, Signed, Verified,
    VerifyError,
};

/// What the answers to a batch come down to.
pub(crate) struct Judged {
    /// The receipts from the first answer on that hold.
    pub(crate) good: Vec<AnsweredReport>,
    /// What comes after them.
    pub(crate) then: Then,
}

/// What comes after the last good receipt of a batch.
#[derive(Debug)]
pub(crate) enum Then {
    /// Nothing: all were good.
    Done,
    /// A receipt that names a key that is not known here.
    UnknownKey,
    /// A receipt that the key that it names did not sign.
    Unsigned,
    /// The ledger contradicts itself: one of its keys signed this.
    Contradiction(ContradictionKind, Vec<u8>),
    /// The ledger has the chain elsewhere.
    Conflict(Box<Signed<ChainState>>),
    /// The ledger refuses a report for its bytes.
    Refused { sequence: u64, code: String },
    /// Nothing was stored.
    Busy,
    /// The device is not known.
    UnknownDevice,
    /// This is not an answer.
    Unreadable,
}

/// Where the ledger has a chain, compared with the files here.
pub(crate) enum Standing {
    /// It has what was answered, and maybe more of the same reports.
    Same,
    /// It was restored from an older copy, and has the reports up to this one.
    Behind { sequence: u64, link: LinkHash },
    /// Its history is another one, or it takes no more of this one.
    Ended(ChainEnd),
    /// It names a key that is not known here.
    UnknownKey,
    /// The key that it names did not sign it.
    Unsigned,
    /// The ledger contradicts itself: one of its keys signed this.
    Contradiction(ContradictionKind, Vec<u8>),
    /// The book gave no report for the number.
    Unknown,
}

/// Judges the answers to a batch, in order, up to the first one that is no good receipt. `before`
/// is the head of the receipts before the batch; while receipts are given back, each must be the
/// one that went with its report.
pub(crate) fn answers(
    keys: &LedgerKeys,
    before: ReceiptHead,
    batch: &Batch,
    answers: Vec<Answer>,
) -> Judged {
    let mut good = Vec::new();
    let mut head = before;
    if answers.len() != batch.reports().len() {
        let then = Then::Unreadable;
        return Judged { good, then };
    }
    let mut receipts = batch.receipts().iter();
    for (report, answer) in batch.reports().iter().zip(answers) {
        let own = receipts.next();
        let sequence = report.value().sequence;
        let then = match answer {
            Answer::Receipt(receipt) => match receipt_for(keys, head, report, &receipt, own) {
                Ok((receipt, after)) => {
                    head = after;
                    let report = report.clone();
                    good.push(AnsweredReport { report, receipt });
                    continue;
                }
                Err(then) => then,
            },
            Answer::Conflict(state) => Then::Conflict(state),
            Answer::Refused(code) => Then::Refused { sequence, code },
            Answer::Busy => Then::Busy,
            Answer::UnknownDevice => Then::UnknownDevice,
            Answer::Unreadable => Then::Unreadable,
        };
        return Judged { good, then };
    }
    let then = Then::Done;
    Judged { good, then }
}

fn receipt_for(
    keys: &LedgerKeys,
    head: ReceiptHead,
    report: &Verified<SessionReport>,
    signed: &Signed<Receipt>,
    own: Option<&Signed<Receipt>>,
) -> Result<(Verified<Receipt>, ReceiptHead), Then> {
    let evidence = || [bytes(signed), bytes(report.signed())].concat();
    let contradicts = |kind| Then::Contradiction(kind, evidence());
    if keys.is_of_unknown_key(signed) {
        return Err(Then::UnknownKey);
    }
    let receipt = keys
        .verify(signed.clone())
        .map_err(|error| match is_unsigned(&error) {
            true => Then::Unsigned,
            false => contradicts(ContradictionKind::Rule),
        })?;
    match receipt.value().answers(report.value()) {
        Ok(()) => {}
        Err(AnswerError::OtherReport) => return Err(contradicts(ContradictionKind::OtherReport)),
        Err(_) => return Err(contradicts(ContradictionKind::Rule)),
    }
    if let Some(own) = own {
        if own.body() == signed.body() {
            return Ok((receipt, head));
        }
        let both = [bytes(signed), bytes(own), bytes(report.signed())].concat();
        return Err(Then::Contradiction(ContradictionKind::Second, both));
    }
    match head.follow(receipt.value()) {
        Ok(after) => Ok((receipt, after)),
        Err(_) => Err(contradicts(ContradictionKind::Order)),
    }
}

/// Judges where the ledger has the chain. `ours` is the link hash of the book's report with the
/// number that the ledger names.
pub(crate) fn standing(
    keys: &LedgerKeys,
    head: &ChainHead,
    settled: &Answered,
    signed: &Signed<ChainState>,
    ours: Option<LinkHash>,
) -> Standing {
    let contradicts = |kind| Standing::Contradiction(kind, bytes(signed));
    if keys.is_of_unknown_key(signed) {
        return Standing::UnknownKey;
    }
    let state = match keys.verify(signed.clone()) {
        Ok(state) => state,
        Err(error) if is_unsigned(&error) => return Standing::Unsigned,
        Err(_) => return contradicts(ContradictionKind::Rule),
    };
    let state = state.value();
    if (state.device, state.chain) != (head.key, head.chain) {
        return contradicts(ContradictionKind::OtherReport);
    }
    if state.condition == ChainCondition::Frozen {
        return Standing::Ended(ChainEnd::Frozen);
    }
    if state.sequence > head.sequence {
        return Standing::Ended(ChainEnd::Ahead);
    }
    let Some(ours) = ours else {
        return Standing::Unknown;
    };
    if ours != state.link {
        return Standing::Ended(ChainEnd::Split);
    }
    if state.sequence < settled.start {
        return Standing::Ended(ChainEnd::Forgotten);
    }
    if state.sequence < settled.sequence {
        let (sequence, link) = (state.sequence, state.link);
        return Standing::Behind { sequence, link };
    }
    // Where the ledger has more reports answered, its total is at least ours.
    let same_place = state.sequence == settled.sequence;
    let is_ours = if same_place {
        state.awarded_total == settled.awarded_total
    } else {
        state.awarded_total >= settled.awarded_total
    };
    if is_ours {
        Standing::Same
    } else {
        contradicts(ContradictionKind::Total)
    }
}

/// Whether the ledger did not sign it, as opposed to: it signed what breaks a rule.
const fn is_unsigned<E>(error: &VerifyError<E>) -> bool {
    matches!(error, VerifyError::Signature | VerifyError::Key)
}

/// Body and signature.
pub(crate) fn bytes<T>(signed: &Signed<T>) -> Vec<u8> {
    [signed.body(), signed.signature()].concat()
}
