//! Connections that break at any moment, with Tor behind a Unix socket.
//!
//! On a Unix socket, a byte that a write delivered is in the reader's own queue and stays there
//! after the writer is gone. So the exact number is known after the connection ended, and the
//! counter must be equal: a smaller count would have lost a byte, a larger one would have invented
//! one.

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
        // The relay runs on its own threads, so that it can be stopped at any point.
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
            // Bytes that find no room are not written.
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
        rig.abort().await // drops the whole relay at this point
    };
    soon(stream.read_to_end(&mut arrived)).await.unwrap();
    let held = u64::try_from(arrived.len()).unwrap();
    let counted = counters.snapshot();
    assert_eq!((counted.bytes_up, counted.bytes_down), (held, 0));
}
