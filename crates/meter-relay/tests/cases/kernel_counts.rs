//! Random traffic; after every step the relay's counters are compared with the kernel's numbers.

use proptest::prelude::*;

use crate::support::{
    stage::{Act, Stage, Step},
    wire::{Moved, Side},
};

const WIRES: usize = 3;

fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![
        1..10_usize,
        // Around the size of the relay's copy buffer, where it changes from copies to pipes.
        16_383..16_386_usize,
        1..100_000_usize,
        // More than the sockets hold.
        Just(8 << 20),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let act = prop_oneof![
        8 => sizes().prop_map(Act::Write),
        8 => sizes().prop_map(Act::Read),
        1 => Just(Act::End),
        1 => Just(Act::Reset),
    ];
    let side = prop_oneof![Just(Side::Client), Just(Side::Tor)];
    let step = (0..WIRES, side, act, 0..6_usize).prop_map(|(wire, side, act, turns)| Step {
        wire,
        side,
        act,
        turns,
    });
    prop::collection::vec(step, 0..60)
}

fn early() -> impl Strategy<Value = Vec<Moved>> {
    // Below, equal to and above the number of bytes that the relay reads at once during the
    // handshake.
    let bytes = || prop_oneof![Just(0), 1..600_u64, 10_000..40_000_u64];
    let early = (bytes(), bytes()).prop_map(|(up, down)| Moved { up, down });
    prop::collection::vec(early, WIRES)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn at_every_moment_the_counters_are_what_the_kernel_took(early in early(), steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .event_interval(1) // looks at the sockets after every turn
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut stage = Stage::open(&early).await;
            for step in &steps {
                stage.play(step).await;
            }
            stage.finish().await;
        });
    }
}
