//! A proxy on loopback between a host and its ledger. It lets everything pass, cuts a connection
//! after a byte, or stops an exchange at a step and says so.

mod message;

use anyhow::{Context as _, Result, ensure};
use message::{Message, Target};
use meter_testkit::loopback;
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::timeout,
};

/// The two directions of a connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// From the host.
    Up,
    /// From the ledger.
    Down,
}

/// A step of an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// The host has connected, and has asked nothing.
    BeforeAsking,
    /// The ledger has answered where the chain is. The host does not get the answer.
    AfterAsking,
    /// The host sends reports. The ledger does not get them.
    BeforeSending,
    /// The ledger has just been passed the reports. The host gets the answer, if one comes.
    AsSent,
    /// The ledger has answered the reports. The host does not get the answer.
    AfterSending,
    /// The host has just been passed the whole answer to the reports.
    AsAnswered,
}

/// What happens to connections, once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rule {
    /// Everything passes.
    Pass,
    /// So many bytes of all connections pass in this direction; with the next one, its connection
    /// is cut.
    Cut(Direction, u64),
    /// An exchange stops at this step. It goes no further, except where the step says so.
    Stop(Step),
    /// No new connection is served: what a rule comes to when it has been applied.
    Closed,
}

/// A running proxy. Dropping it cuts every connection.
pub struct Between {
    address: SocketAddr,
    shared: Arc<Shared>,
    _served: JoinSet<()>,
}

struct Shared {
    rule: Mutex<Rule>,
    /// What is answered to reports in place of the ledger.
    lie: Mutex<Option<Vec<u8>>>,
    /// All that hosts have sent.
    heard: Mutex<Vec<u8>>,
    /// How many connections are open.
    open: AtomicUsize,
    /// How many rules were applied.
    applied: watch::Sender<u64>,
    /// Changes with each new rule; what is stopped ends then.
    renewed: watch::Sender<u64>,
}

impl Between {
    /// Listens on a free port and passes connections on to a ledger at `to`.
    ///
    /// # Errors
    /// No port can be bound.
    pub async fn start(to: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(loopback::address(0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            rule: Mutex::new(Rule::Pass),
            lie: Mutex::new(None),
            heard: Mutex::default(),
            open: AtomicUsize::new(0),
            applied: watch::Sender::new(0),
            renewed: watch::Sender::new(0),
        });
        let mut served = JoinSet::new();
        let for_task = Arc::clone(&shared);
        served.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&for_task);
                connections.spawn(async move {
                    shared.open.fetch_add(1, Ordering::Relaxed);
                    serve(stream, to, Arc::clone(&shared)).await;
                    shared.open.fetch_sub(1, Ordering::Relaxed);
                });
            }
        });
        Ok(Self {
            address,
            shared,
            _served: served,
        })
    }

    /// Where the host finds the ledger.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Replaces the rule. Exchanges that are stopped are cut.
    pub fn rule(&self, rule: Rule) {
        *lock(&self.shared.rule) = rule;
        self.shared.renewed.send_modify(|count| *count += 1);
    }

    /// Answers reports with these bytes from now on; the ledger does not get them.
    pub fn lie(&self, answer: Option<Vec<u8>>) {
        *lock(&self.shared.lie) = answer;
    }

    /// All that hosts have sent, one connection in another's midst if they were open together.
    #[must_use]
    pub fn heard(&self) -> Vec<u8> {
        lock(&self.shared.heard).clone()
    }

    /// How many connections of hosts are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::Relaxed)
    }

    /// The rule as it stands; for a cut, with the bytes that still pass.
    #[must_use]
    pub fn now(&self) -> Rule {
        *lock(&self.shared.rule)
    }

    /// Waits until the rule was applied.
    ///
    /// # Errors
    /// It was not within `limit`.
    pub async fn applied(&self, limit: Duration) -> Result<()> {
        let mut applied = self.shared.applied.subscribe();
        let waited = timeout(limit, async {
            while self.now() != Rule::Closed && applied.changed().await.is_ok() {}
        });
        waited.await.context("no connection met the rule")?;
        ensure!(self.now() == Rule::Closed, "the rule is another one now");
        Ok(())
    }
}

/// What becomes of the bytes that were read.
enum Fate {
    Pass,
    /// So many of them pass; then the connection is cut.
    Cut(usize),
    /// They do not pass, and nothing passes any more.
    Stop,
    /// They pass, and then the rule has been applied.
    PassAndTell,
}

impl Shared {
    fn applied(&self) {
        *lock(&self.rule) = Rule::Closed;
        self.applied.send_modify(|count| *count += 1);
    }

    /// Whether a new connection is stopped, or not served at all.
    fn stops_at_once(&self) -> Option<Rule> {
        let rule = *lock(&self.rule);
        matches!(rule, Rule::Closed | Rule::Stop(Step::BeforeAsking)).then_some(rule)
    }

    fn lie_to(&self, message: &Message) -> Option<Vec<u8>> {
        let is_asked = message.target() == Target::Submit && message.is_whole(Direction::Up);
        lock(&self.lie).clone().filter(|_| is_asked)
    }

    fn fate(&self, direction: Direction, bytes: usize, message: &Message) -> Fate {
        let mut rule = lock(&self.rule);
        let is_submit = message.target() == Target::Submit;
        let is_whole = message.is_whole(direction);
        match &mut *rule {
            Rule::Pass | Rule::Closed => Fate::Pass,
            Rule::Cut(cut, _) if *cut != direction => Fate::Pass,
            Rule::Cut(_, left) => match usize::try_from(*left) {
                Ok(few) if few < bytes => Fate::Cut(few),
                _ => {
                    *left = left.saturating_sub(bytes.try_into().unwrap_or(u64::MAX));
                    Fate::Pass
                }
            },
            Rule::Stop(step) => match (*step, direction) {
                (Step::AfterAsking, Direction::Down) if message.target() == Target::Chain => {
                    Fate::Stop
                }
                (Step::BeforeSending, Direction::Up) if is_submit => Fate::Stop,
                (Step::AsSent, Direction::Up) if is_submit && is_whole => Fate::PassAndTell,
                (Step::AfterSending, Direction::Down) if is_submit => Fate::Stop,
                (Step::AsAnswered, Direction::Down) if is_submit && is_whole => Fate::PassAndTell,
                _ => Fate::Pass,
            },
        }
    }
}

/// Passes one connection on, until it ends or the rule ends it.
async fn serve(mut host: TcpStream, to: SocketAddr, shared: Arc<Shared>) {
    let mut renewed = shared.renewed.subscribe();
    match shared.stops_at_once() {
        None => {}
        Some(Rule::Closed) => return,
        Some(_) => {
            shared.applied();
            drop(renewed.changed().await);
            return;
        }
    }
    let Ok(mut ledger) = loopback::connect(to).await else {
        return;
    };
    let mut message = Message::default();
    let (mut up, mut down) = (vec![0; 16_384], vec![0; 16_384]);
    loop {
        let (direction, read) = tokio::select! {
            read = host.read(&mut up) => (Direction::Up, read),
            read = ledger.read(&mut down) => (Direction::Down, read),
        };
        let (bytes, target) = match (direction, read) {
            (Direction::Up, Ok(count @ 1..)) => (&up[..count], &mut ledger),
            (Direction::Down, Ok(count @ 1..)) => (&down[..count], &mut host),
            (_, Ok(0) | Err(_)) => return,
        };
        if direction == Direction::Up {
            lock(&shared.heard).extend_from_slice(bytes);
        }
        message.take(direction, bytes);
        if let Some(lie) = shared.lie_to(&message) {
            // The host reads as much of it as it wants.
            drop(host.write_all(&lie).await);
            return;
        }
        let fate = shared.fate(direction, bytes.len(), &message);
        let passes = match fate {
            Fate::Pass | Fate::PassAndTell => bytes,
            Fate::Cut(few) => &bytes[..few],
            Fate::Stop => &[],
        };
        let passed = target.write_all(passes).await;
        match fate {
            Fate::Pass => {}
            Fate::PassAndTell => shared.applied(),
            Fate::Stop => {
                shared.applied();
                drop(renewed.changed().await);
                return;
            }
            Fate::Cut(_) => {
                shared.applied();
                return;
            }
        }
        if passed.is_err() {
            return;
        }
    }
}

fn lock<T>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
