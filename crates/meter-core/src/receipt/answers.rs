//! The rules between a receipt and its report, and between two receipts of one chain.

use super::{Reason, Receipt, ReceiptChainError, ReceiptHead};
use crate::SessionReport;

/// Why a receipt is not the answer to a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum AnswerError {
    /// The receipt names another report: key, chain, sequence number or link hash differ.
    #[error("the receipt answers another report")]
    OtherReport,
    /// The ledger applied another tariff than the report.
    #[error("the receipt applies another tariff than the report")]
    Tariff,
    /// The ledger awarded more time or bytes than the report claims.
    #[error("the receipt awards more than the report claims")]
    MoreThanClaimed,
    /// The ledger awarded less than the report claims and gives no reason for it.
    #[error("the receipt awards less than the report claims and does not say why")]
    Unexplained,
    /// The receipt gives a reason for awarding less, but everything was awarded.
    #[error("the receipt says why it awards less than the report claims, but it does not")]
    NeedlessReason,
}

impl Receipt {
    /// Checks that this receipt answers `report`, and that the ledger kept the rules that a
    /// stranger can check: not more than claimed, and a reason exactly where it is less.
    ///
    /// # Errors
    /// When it answers another report or breaks one of these rules.
    pub fn answers(&self, report: &SessionReport) -> Result<(), AnswerError> {
        let named = (self.device, self.chain, self.sequence, self.link);
        if named != (report.key, report.chain, report.sequence, report.link()) {
            return Err(AnswerError::OtherReport);
        }
        if self.tariff != report.tariff {
            return Err(AnswerError::Tariff);
        }
        // A decoded report has a sum of bytes below the limit: its amount contains it.
        let bytes = report.bytes();
        if self.awarded_duration > report.duration || self.awarded_bytes > bytes {
            return Err(AnswerError::MoreThanClaimed);
        }
        let pairs = [
            (
                self.awarded_duration < report.duration,
                self.reasons.iter().any(Reason::is_of_time),
            ),
            (
                self.awarded_bytes < bytes,
                self.reasons.contains(Reason::ByteBudget),
            ),
        ];
        if pairs.contains(&(true, false)) {
            Err(AnswerError::Unexplained)
        } else if pairs.contains(&(false, true)) {
            Err(AnswerError::NeedlessReason)
        } else {
            Ok(())
        }
    }

    /// Checks that this receipt is the next one after `before` in its chain. The ledger's key may
    /// differ: see [`KeyChange`](crate::KeyChange).
    ///
    /// # Errors
    /// When it belongs to another chain, is not the next one, or its total is not the sum.
    pub fn follows(&self, before: &Self) -> Result<(), ReceiptChainError> {
        ReceiptHead::of(before).follow(self).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Amount, ByteCount, ChainHead, ChainId, DeviceKey, DurationMs, LedgerKey, LinkHash,
        PolicyNumber, Reasons, SessionTotals, Tariff, TariffId, UnixMs,
    };

    fn report() -> SessionReport {
        let head = ChainHead::genesis(ChainId([1; 16]), DeviceKey([2; 32]));
        let session = SessionTotals {
            started_at: UnixMs::ZERO,
            ended_at: UnixMs::ZERO,
            duration: DurationMs::from_u32(100),
            bytes_up: ByteCount::from_u32(20),
            bytes_down: ByteCount::from_u32(30),
            resumed: false,
        };
        head.next_report(&session, &Tariff::V1).expect("small")
    }

    fn receipt(ms: u32, bytes: u32, reasons: &[Reason]) -> Receipt {
        let report = report();
        let (duration, bytes) = (DurationMs::from_u32(ms), ByteCount::from_u32(bytes));
        let amount = Tariff::V1.award(duration, bytes).expect("small").total;
        Receipt {
            reasons: reasons.iter().copied().collect(),
            ledger: LedgerKey([3; 32]),
            device: report.key,
            chain: report.chain,
            sequence: report.sequence,
            link: report.link(),
            at: UnixMs::ZERO,
            awarded_duration: duration,
            awarded_bytes: bytes,
            amount,
            awarded_total: amount,
            policy: PolicyNumber(1),
            tariff: report.tariff,
        }
    }

    #[test]
    fn a_ledger_awards_at_most_what_is_claimed_and_says_why_where_it_is_less() {
        use AnswerError::{MoreThanClaimed, NeedlessReason, Unexplained};
        use Reason::{BeforeEnrolment, ByteBudget, SessionCap, TimeBudget};
        type Row = (u32, u32, &'static [Reason], Result<(), AnswerError>);
        let rows: &[Row] = &[
            (100, 50, &[], Ok(())),
            (99, 50, &[TimeBudget], Ok(())),
            (99, 50, &[BeforeEnrolment], Ok(())),
            (99, 50, &[SessionCap], Ok(())),
            (99, 50, &[TimeBudget, BeforeEnrolment, SessionCap], Ok(())),
            (100, 49, &[ByteBudget], Ok(())),
            (0, 0, &[TimeBudget, ByteBudget], Ok(())),
            (101, 50, &[], Err(MoreThanClaimed)),
            (100, 51, &[], Err(MoreThanClaimed)),
            (101, 49, &[ByteBudget], Err(MoreThanClaimed)),
            (99, 50, &[], Err(Unexplained)),
            (100, 49, &[], Err(Unexplained)),
            (99, 50, &[ByteBudget], Err(Unexplained)),
            (100, 49, &[TimeBudget], Err(Unexplained)),
            (99, 49, &[TimeBudget], Err(Unexplained)),
            (99, 49, &[ByteBudget], Err(Unexplained)),
            (100, 50, &[TimeBudget], Err(NeedlessReason)),
            (100, 50, &[BeforeEnrolment], Err(NeedlessReason)),
            (100, 50, &[SessionCap], Err(NeedlessReason)),
            (100, 50, &[ByteBudget], Err(NeedlessReason)),
            (99, 50, &[TimeBudget, ByteBudget], Err(NeedlessReason)),
            (100, 49, &[ByteBudget, SessionCap], Err(NeedlessReason)),
        ];
        for &(ms, bytes, reasons, expected) in rows {
            let answer = receipt(ms, bytes, reasons).answers(&report());
            assert_eq!(answer, expected, "{ms} ms, {bytes} bytes, {reasons:?}");
        }
    }

    #[test]
    fn a_receipt_answers_one_report_only() {
        let changes: [fn(&mut Receipt); 4] = [
            |receipt| receipt.device = DeviceKey([9; 32]),
            |receipt| receipt.chain = ChainId([9; 16]),
            |receipt| receipt.sequence = 2,
            |receipt| receipt.link = LinkHash([9; 32]),
        ];
        for change in changes {
            let mut receipt = receipt(100, 50, &[]);
            change(&mut receipt);
            assert_eq!(receipt.answers(&report()), Err(AnswerError::OtherReport));
        }
        let mut other = receipt(100, 50, &[]);
        other.tariff = TariffId(2);
        assert_eq!(other.answers(&report()), Err(AnswerError::Tariff));
    }

    #[test]
    fn a_receipt_follows_only_the_one_before_it() {
        let first = receipt(100, 50, &[]);
        let mut second = Receipt {
            sequence: 2,
            reasons: Reasons::NONE,
            amount: Amount::from_u32(7),
            ..first
        };
        second.awarded_total = first.amount.saturating_add(second.amount);
        assert_eq!(second.follows(&first), Ok(()));
        let sequence = |expected, found| Err(ReceiptChainError::Sequence { expected, found });
        assert_eq!(first.follows(&first), sequence(2, 1));
        assert_eq!(first.follows(&second), sequence(3, 1));
        let foreign = Receipt {
            device: DeviceKey([9; 32]),
            ..second
        };
        let foreign_chain = Receipt {
            chain: ChainId([9; 16]),
            ..second
        };
        for other in [foreign, foreign_chain] {
            assert_eq!(other.follows(&first), Err(ReceiptChainError::OtherChain));
        }
        second.awarded_total = first.amount;
        let totals = Err(ReceiptChainError::Totals { sequence: 2 });
        assert_eq!(second.follows(&first), totals);
        second.awarded_total = Amount::new(i64::MAX.unsigned_abs()).unwrap();
        second.amount = second.awarded_total;
        assert_eq!(second.follows(&first), totals);
    }
}
