//! What a device is told about its chain and about the devices of its account.

use crate::support::{Bench, SEED, challenge, enrol, far, receipt, submit};
use meter_core::{Amount, ChainCondition, ChainHead, ChainId, ChainState, LedgerSigner};
use meter_testkit::device::Device;
use onionmeter_ledger::ledger::Ledger;

fn stands(ledger: &Ledger, device: &Device, chain: ChainId) -> ChainState {
    let state = ledger.chain_state(device.key(), chain).expect("a state");
    let signed = state.signed().clone();
    *signed.verify(ledger.key()).expect("signed").value()
}

#[track_caller]
fn is_at(state: &ChainState, head: &ChainHead, awarded: Amount) {
    let found = (state.device, state.chain, state.sequence, state.link);
    assert_eq!(found, (head.key, head.chain, head.sequence, head.link));
    assert_eq!(state.awarded_total, awarded);
}

#[tokio::test]
async fn a_chain_stands_where_its_device_must_go_on() {
    let mut bench = Bench::new();
    let mut device = Device::numbered(1);
    let chain = device.head().chain;
    // Earned before this ledger: it goes on from there.
    device.report(5, 5);
    enrol(&bench.ledger, &device);
    let state = stands(&bench.ledger, &device, chain);
    is_at(&state, device.head(), Amount::ZERO);
    assert_eq!(state.ledger, LedgerSigner::from_seed(&SEED).key());

    let (fork, reports) = (
        device.draft(9, 9),
        [device.report(1, 0), device.report(1, 1)],
    );
    let outcomes = submit(&bench.ledger, &reports).await;
    let last = receipt(&bench.ledger, &outcomes[1], reports[1].value());
    let state = stands(&bench.ledger, &device, chain);
    is_at(&state, device.head(), last.awarded_total);
    assert_eq!(state.condition, ChainCondition::Open);

    submit(&bench.ledger, &[fork]).await;
    let state = stands(&bench.ledger, &device, chain);
    is_at(&state, device.head(), last.awarded_total);
    assert_eq!(state.condition, ChainCondition::Frozen);
    bench = bench.restarted();
    let again = stands(&bench.ledger, &device, chain);
    assert_eq!(
        ChainState {
            at: state.at,
            ..again
        },
        state
    );
}

#[tokio::test]
async fn a_chain_that_the_ledger_does_not_know_stands_at_its_beginning() {
    let bench = Bench::new();
    let (mut device, other) = (Device::numbered(1), Device::numbered(2));
    enrol(&bench.ledger, &device);
    enrol(&bench.ledger, &other);
    let chain = device.head().chain;
    submit(&bench.ledger, &[device.report(1, 1)]).await;
    let new = ChainId([0xee; 16]);
    for (who, chain) in [(&device, new), (&other, chain)] {
        let state = stands(&bench.ledger, who, chain);
        is_at(&state, &ChainHead::genesis(chain, who.key()), Amount::ZERO);
        assert_eq!(state.condition, ChainCondition::Open);
    }
}

#[tokio::test]
async fn what_each_device_of_an_account_did_is_told_for_it_alone() {
    let bench = Bench::new();
    let ledger = &bench.ledger;
    let (mut first, mut second, idle) = (
        Device::numbered(1),
        Device::numbered(2),
        Device::numbered(3),
    );
    let account = enrol(ledger, &first);
    for device in [&second, &idle] {
        let (code, _) = ledger.invite(Some(account), 60_000).expect("a code");
        let statement = device.enrolment(ledger.key(), challenge(), Some(code.hash()));
        ledger.enrol(&statement, far()).expect("enrolled");
    }
    let reports = [first.report(1, 1), first.report(1, 1)];
    submit(ledger, &reports).await;
    let report = second.report(1, 1);
    let outcomes = submit(ledger, std::slice::from_ref(&report)).await;
    let only = receipt(ledger, &outcomes[0], report.value());
    let totals = ledger.device_totals(account).expect("totals");
    let of = |device: &Device| totals.iter().find(|totals| totals.key == device.key());
    assert_eq!(of(&first).map(|totals| totals.reports), Some(2));
    let second = of(&second).expect("it reported");
    assert_eq!((second.reports, second.last), (1, Some(only.at)));
    assert_eq!(of(&idle).and_then(|totals| totals.last), None);
}
