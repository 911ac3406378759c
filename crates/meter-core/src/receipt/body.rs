//! Encodes and strictly decodes the 200 bytes of a receipt. Each receipt has exactly one encoding.

use super::{Reasons, Receipt};
use crate::{
    Amount, ByteCount, ChainId, DeviceKey, DurationMs, LedgerKey, LinkHash, PolicyNumber, Signable,
    SignedKind, Tariff, TariffId, UnixMs,
    layout::{FormError, Reader, Writer},
};

/// Length of a receipt's body.
pub const RECEIPT_BODY_BYTES: usize = 200;

const MAGIC: &str = "OMRC";
const KIND_RECEIPT: u8 = 1;

/// Why a body is not a receipt.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ReceiptError {
    /// The bytes do not have the form of a receipt.
    #[error("{0}")]
    Form(#[from] FormError),
    /// Sequence numbers start at 1.
    #[error("the sequence number is 0")]
    SequenceZero,
    /// Policies are numbered from 1.
    #[error("the number of the policy is 0")]
    Policy,
    /// This program does not know the tariff.
    #[error("tariff {0} is not known here")]
    Tariff(u32),
    /// The amount differs from the result of the tariff.
    #[error("the amount is not what the tariff gives for what was awarded")]
    Amount,
    /// The total is smaller than the amount, or differs from it in the first receipt.
    #[error("the chain's total does not contain this amount")]
    Totals,
}

impl Signable for Receipt {
    const KIND: SignedKind = SignedKind::Receipt;
    type Key = LedgerKey;
    type Body = [u8; RECEIPT_BODY_BYTES];
    type Error = ReceiptError;

    fn to_body(&self) -> [u8; RECEIPT_BODY_BYTES] {
        Writer::new(MAGIC, KIND_RECEIPT)
            .put(&self.reasons.bits().to_be_bytes())
            .put(&self.ledger.0)
            .put(&self.device.0)
            .put(&self.chain.0)
            .number(self.sequence)
            .put(&self.link.0)
            .number(self.at.get())
            .number(self.awarded_duration.get())
            .number(self.awarded_bytes.get())
            .number(self.amount.get())
            .number(self.awarded_total.get())
            .number_32(self.policy.0)
            .number_32(self.tariff.0)
            .put(&[0; 24])
            .finish()
    }

    fn from_body(body: &[u8]) -> Result<Self, ReceiptError> {
        let (mut reader, kind) = Reader::open::<RECEIPT_BODY_BYTES>(body, MAGIC)?;
        if kind != KIND_RECEIPT {
            return Err(FormError::Kind(kind).into());
        }
        let bits = u16::from_be_bytes(reader.take());
        let receipt = Self {
            reasons: Reasons::from_bits(bits).ok_or(FormError::Reserved)?,
            ledger: LedgerKey(reader.take()),
            device: DeviceKey(reader.take()),
            chain: ChainId(reader.take()),
            sequence: reader.number("the sequence number")?,
            link: LinkHash(reader.take()),
            at: reader.unit("the time of the ledger", UnixMs::new)?,
            awarded_duration: reader.unit("the awarded duration", DurationMs::new)?,
            awarded_bytes: reader.unit("the awarded bytes", ByteCount::new)?,
            amount: reader.unit("the amount", Amount::new)?,
            awarded_total: reader.unit("the total of the chain", Amount::new)?,
            policy: PolicyNumber(reader.number_32()),
            tariff: TariffId(reader.number_32()),
        };
        reader.zeros::<24>()?;
        check(&receipt)?;
        Ok(receipt)
    }

    fn signer(&self) -> LedgerKey {
        self.ledger
    }
}

/// Checks the rules that need only this body: neither the report nor another receipt.
fn check(receipt: &Receipt) -> Result<(), ReceiptError> {
    if receipt.sequence == 0 {
        return Err(ReceiptError::SequenceZero);
    }
    if receipt.policy.0 == 0 {
        return Err(ReceiptError::Policy);
    }
    let tariff = Tariff::by_id(receipt.tariff).ok_or(ReceiptError::Tariff(receipt.tariff.0))?;
    let award = tariff
        .award(receipt.awarded_duration, receipt.awarded_bytes)
        .map_err(|_| ReceiptError::Amount)?;
    if award.total != receipt.amount {
        return Err(ReceiptError::Amount);
    }
    let contains = if receipt.sequence == 1 {
        receipt.awarded_total == receipt.amount
    } else {
        receipt.awarded_total >= receipt.amount
    };
    if contains {
        Ok(())
    } else {
        Err(ReceiptError::Totals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;

    fn receipt() -> Receipt {
        Receipt {
            reasons: Reasons::NONE.with(Reason::TimeBudget),
            ledger: LedgerKey([1; 32]),
            device: DeviceKey([2; 32]),
            chain: ChainId([3; 16]),
            sequence: 2,
            link: LinkHash([4; 32]),
            at: UnixMs::from_u32(5),
            awarded_duration: DurationMs::from_u32(6),
            awarded_bytes: ByteCount::from_u32(7),
            amount: Amount::from_u32(603_500),
            awarded_total: Amount::from_u32(603_501),
            policy: PolicyNumber(8),
            tariff: TariffId(1),
        }
    }

    #[track_caller]
    fn check(change: impl Fn(&mut Receipt), expected: Result<(), ReceiptError>) {
        let mut receipt = receipt();
        change(&mut receipt);
        let decoded = Receipt::from_body(&receipt.to_body());
        assert_eq!(decoded, expected.map(|()| receipt));
    }

    #[track_caller]
    fn check_bytes(at: usize, bytes: &[u8], expected: ReceiptError) {
        let mut body = receipt().to_body();
        body[at..at + bytes.len()].copy_from_slice(bytes);
        assert_eq!(Receipt::from_body(&body), Err(expected));
    }

    #[test]
    fn a_receipt_that_breaks_no_rule_is_decoded_as_it_was() {
        check(|_| (), Ok(()));
        let total = |total| move |receipt: &mut Receipt| receipt.awarded_total = total;
        check(total(Amount::from_u32(603_500)), Ok(()));
        check(
            |receipt| {
                receipt.sequence = 1;
                receipt.awarded_total = receipt.amount;
            },
            Ok(()),
        );
        check(
            |receipt| {
                receipt.awarded_duration = DurationMs::ZERO;
                receipt.awarded_bytes = ByteCount::ZERO;
                receipt.amount = Amount::ZERO;
                receipt.awarded_total = Amount::ZERO;
            },
            Ok(()),
        );
    }

    #[test]
    fn bytes_without_the_form_of_a_receipt_are_refused() {
        let body = receipt().to_body();
        for length in [0, 199, 201] {
            let bytes = [&body[..], &[0]].concat()[..length].to_vec();
            let error = FormError::Length {
                found: length,
                expected: 200,
            };
            assert_eq!(Receipt::from_body(&bytes), Err(error.into()));
        }
        check_bytes(0, b"OMSR", FormError::Magic("OMRC").into());
        check_bytes(4, &[2], FormError::Version(2).into());
        check_bytes(5, &[0], FormError::Kind(0).into());
        check_bytes(6, &[0, 16], FormError::Reserved.into());
        check_bytes(6, &[1, 0], FormError::Reserved.into());
        for at in 176..200 {
            check_bytes(at, &[1], FormError::Reserved.into());
        }
        for (at, name) in [
            (88, "the sequence number"),
            (128, "the time of the ledger"),
            (136, "the awarded duration"),
            (144, "the awarded bytes"),
            (152, "the amount"),
            (160, "the total of the chain"),
        ] {
            check_bytes(at, &[0x80], FormError::Range(name).into());
        }
    }

    #[test]
    fn a_receipt_whose_numbers_do_not_fit_each_other_is_refused() {
        let zero = |receipt: &mut Receipt| receipt.sequence = 0;
        check(zero, Err(ReceiptError::SequenceZero));
        let policy = |receipt: &mut Receipt| receipt.policy = PolicyNumber(0);
        check(policy, Err(ReceiptError::Policy));
        let tariff = |receipt: &mut Receipt| receipt.tariff = TariffId(2);
        check(tariff, Err(ReceiptError::Tariff(2)));
        for amount in [0, 603_499, 603_501] {
            let amount = |receipt: &mut Receipt| receipt.amount = Amount::from_u32(amount);
            check(amount, Err(ReceiptError::Amount));
        }
        let long = |receipt: &mut Receipt| {
            receipt.awarded_duration = DurationMs::new(i64::MAX.unsigned_abs()).unwrap();
        };
        check(long, Err(ReceiptError::Amount));
        let total = |receipt: &mut Receipt| receipt.awarded_total = Amount::from_u32(603_499);
        check(total, Err(ReceiptError::Totals));
        let first = |receipt: &mut Receipt| receipt.sequence = 1;
        check(first, Err(ReceiptError::Totals));
    }
}
