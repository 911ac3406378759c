//! The chain states among the vectors of receipts.

use crate::cases::{
    Breaker, CHAIN, DEVICE_SEED, HUGE, LEDGER_SEED, array, device_key, ledger_key, signer, valid,
};
use meter_core::{
    Amount, ChainCondition, ChainId, ChainState, LedgerKey, LinkHash, Receipt, SessionReport,
    UnixMs, Verified,
};
use serde_json::{Value, json};

fn state(sequence: u64, link: LinkHash, total: Amount) -> ChainState {
    ChainState {
        condition: ChainCondition::Open,
        ledger: ledger_key(LEDGER_SEED),
        device: device_key(DEVICE_SEED),
        chain: ChainId(array(CHAIN)),
        sequence,
        link,
        at: UnixMs::new(1_800_001_000_500).expect("fits"),
        awarded_total: total,
    }
}

fn empty() -> ChainState {
    let genesis = LinkHash::genesis(ChainId(array(CHAIN)), device_key(DEVICE_SEED));
    state(0, genesis, Amount::ZERO)
}

pub(crate) fn chain_states(
    reports: &[Verified<SessionReport>],
    receipts: &[Verified<Receipt>],
) -> Value {
    let signer = signer::<LedgerKey>(LEDGER_SEED);
    let third = state(
        3,
        reports[2].value().link(),
        receipts[2].value().awarded_total,
    );
    let frozen = ChainState {
        condition: ChainCondition::Frozen,
        ..third
    };
    let signed = |state: ChainState| {
        let condition = match state.condition {
            ChainCondition::Open => "open",
            ChainCondition::Frozen => "frozen",
        };
        let fields = json!({
            "condition": condition,
            "ledger": hex::encode(state.ledger.0),
            "device": hex::encode(state.device.0),
            "chain": hex::encode(state.chain.0),
            "sequence": state.sequence.to_string(),
            "link": hex::encode(state.link.0),
            "at": state.at.get().to_string(),
            "awarded_total": state.awarded_total.get().to_string(),
        });
        valid(&signer.sign(&state).expect("our own"), &fields)
    };
    let states = [empty(), third, frozen].map(signed);
    json!({ "valid": states, "invalid": bad_states() })
}

fn bad_states() -> Vec<Value> {
    let mut bad = Breaker::new(&empty(), LEDGER_SEED);
    bad.common();
    bad.patch("condition", 5, &[0]);
    bad.patch("condition", 5, &[3]);
    bad.patch("reserved", 7, &[1]);
    for at in [88, 128, 136] {
        bad.patch("range", at, &HUGE);
    }
    bad.patch("reserved", 144, &[1]);
    bad.patch("reserved", 151, &[1]);
    bad.patch("genesis", 96, &[0; 32]);
    bad.patch("totals", 136, &1_u64.to_be_bytes());
    let ledger = LedgerKey([0x2a; 32]);
    bad.value("signer", &ChainState { ledger, ..empty() });
    bad.cases
}
