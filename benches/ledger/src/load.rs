//! The load: many devices at once, each with one request at a time, in the order of its chain.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    task::JoinSet,
    time::{sleep, sleep_until},
};

use crate::{
    connection::Connection,
    crowd::{Crowd, RECORD},
};

/// How much is sent, and to whom.
pub(crate) struct Load {
    /// The instances. A device always asks the same one.
    pub(crate) instances: Vec<SocketAddr>,
    /// Connections, and so the most requests at the same time.
    pub(crate) at_once: usize,
    /// Reports in a request.
    pub(crate) batch: usize,
    /// Requests in all.
    pub(crate) requests: usize,
}

/// What came of it.
pub(crate) struct Ran {
    pub(crate) reports: usize,
    pub(crate) seconds: f64,
    /// Requests that the ledger was too busy for, in part or as a whole. They were sent again.
    pub(crate) busy: usize,
}

struct Shared {
    crowd: Arc<Crowd>,
    batch: usize,
    /// For each instance, its devices that wait for their turn.
    turns: Vec<Mutex<VecDeque<usize>>>,
    left: AtomicUsize,
    reports: AtomicUsize,
    busy: AtomicUsize,
}

/// Sends as fast as answers come.
pub(crate) async fn closed(crowd: &Arc<Crowd>, load: &Load) -> Result<Ran> {
    let instances = load.instances.len();
    let of = |instance| (instance..crowd.len()).step_by(instances).collect();
    let shared = Arc::new(Shared {
        crowd: Arc::clone(crowd),
        batch: load.batch,
        turns: (0..instances)
            .map(|instance| Mutex::new(of(instance)))
            .collect(),
        left: AtomicUsize::new(load.requests),
        reports: AtomicUsize::new(0),
        busy: AtomicUsize::new(0),
    });
    ensure!(load.at_once <= crowd.len(), "a device asks once at a time");
    let mut connections = Vec::new();
    for number in 0..load.at_once {
        connections.push(Connection::open(load.instances[number % instances]).await?);
    }
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for (number, connection) in connections.into_iter().enumerate() {
        workers.spawn(work(Arc::clone(&shared), number % instances, connection));
    }
    let done: Result<Vec<()>> = workers.join_all().await.into_iter().collect();
    done?;
    Ok(Ran {
        reports: shared.reports.load(Ordering::Relaxed),
        seconds: began.elapsed().as_secs_f64(),
        busy: shared.busy.load(Ordering::Relaxed),
    })
}

async fn work(shared: Arc<Shared>, instance: usize, mut connection: Connection) -> Result<()> {
    let turns = &shared.turns[instance];
    while shared.take_one() {
        let number = shared.next_of(turns).context("no report is left")?;
        let (taken, sent) = one(&shared.crowd, number, shared.batch, &mut connection).await?;
        shared.reports.fetch_add(taken, Ordering::Relaxed);
        let turn = turns.lock().unwrap_or_else(PoisonError::into_inner);
        { turn }.push_back(number);
        if taken < sent {
            shared.busy.fetch_add(1, Ordering::Relaxed);
            shared.left.fetch_add(1, Ordering::Relaxed);
            sleep(AFTER_BUSY).await;
        }
    }
    Ok(())
}

impl Shared {
    /// The next device that has a report. One that has none gets no turn again.
    fn next_of(&self, turns: &Mutex<VecDeque<usize>>) -> Option<usize> {
        let mut turns = turns.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = std::iter::from_fn(|| turns.pop_front());
        next.find(|number| self.crowd.person(*number).has_more())
    }

    fn take_one(&self) -> bool {
        let less = |left: usize| left.checked_sub(1);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.is_ok()
    }
}

/// Sends the next reports of one device, fewer than `batch` where fewer wait; returns how many the
/// ledger took, and how many were sent. The others were told that it is busy.
pub(crate) async fn one(
    crowd: &Crowd,
    number: usize,
    batch: usize,
    connection: &mut Connection,
) -> Result<(usize, usize)> {
    let body = crowd.person(number).next(batch);
    let sent = body.len() / RECORD;
    ensure!(sent > 0, "no report is left");
    let answer = connection.submit(&body).await?;
    // A replay is what was taken before the connection broke.
    let taken = answer.outcomes("accepted") + answer.outcomes("replay");
    let busy = answer.status == 503 || answer.outcomes("busy") > 0;
    ensure!(
        taken == sent || busy,
        "{}: {}",
        answer.status,
        answer.words()
    );
    crowd.person(number).took(taken);
    Ok((taken, sent))
}

/// Sends at a steady rate whatever the answers are, over `connections` that each have their own
/// devices; returns the microseconds of each answer. A request that had to wait for the one before
/// it counts from when it was due.
pub(crate) async fn paced(
    crowd: &Arc<Crowd>,
    instance: SocketAddr,
    connections: usize,
    per_second: f64,
    duration: Duration,
) -> Result<Vec<f64>> {
    ensure!(connections <= crowd.len(), "each has its own devices");
    let mut opened = Vec::new();
    for _ in 0..connections {
        opened.push(Connection::open(instance).await?);
    }
    let begin = Instant::now() + Duration::from_millis(20);
    let mut workers = JoinSet::new();
    for (lane, mut connection) in opened.into_iter().enumerate() {
        let crowd = Arc::clone(crowd);
        workers.spawn(async move {
            let mut micros = Vec::new();
            let own: Vec<usize> = (lane..crowd.len()).step_by(connections).collect();
            for turn in 0.. {
                let place = (turn * connections + lane) as f64;
                let due = begin + Duration::from_secs_f64(place / per_second);
                if due > begin + duration {
                    break;
                }
                let number = own[turn % own.len()];
                let mut from = due;
                if Instant::now() < due {
                    sleep_until(due.into()).await;
                    from = Instant::now();
                }
                while !matches!(one(&crowd, number, 1, &mut connection).await, Ok((1, _))) {
                    // The ledger is busy, or has closed this connection for another one.
                    ensure!(from.elapsed() < GIVE_UP, "no answer for {GIVE_UP:?}");
                    sleep(AFTER_BUSY).await;
                    connection = Connection::open(instance).await?;
                }
                micros.push(from.elapsed().as_secs_f64() * 1e6);
            }
            anyhow::Ok(micros)
        });
    }
    let lanes: Result<Vec<Vec<f64>>> = workers.join_all().await.into_iter().collect();
    Ok(lanes?.concat())
}

const AFTER_BUSY: Duration = Duration::from_millis(5);
const GIVE_UP: Duration = Duration::from_secs(20);
