//! Connections torn at any moment, with Tor behind a Unix socket.
//!
//! There a byte that a write handed over lies in the reader's own queue, and stays there when the
//! writer is gone. So the exact number outlives the connection, and the counter must be that
//! number: not one byte fewer, which would be lost, and not one more, which would never have been
//! sent.

use proptest::prelude::*;
use tokio::{io::AsyncReadExt, task::yield_now};

use crate::support::{
    fake_tor::UnixTor,
    pattern::pattern,
    rig::{Rig, config, soon},
};

#[derive(Clone, Copy, Debug)]
enum Step {
    Write(usize),
    Read(usize),
    Turns(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..400_000_usize).prop_map(Step::Write),
        (1..400_000_usize).prop_map(Step::Read),
        (1..20_usize).prop_map(Step::Turns),
    ];
    prop::collection::vec(step, 1..30)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_connection_torn_at_any_moment_has_counted_what_tors_socket_holds(
        steps in steps(),
        by_the_client in any::<bool>(),
        threads in 1..3_usize,
    ) {
        // On a thread of its own the relay is torn wherever it happens to be.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(tear(&steps, by_the_client));
    }
}

async fn tear(steps: &[Step], by_the_client: bool) {
    let tor = UnixTor::start();
    let rig = Rig::start(config(), Some(tor.upstream()));
    let (client, mut stream) = tor.pair(&rig).await;
    let mut arrived = Vec::new();
    for step in steps {
        match *step {
            // What finds no room is not written.
            Step::Write(length) => drop(client.0.try_write(&pattern(length))),
            Step::Read(length) => {
                let mut bytes = vec![0; length];
                let read = stream.try_read(&mut bytes).unwrap_or(0);
                arrived.extend_from_slice(&bytes[..read]);
            }
            Step::Turns(turns) => {
                for _ in 0..turns {
                    yield_now().await;
                }
            }
        }
    }
    let counters = if by_the_client {
        client.reset();
        let counters = rig.counters.clone();
        rig.finish().await;
        counters
    } else {
        rig.abort().await // the whole relay is dropped where it stands
    };
    soon(stream.read_to_end(&mut arrived)).await.unwrap();
    let held = u64::try_from(arrived.len()).unwrap();
    let counted = counters.snapshot();
    assert_eq!((counted.bytes_up, counted.bytes_down), (held, 0));
}
