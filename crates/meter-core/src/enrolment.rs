//! The enrolment: a device asks a ledger to credit its chain, signed by the device, 224 bytes.
//!
//! Layout, limits and test vectors: `docs/spec/enrolment.md`.

use crate::{
    Amount, ByteCount, ChainHead, ChainId, CodeHash, DeviceKey, DurationMs, LedgerKey, LinkHash,
    RunningTotals, Signable, SignedKind,
    layout::{FormError, Reader, Writer},
};

/// Length of the body of an enrolment.
pub const ENROLMENT_BODY_BYTES: usize = 224;

const MAGIC: &str = "OMEN";
const KIND_DEVICE: u8 = 1;

/// 32 bytes from a ledger that a device signs once, so that nobody can repeat what it signed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Challenge(pub [u8; 32]);

/// A device's request to be credited by one ledger from one place of its chain on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Enrolment {
    /// The ledger that it is meant for; another ledger refuses it.
    pub ledger: LedgerKey,
    /// The challenge of that ledger.
    pub challenge: Challenge,
    /// Where the device's chain stands: its key, its last report and the sums up to it. The ledger
    /// credits only what follows.
    pub head: ChainHead,
    /// Hash of the invitation or recovery code; `None` for a new account that needs none.
    pub code: Option<CodeHash>,
}

/// Why a body is not an enrolment.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EnrolmentError {
    /// The bytes do not have the form of an enrolment.
    #[error("{0}")]
    Form(#[from] FormError),
    /// A chain without a report has another link hash than that of its beginning.
    #[error("the chain has no report, but its link hash is not that of its beginning")]
    Genesis,
    /// A chain without a report has a sum.
    #[error("the chain has no report, but a sum above 0")]
    Totals,
}

impl Signable for Enrolment {
    const KIND: SignedKind = SignedKind::Enrolment;
    type Key = DeviceKey;
    type Body = [u8; ENROLMENT_BODY_BYTES];
    type Error = EnrolmentError;

    fn to_body(&self) -> [u8; ENROLMENT_BODY_BYTES] {
        let head = &self.head;
        Writer::new(MAGIC, KIND_DEVICE)
            .put(&[0; 2])
            .put(&self.ledger.0)
            .put(&head.key.0)
            .put(&self.challenge.0)
            .put(&head.chain.0)
            .number(head.sequence)
            .put(&head.link.0)
            .number(head.totals.duration.get())
            .number(head.totals.bytes_up.get())
            .number(head.totals.bytes_down.get())
            .number(head.totals.amount.get())
            .put(&self.code.map_or([0; 32], |code| code.0))
            .finish()
    }

    fn from_body(body: &[u8]) -> Result<Self, EnrolmentError> {
        let (mut reader, kind) = Reader::open::<ENROLMENT_BODY_BYTES>(body, MAGIC)?;
        if kind != KIND_DEVICE {
            return Err(FormError::Kind(kind).into());
        }
        reader.zeros::<2>()?;
        let ledger = LedgerKey(reader.take());
        let key = DeviceKey(reader.take());
        let challenge = Challenge(reader.take());
        let head = ChainHead {
            chain: ChainId(reader.take()),
            key,
            sequence: reader.number("the sequence number")?,
            link: LinkHash(reader.take()),
            totals: RunningTotals {
                duration: reader.unit("the total duration", DurationMs::new)?,
                bytes_up: reader.unit("total bytes up", ByteCount::new)?,
                bytes_down: reader.unit("total bytes down", ByteCount::new)?,
                amount: reader.unit("the total amount", Amount::new)?,
            },
        };
        let code = reader.take();
        if head.sequence == 0 {
            let genesis = ChainHead::genesis(head.chain, head.key);
            if head.link != genesis.link {
                return Err(EnrolmentError::Genesis);
            }
            if head.totals != genesis.totals {
                return Err(EnrolmentError::Totals);
            }
        }
        Ok(Self {
            ledger,
            challenge,
            head,
            code: (code != [0; 32]).then_some(CodeHash(code)),
        })
    }

    fn signer(&self) -> DeviceKey {
        self.head.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrolment() -> Enrolment {
        Enrolment {
            ledger: LedgerKey([1; 32]),
            challenge: Challenge([2; 32]),
            head: ChainHead {
                chain: ChainId([3; 16]),
                key: DeviceKey([4; 32]),
                sequence: 5,
                link: LinkHash([6; 32]),
                totals: RunningTotals {
                    duration: DurationMs::from_u32(7),
                    bytes_up: ByteCount::from_u32(8),
                    bytes_down: ByteCount::from_u32(9),
                    amount: Amount::from_u32(10),
                },
            },
            code: Some(CodeHash::of(&[11; 16])),
        }
    }

    #[track_caller]
    fn check(change: impl Fn(&mut Enrolment), expected: Result<(), EnrolmentError>) {
        let mut enrolment = enrolment();
        change(&mut enrolment);
        let decoded = Enrolment::from_body(&enrolment.to_body());
        assert_eq!(decoded, expected.map(|()| enrolment));
    }

    #[test]
    fn a_chain_without_a_report_is_at_its_beginning() {
        check(|_| (), Ok(()));
        check(|enrolment| enrolment.code = None, Ok(()));
        let genesis = |enrolment: &mut Enrolment| {
            enrolment.head = ChainHead::genesis(enrolment.head.chain, enrolment.head.key);
        };
        check(genesis, Ok(()));
        let link = |enrolment: &mut Enrolment| {
            genesis(enrolment);
            enrolment.head.link = LinkHash([6; 32]);
        };
        check(link, Err(EnrolmentError::Genesis));
        let sums: [fn(&mut RunningTotals); 4] = [
            |totals| totals.duration = DurationMs::from_u32(1),
            |totals| totals.bytes_up = ByteCount::from_u32(1),
            |totals| totals.bytes_down = ByteCount::from_u32(1),
            |totals| totals.amount = Amount::from_u32(1),
        ];
        for sum in sums {
            let sum = |enrolment: &mut Enrolment| {
                genesis(enrolment);
                sum(&mut enrolment.head.totals);
            };
            check(sum, Err(EnrolmentError::Totals));
        }
    }

    #[test]
    fn bytes_without_the_form_of_an_enrolment_are_refused() {
        let body = enrolment().to_body();
        let length = |found| {
            EnrolmentError::Form(FormError::Length {
                found,
                expected: 224,
            })
        };
        assert_eq!(Enrolment::from_body(&body[..223]), Err(length(223)));
        assert_eq!(Enrolment::from_body(&[0; 225]), Err(length(225)));
        let range = |name| FormError::Range(name).into();
        let rows: [(usize, u8, EnrolmentError); 10] = [
            (0, b'P', FormError::Magic("OMEN").into()),
            (4, 2, FormError::Version(2).into()),
            (5, 2, FormError::Kind(2).into()),
            (6, 1, FormError::Reserved.into()),
            (7, 1, FormError::Reserved.into()),
            (120, 0x80, range("the sequence number")),
            (160, 0x80, range("the total duration")),
            (168, 0x80, range("total bytes up")),
            (176, 0x80, range("total bytes down")),
            (184, 0x80, range("the total amount")),
        ];
        for (at, byte, error) in rows {
            let mut body = body;
            body[at] = byte;
            assert_eq!(Enrolment::from_body(&body), Err(error), "byte {at}");
        }
    }
}
