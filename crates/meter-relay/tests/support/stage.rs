//! Connections that follow a script. After every step the relay's counters are compared with the
//! kernel's numbers.
//!
//! What is checked: the counter of a direction is the sum, over all connections, of the payload
//! that the relay's sockets of that direction accepted: acknowledged bytes and queued bytes
//! (`tcpi_bytes_acked` and the send queue), minus SYN and FIN, minus the relay's own SOCKS
//! messages. This must be equal because a byte is counted when the receiving socket accepts it. It
//! must be equal at every moment and not only at the end: relay and test share one thread, so the
//! relay is never in the middle of a write when the test looks.
//!
//! A reset destroys the kernel's numbers of that connection. Then this is checked: towards the side
//! that reset, which can no longer receive, the count stays what the kernel reported just before.
//! From that side, where the relay may still find bytes to pass on, the count lies between what the
//! far side read and what was sent. On a Unix socket the exact number remains known and is checked
//! (`torn.rs`).

use tokio::task::yield_now;

use super::{
    fake_tor::FakeTor,
    kernel::Books,
    rig::{Rig, soon},
    wire::{Moved, Side, Wire},
};

/// The next action of a peer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Write(usize),
    /// A peer reads only through this action, so it stalls wherever the action is missing.
    Read(usize),
    End,
    Reset,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) wire: usize,
    pub(crate) side: Side,
    pub(crate) act: Act,
    /// How many turns all other tasks get afterwards.
    pub(crate) turns: usize,
}

pub(crate) struct Stage {
    rig: Rig,
    books: Books,
    wires: Vec<Wire>,
    /// The bytes that each connection moved, once it was reset.
    torn: Vec<Option<Moved>>,
}

impl Stage {
    pub(crate) async fn open(early: &[Moved]) -> Self {
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

    pub(crate) async fn play(&mut self, step: &Step) {
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

    /// Waits until the other side has read everything that this side sent, including its end.
    pub(crate) async fn arrives(&mut self, from: Side) {
        let wire = &mut self.wires[0];
        let (written, ended) = (wire.peer(from).written, wire.peer(from).ended);
        let reader = wire.peer(from.other());
        reader.read_up_to(written).await;
        if ended {
            reader.read_to_end().await;
            assert!(matches!(reader.end, Some(Ok(()))), "{:?}", reader.end);
        }
        self.check();
    }

    /// Sends until no more bytes are accepted.
    pub(crate) async fn stuff(&mut self, from: Side) {
        let mut fruitless = 0;
        while fruitless < 100 {
            let peer = self.wires[0].peer(from);
            let before = peer.written;
            peer.write(1 << 20);
            fruitless = if peer.written == before {
                fruitless + 1
            } else {
                0
            };
            yield_now().await;
            self.check();
        }
        let (moved, written) = (self.moved(&self.wires[0]), self.wires[0].peer(from).written);
        let delivered = match from {
            Side::Client => moved.up,
            Side::Tor => moved.down,
        };
        assert!(
            delivered < written,
            "{delivered} of {written} were taken: not stuck"
        );
    }

    /// The bytes that a connection moved, by the kernel's numbers.
    fn moved(&self, wire: &Wire) -> Moved {
        let into = |side: Side| {
            let from = match side {
                Side::Client => &wire.tor,
                Side::Tor => &wire.client,
            };
            wire.handed_over(&self.books, side).unwrap_or_else(|| {
                // Without a reset the kernel forgets a socket only after the relay has ended it,
                // and the relay ends it after the last byte.
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

    /// Compares the counters with the kernel's numbers of all connections.
    fn check(&self) {
        let (relays, kernels) = (self.counted(), self.sum(|_| true));
        assert_eq!(relays, kernels, "left: the relay's, right: the kernel's");
    }

    /// The bytes that the selected connections moved.
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

    /// Resets one connection from one side and settles the bytes that it moved.
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

    /// Lets everything arrive, compares all four sockets of each connection and ends them.
    pub(crate) async fn finish(mut self) {
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

    /// After everything was read, both ends of both connections must report the same numbers as the
    /// peers.
    fn compare_all_four_sockets(&mut self, index: usize) {
        for side in [Side::Client, Side::Tor] {
            let wire = &mut self.wires[index];
            let (mine, others) = (wire.peer(side).written, wire.peer(side.other()).written);
            assert_eq!(wire.peer(side).read, others);
            // After both directions of a socket have ended, the kernel no longer has numbers for
            // it.
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

    /// Waits until the peer's kernel has acknowledged everything that was delivered.
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
