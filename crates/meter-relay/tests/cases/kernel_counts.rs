//! The relay's counters against the kernel's own books, at every moment of any traffic.
//!
//! What is asserted: the counter of a direction is the sum, over all connections, of the payload
//! that the relay's sockets of that direction have taken from it: bytes acknowledged and bytes still
//! queued (`tcpi_bytes_acked` and the send queue), less SYN and FIN, less the relay's own words of
//! SOCKS. That is the right equality because a byte is counted when the far socket took it, and it
//! holds at every moment and not only at the end: relay and test share one thread, so the relay is
//! never in the middle of a write when the test looks.
//!
//! A reset destroys the kernel's books of that connection. What is asserted then: towards the side
//! that reset, where nothing can be handed over any more, the count stays what the kernel said just
//! before; from that side, where the relay may still find bytes to pass on, it is between what the
//! far side read and what was sent. On a Unix socket the exact number outlives the connection, and
//! is asserted (`torn.rs`).

use proptest::prelude::*;
use tokio::task::yield_now;

use crate::support::{
    fake_tor::FakeTor,
    kernel::Books,
    rig::{Rig, soon},
    wire::{Moved, Side, Wire},
};

/// What a peer does next.
#[derive(Clone, Copy, Debug)]
enum Act {
    Write(usize),
    /// Nobody reads without it, so there are stalls wherever it is missing.
    Read(usize),
    End,
    Reset,
}

#[derive(Clone, Debug)]
struct Step {
    wire: usize,
    side: Side,
    act: Act,
    /// How often everybody else has a turn afterwards.
    turns: usize,
}

const WIRES: usize = 3;

fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![
        1..10_usize,
        // Around the relay's copying buffer, where its way of moving bytes changes.
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
    // Below, at and above what the relay reads in one go during the handshake.
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
            .event_interval(1) // sockets are looked at between any two turns
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

struct Stage {
    rig: Rig,
    books: Books,
    wires: Vec<Wire>,
    /// What each connection moved, once it was reset.
    torn: Vec<Option<Moved>>,
}

impl Stage {
    async fn open(early: &[Moved]) -> Self {
        let tor = FakeTor::start();
        let rig = Rig::before(&tor);
        let mut wires = Vec::new();
        for &early in early {
            wires.push(Wire::open(&rig, &tor, early).await);
        }
        Self {
            rig,
            books: Books::open(),
            torn: vec![None; wires.len()],
            wires,
        }
    }

    async fn play(&mut self, step: &Step) {
        if self.torn[step.wire].is_some() {
            return;
        }
        let peer = self.wires[step.wire].peer(step.side);
        match step.act {
            Act::Write(_) if peer.ended => {}
            Act::Write(length) => peer.write(length),
            Act::Read(_) if peer.end.is_some() => {}
            Act::Read(length) => peer.read(length),
            Act::End if peer.ended => {}
            Act::End => peer.end().await,
            Act::Reset => self.tear(step.wire, step.side).await,
        }
        self.check();
        for _ in 0..step.turns {
            yield_now().await;
            self.check();
        }
    }

    /// What a connection has moved by the kernel's books.
    fn moved(&self, wire: &Wire) -> Moved {
        let into = |side: Side| {
            let from = match side {
                Side::Client => &wire.tor,
                Side::Tor => &wire.client,
            };
            wire.handed_over(&self.books, side).unwrap_or_else(|| {
                // Without a reset a socket is forgotten only after the relay has ended it, and the
                // relay ends it behind the last byte.
                assert!(from.ended, "the relay closed a socket by itself");
                from.written
            })
        };
        Moved {
            up: into(Side::Tor),
            down: into(Side::Client),
        }
    }

    fn counted(&self) -> Moved {
        let snapshot = self.rig.counters.snapshot();
        Moved {
            up: snapshot.bytes_up,
            down: snapshot.bytes_down,
        }
    }

    /// Compares the counters with the books of all connections.
    fn check(&self) {
        let (relays, kernels) = (self.counted(), self.sum(|_| true));
        assert_eq!(relays, kernels, "left: the relay's, right: the kernel's");
    }

    /// What these connections have moved.
    fn sum(&self, of: impl Fn(usize) -> bool) -> Moved {
        let wires = self.wires.iter().zip(&self.torn).enumerate();
        let chosen = wires.filter(|(index, _)| of(*index));
        chosen.fold(Moved::default(), |sum, (_, (wire, torn))| {
            let moved = torn.unwrap_or_else(|| self.moved(wire));
            Moved {
                up: sum.up + moved.up,
                down: sum.down + moved.down,
            }
        })
    }

    /// Resets one connection from one side and settles what it moved.
    async fn tear(&mut self, index: usize, by: Side) {
        let before = self.moved(&self.wires[index]);
        let wire = &mut self.wires[index];
        wire.reset(by);
        wire.peer(by.other()).read_to_end().await;
        wire.is_gone(&self.books).await;

        let others = self.sum(|other| other != index);
        let counted = self.counted();
        let moved = Moved {
            up: counted.up - others.up,
            down: counted.down - others.down,
        };
        let wire = &mut self.wires[index];
        let (towards, from) = match by {
            Side::Client => ((before.down, moved.down), (before.up, moved.up)),
            Side::Tor => ((before.up, moved.up), (before.down, moved.down)),
        };
        assert_eq!(towards.0, towards.1, "into a socket that was reset");
        let (written, ended) = (wire.peer(by).written, wire.peer(by).ended);
        let far = wire.peer(by.other());
        let possible = from.0.max(far.read)..=written;
        assert!(possible.contains(&from.1), "{} of {possible:?}", from.1);
        if !ended {
            assert!(matches!(far.end, Some(Err(_))), "a torn stream looks whole");
        }
        self.torn[index] = Some(moved);
    }

    /// Lets everything arrive, compares all four sockets of each connection, and ends them.
    async fn finish(mut self) {
        for index in 0..self.wires.len() {
            if self.torn[index].is_some() {
                continue;
            }
            let wire = &mut self.wires[index];
            for side in [Side::Client, Side::Tor] {
                let written = wire.peer(side.other()).written;
                wire.peer(side).read_up_to(written).await;
            }
            self.check();
            self.compare_all_four_sockets(index);
            let first = if index % 2 == 0 {
                Side::Client
            } else {
                Side::Tor
            };
            for side in [first, first.other()] {
                let wire = &mut self.wires[index];
                if !wire.peer(side).ended {
                    wire.peer(side).end().await;
                }
                wire.peer(side.other()).read_to_end().await;
                self.all_is_acknowledged(index, side.other()).await;
            }
            let wire = &self.wires[index];
            assert!(
                matches!(wire.client.end, Some(Ok(()))),
                "{:?}",
                wire.client.end
            );
            assert!(matches!(wire.tor.end, Some(Ok(()))), "{:?}", wire.tor.end);
        }
        let counted = self.counted();
        self.wires.clear();
        let last = self.rig.finish().await;
        assert_eq!((last.bytes_up, last.bytes_down), (counted.up, counted.down));
    }

    /// With all that was sent read, both ends of both connections say the same as the peers.
    fn compare_all_four_sockets(&mut self, index: usize) {
        for side in [Side::Client, Side::Tor] {
            let wire = &mut self.wires[index];
            let (mine, others) = (wire.peer(side).written, wire.peer(side.other()).written);
            assert_eq!(wire.peer(side).read, others);
            // A socket whose both directions have ended has no books any more.
            if let Some(relays) = wire.relays_socket(&self.books, side) {
                assert_eq!(relays.handed_over, wire.said_to(side) + others);
                assert_eq!(relays.received, wire.said_by(side) + mine);
            }
            if let Some(peers) = wire.peers_socket(&self.books, side) {
                assert_eq!(peers.received, wire.said_to(side) + others);
                assert_eq!(peers.handed_over, wire.said_by(side) + mine);
            }
        }
    }

    /// The peer's kernel has acknowledged all that was handed over, as soon as it gets to it.
    async fn all_is_acknowledged(&self, index: usize, by: Side) {
        let wire = &self.wires[index];
        let acknowledged = async {
            while let Some(account) = wire.relays_socket(&self.books, by)
                && account.acknowledged < account.handed_over
            {
                yield_now().await;
            }
        };
        soon(acknowledged).await;
    }
}
