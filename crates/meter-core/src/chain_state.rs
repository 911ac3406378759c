//! The chain state: where a ledger has a chain, signed by the ledger, 152 bytes. It answers a
//! report that is not the next one of its chain.
//!
//! Layout, limits and test vectors: `docs/spec/receipt.md`.

use crate::{
    Amount, ChainId, DeviceKey, LedgerKey, LinkHash, Signable, SignedKind, UnixMs,
    layout::{FormError, Reader, Writer},
};

/// Length of the body of a chain state.
pub const CHAIN_STATE_BODY_BYTES: usize = 152;

const MAGIC: &str = "OMCS";

/// Whether a ledger takes more reports of a chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChainCondition {
    /// The ledger takes the next report.
    Open,
    /// The key signed two different reports for one place of the chain. The ledger takes no more.
    Frozen,
}

/// The head of a chain as a ledger has it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChainState {
    /// Whether the ledger takes more reports of this chain.
    pub condition: ChainCondition,
    /// The key that signs it.
    pub ledger: LedgerKey,
    /// The key that signs the chain's reports.
    pub device: DeviceKey,
    /// The chain.
    pub chain: ChainId,
    /// The sequence number of the last report that the ledger took; 0 if it has none.
    pub sequence: u64,
    /// The link hash of that report; the hash of the chain's beginning if it has none.
    pub link: LinkHash,
    /// The time of the ledger's clock.
    pub at: UnixMs,
    /// Sum of the amounts of this chain's receipts.
    pub awarded_total: Amount,
}

/// Why a body is not a chain state.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ChainStateError {
    /// The bytes do not have the form of a chain state.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The byte for open or frozen has another value.
    #[error("chain condition {0} is not known here")]
    Condition(u8),
    /// A chain without a report has another link hash than that of its beginning.
    #[error("the chain has no report, but its link hash is not that of its beginning")]
    Genesis,
    /// A chain without a report has an award.
    #[error("the chain has no report, but a total above 0")]
    Totals,
}

impl Signable for ChainState {
    const KIND: SignedKind = SignedKind::ChainState;
    type Key = LedgerKey;
    type Body = [u8; CHAIN_STATE_BODY_BYTES];
    type Error = ChainStateError;

    fn to_body(&self) -> [u8; CHAIN_STATE_BODY_BYTES] {
        let condition = match self.condition {
            ChainCondition::Open => 1,
            ChainCondition::Frozen => 2,
        };
        Writer::new(MAGIC, condition)
            .put(&[0; 2])
            .put(&self.ledger.0)
            .put(&self.device.0)
            .put(&self.chain.0)
            .number(self.sequence)
            .put(&self.link.0)
            .number(self.at.get())
            .number(self.awarded_total.get())
            .put(&[0; 8])
            .finish()
    }

    fn from_body(body: &[u8]) -> Result<Self, ChainStateError> {
        let (mut reader, condition) = Reader::open::<CHAIN_STATE_BODY_BYTES>(body, MAGIC)?;
        let condition = match condition {
            1 => ChainCondition::Open,
            2 => ChainCondition::Frozen,
            other => return Err(ChainStateError::Condition(other)),
        };
        reader.zeros::<2>()?;
        let state = Self {
            condition,
            ledger: LedgerKey(reader.take()),
            device: DeviceKey(reader.take()),
            chain: ChainId(reader.take()),
            sequence: reader.number("the sequence number")?,
            link: LinkHash(reader.take()),
            at: reader.unit("the time of the ledger", UnixMs::new)?,
            awarded_total: reader.unit("the total of the chain", Amount::new)?,
        };
        reader.zeros::<8>()?;
        if state.sequence == 0 {
            if state.link != LinkHash::genesis(state.chain, state.device) {
                return Err(ChainStateError::Genesis);
            }
            if state.awarded_total != Amount::ZERO {
                return Err(ChainStateError::Totals);
            }
        }
        Ok(state)
    }

    fn signer(&self) -> LedgerKey {
        self.ledger
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> ChainState {
        ChainState {
            condition: ChainCondition::Open,
            ledger: LedgerKey([1; 32]),
            device: DeviceKey([2; 32]),
            chain: ChainId([3; 16]),
            sequence: 4,
            link: LinkHash([5; 32]),
            at: UnixMs::from_u32(6),
            awarded_total: Amount::from_u32(7),
        }
    }

    #[track_caller]
    fn check(state: ChainState, expected: Result<(), ChainStateError>) {
        let decoded = ChainState::from_body(&state.to_body());
        assert_eq!(decoded, expected.map(|()| state));
    }

    #[test]
    fn a_chain_without_a_report_is_at_its_beginning() {
        check(state(), Ok(()));
        let frozen = ChainCondition::Frozen;
        check(
            ChainState {
                condition: frozen,
                ..state()
            },
            Ok(()),
        );
        let empty = ChainState {
            sequence: 0,
            link: LinkHash::genesis(state().chain, state().device),
            awarded_total: Amount::ZERO,
            ..state()
        };
        check(empty, Ok(()));
        let link = LinkHash([5; 32]);
        check(ChainState { link, ..empty }, Err(ChainStateError::Genesis));
        let awarded_total = Amount::from_u32(1);
        check(
            ChainState {
                awarded_total,
                ..empty
            },
            Err(ChainStateError::Totals),
        );
    }

    #[test]
    fn bytes_without_the_form_of_a_chain_state_are_refused() {
        let body = state().to_body();
        let length = |found| {
            ChainStateError::Form(FormError::Length {
                found,
                expected: 152,
            })
        };
        assert_eq!(ChainState::from_body(&body[..151]), Err(length(151)));
        assert_eq!(ChainState::from_body(&[0; 153]), Err(length(153)));
        let range = |name| FormError::Range(name).into();
        let mut rows: Vec<(usize, u8, ChainStateError)> = vec![
            (3, b'C', FormError::Magic("OMCS").into()),
            (4, 0, FormError::Version(0).into()),
            (5, 0, ChainStateError::Condition(0)),
            (5, 3, ChainStateError::Condition(3)),
            (88, 0x80, range("the sequence number")),
            (128, 0x80, range("the time of the ledger")),
            (136, 0x80, range("the total of the chain")),
        ];
        let reserved = (6..8).chain(144..152);
        rows.extend(reserved.map(|at| (at, 1, FormError::Reserved.into())));
        for (at, byte, error) in rows {
            let mut body = body;
            body[at] = byte;
            assert_eq!(ChainState::from_body(&body), Err(error), "byte {at}");
        }
    }
}
