//! Resets by either side, in every state that a connection can be in.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    client::{GREETING, reply, usual_request},
    fake_tor::{FakeTor, SUCCESS},
    kernel::{Books, Role},
    rig::{Rig, soon},
    stage::{Act, Stage, Step},
    wire::{Moved, Side},
};

/// What one side did with its direction before the reset.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Silent,
    /// It sent bytes, and they were read.
    Delivered,
    /// It sent until no more bytes were accepted; the other side does not read.
    Stuck,
}

const WAYS: [Way; 3] = [Way::Silent, Way::Delivered, Way::Stuck];

async fn prepare(stage: &mut Stage, side: Side, way: Way, ends: bool) {
    let step = |act| Step {
        wire: 0,
        side,
        act,
        turns: 0,
    };
    match way {
        Way::Silent => {}
        Way::Delivered => {
            stage.play(&step(Act::Write(50_000))).await;
            stage.arrives(side).await;
        }
        Way::Stuck => stage.stuff(side).await,
    }
    if ends {
        stage.play(&step(Act::End)).await;
        if way != Way::Stuck {
            stage.arrives(side).await;
        }
    }
}

/// Before a reset by either side, each direction was silent, read or stuck, and ended or not: 72
/// states. [`Stage`] checks what must hold.
#[tokio::test]
async fn a_reset_in_any_state_keeps_what_the_kernel_took() {
    for by in [Side::Client, Side::Tor] {
        for (up, down) in WAYS.into_iter().flat_map(|up| WAYS.map(|down| (up, down))) {
            for (up_ends, down_ends) in [(false, false), (true, false), (false, true), (true, true)]
            {
                println!("{by:?} resets; up {up:?}, {up_ends}; down {down:?}, {down_ends}");
                let mut stage = Stage::open(&[Moved::default()]).await;
                prepare(&mut stage, Side::Client, up, up_ends).await;
                prepare(&mut stage, Side::Tor, down, down_ends).await;
                let reset = Step {
                    wire: 0,
                    side: by,
                    act: Act::Reset,
                    turns: 0,
                };
                stage.play(&reset).await;
                stage.finish().await;
            }
        }
    }
}

/// How many bytes of the handshake Tor has sent.
const TORS_WORDS: [usize; 5] = [0, 1, 2, 3, 2 + SUCCESS.len() - 1];

/// Before Tor has answered, nothing counts as payload, whatever was sent. The kernel's numbers for
/// Tor's socket contain only the relay's own handshake.
#[tokio::test]
async fn a_reset_before_tors_answer_counts_nothing_and_hands_nothing_over() {
    let words = [&[5, 0][..], &SUCCESS].concat();
    let books = Books::open();
    for said in TORS_WORDS {
        for by in [Side::Client, Side::Tor] {
            println!("{by:?} resets after {said} bytes of Tor's");
            let tor = FakeTor::start();
            let rig = Rig::before(&tor);
            let mut client = rig.client().await;
            client
                .send(&[&GREETING[..], &usual_request(), b"early"].concat())
                .await;
            assert_eq!(client.receive(2).await, [5, 0]);
            let mut stream = tor.accept().await;
            let heard = GREETING.len() + usual_request().len();
            soon(stream.read_exact(&mut vec![0; heard])).await.unwrap();
            stream.write_all(&words[..said]).await.unwrap();
            let (local, remote) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
            let account = books.of(Role::Accepted, local, remote).unwrap();
            assert_eq!(account.received, u64::try_from(heard).unwrap());
            assert_eq!(account.handed_over, u64::try_from(said).unwrap());
            match by {
                Side::Client => {
                    client.reset();
                    let mut rest = Vec::new();
                    // Tor sees an end or a reset, and no payload before it.
                    drop(soon(stream.read_to_end(&mut rest)).await);
                    assert_eq!(rest, b"");
                }
                Side::Tor => {
                    stream.set_zero_linger().unwrap();
                    drop(stream);
                    client.hears_last(&reply(1)).await;
                }
            }
            rig.finish_with(0, 0).await;
            tor.assert_untouched();
        }
    }
}
