//! Takes the reports that wait, stores them in one transaction, and answers with what it read back
//! afterwards.
//!
//! There is no timer: while one transaction is written, the next ones collect. A success of the
//! commit is not believed, because a database may answer a commit with a rollback (rust-postgres
//! issue 1334) and a connection may end in between: a receipt leaves only after it was read back.

mod work;

pub use work::Wait;

use crate::{
    apply::{ApplyError, Decision, Refusal, Submission},
    books::{Books, SIGNED_BYTES},
    guard::{Guard, Mark, WRITERS_MAX},
    read_back, shelf,
    store::{Db, FromStore, Store, StoreError, Value, statements},
};
use meter_core::{ChainState, DeviceKey, LedgerKey, LedgerSigner, Policy, UnixMs, Verified};
use std::{
    collections::BTreeSet,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, RwLock},
    thread::{Builder, JoinHandle},
    time::Instant,
};
use tokio::sync::{mpsc, oneshot};
use work::Work;

/// Most reports in one transaction.
const BATCH: usize = 256;
/// Most reports that wait. The next one is told to come again later.
const QUEUE: usize = 2048;

/// The answer to one report. A receipt is exactly what the database holds.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Taken now.
    Accepted(Box<[u8; SIGNED_BYTES]>),
    /// Taken before.
    Replay(Box<[u8; SIGNED_BYTES]>),
    /// It does not follow from what the ledger has, or the chain is frozen.
    Conflict(Box<Verified<ChainState>>),
    /// It can never be accepted.
    Refused(Refusal),
    /// No account has this device, or no longer.
    UnknownDevice,
    /// The device has begun as many chains as the policy allows in a day.
    TooManyChains,
    /// Nothing is known to be stored: the same again, later.
    Busy,
}

/// What may change while the ledger runs: the policy in force and the receipt keys of the past.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The policy in force.
    pub policy: Policy,
    /// Every receipt key that this ledger has had.
    pub keys: BTreeSet<LedgerKey>,
}

struct Waiting {
    submission: Submission,
    answer: oneshot::Sender<Answer>,
    since: Instant,
}

/// The queues in front of the database, and the thread behind each.
pub struct Committer {
    /// Empty after the end.
    queues: Mutex<Vec<mpsc::Sender<Waiting>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// What each thread has in its hands.
    work: Vec<Arc<Work>>,
}

struct Writer {
    number: usize,
    store: Arc<Store>,
    signer: Arc<LedgerSigner>,
    terms: Arc<RwLock<Terms>>,
    guard: Option<Arc<Guard>>,
    work: Arc<Work>,
}

/// What one transaction has decided, and how far this thread has come by it.
type Stored = (Vec<Decision>, Option<Mark>);

#[derive(Debug, thiserror::Error)]
enum BatchError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error("the thread panicked")]
    Panic,
}

impl BatchError {
    /// Whether one of the reports may be the reason, so that the others can succeed without it.
    fn may_be_of_one(&self) -> bool {
        let of_all = [StoreError::is_lost, StoreError::is_unavailable];
        !matches!(self, Self::Store(error) if of_all.iter().any(|is| is(error)))
    }
}

impl FromStore for BatchError {
    fn is_lost(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_lost())
    }
}

impl Committer {
    /// Starts one thread for each transaction that the database takes at the same time. `guard`
    /// follows what they store.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        store: &Arc<Store>,
        signer: &Arc<LedgerSigner>,
        terms: &Arc<RwLock<Terms>>,
        guard: Option<&Arc<Guard>>,
    ) -> io::Result<Self> {
        let (mut queues, mut threads, mut works) = (Vec::new(), Vec::new(), Vec::new());
        let writers = store.writers().min(WRITERS_MAX);
        for number in 0..writers {
            let work = Arc::new(Work::default());
            works.push(Arc::clone(&work));
            let writer = Writer {
                number,
                store: Arc::clone(store),
                signer: Arc::clone(signer),
                terms: Arc::clone(terms),
                guard: guard.cloned(),
                work,
            };
            let (queue, waiting) = mpsc::channel(QUEUE / writers);
            let thread = Builder::new().name(format!("committer-{number}"));
            threads.push(thread.spawn(move || writer.run(waiting))?);
            queues.push(queue);
        }
        Ok(Self {
            queues: Mutex::new(queues),
            threads: Mutex::new(threads),
            work: works,
        })
    }

    /// Puts reports into the queues, in their order, and waits for their answers.
    ///
    /// All reports of a device go through one queue. With several, a report could overtake the one
    /// before it in its chain, and would be told that it does not follow.
    pub async fn submit(&self, submissions: Vec<Submission>) -> Vec<Answer> {
        let queues = lock(&self.queues).clone();
        let mut answers = Vec::with_capacity(submissions.len());
        for submission in submissions {
            let (answer, received) = oneshot::channel();
            let queue = queue_of(&queues, submission.report.value().key);
            let since = Instant::now();
            let waiting = Waiting {
                submission,
                answer,
                since,
            };
            let is_full = queue.is_none_or(|queue| queue.try_send(waiting).is_err());
            answers.push((!is_full).then_some(received));
        }
        let mut done = Vec::with_capacity(answers.len());
        for answer in answers {
            done.push(match answer {
                Some(answer) => answer.await.unwrap_or(Answer::Busy),
                None => Answer::Busy,
            });
        }
        done
    }

    /// The reports that wait for the database now.
    #[must_use]
    pub fn wait(&self) -> Wait {
        let queued = |queue: &mpsc::Sender<Waiting>| queue.max_capacity() - queue.capacity();
        let queued = lock(&self.queues).iter().map(queued).sum();
        let none = Wait {
            reports: queued,
            ..Wait::default()
        };
        let waits = self.work.iter().map(|work| work.wait());
        waits.fold(none, |sum, wait| Wait {
            reports: sum.reports.saturating_add(wait.reports),
            oldest: sum.oldest.max(wait.oldest),
        })
    }

    /// Takes nothing more, and waits until everything that waits is stored and answered.
    pub fn finish(&self) {
        lock(&self.queues).clear();
        for thread in lock(&self.threads).drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread that writes to the database has panicked");
            }
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.finish();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keys are spread evenly, because nobody chooses them.
fn queue_of(queues: &[mpsc::Sender<Waiting>], device: DeviceKey) -> Option<&mpsc::Sender<Waiting>> {
    let [first, ..] = device.0;
    let number = usize::from(first).checked_rem(queues.len())?;
    queues.get(number)
}

impl Writer {
    fn run(&self, mut waiting: mpsc::Receiver<Waiting>) {
        while let Some(batch) = next_batch(&mut waiting) {
            if let Some(oldest) = batch.first() {
                self.work.begin(oldest.since, batch.len());
            }
            let (submissions, answers): (Vec<_>, Vec<_>) = batch
                .into_iter()
                .map(|waiting| (waiting.submission, waiting.answer))
                .unzip();
            let commit = || self.commit(&submissions);
            for (answer, to) in surviving(answers.len(), commit).into_iter().zip(answers) {
                // Who asked may have gone; the same report will be answered the same again.
                drop(to.send(answer));
            }
            self.work.end();
        }
    }

    /// Stores a batch and answers each of its reports. A report that the database refuses must not
    /// hold up the others, nor end this thread: the batch is halved until it is alone.
    fn commit(&self, batch: &[Submission]) -> Vec<Answer> {
        // A transaction that panics is rolled back, and its books are gone with it.
        let stored = catch_unwind(AssertUnwindSafe(|| self.store_batch(batch)));
        match stored.unwrap_or(Err(BatchError::Panic)) {
            Ok((decisions, mark)) => {
                let answers = self.read_back(batch, decisions);
                self.note(&answers, mark);
                answers
            }
            Err(error) => {
                tracing::warn!(reports = batch.len(), %error, "a transaction failed");
                match batch.split_at_checked(batch.len() / 2) {
                    Some((one, other)) if error.may_be_of_one() && !one.is_empty() => {
                        let mut answers = self.commit(one);
                        answers.extend(self.commit(other));
                        answers
                    }
                    _ => vec![Answer::Busy; batch.len()],
                }
            }
        }
    }

    fn store_batch(&self, batch: &[Submission]) -> Result<Stored, BatchError> {
        let terms = self.terms.read().unwrap_or_else(PoisonError::into_inner);
        let terms = terms.clone();
        self.store.write(|db| {
            let mut books = Books::new(UnixMs::ZERO, terms.policy, terms.keys.clone());
            let reports = batch.iter().map(|submission| submission.report.value());
            shelf::load(db, &mut books, reports)?;
            let decisions = books.take_all(&self.signer, batch)?;
            shelf::save(db, &books)?;
            Ok((decisions, self.move_mark(db, &books)?))
        })
    }

    /// Counts what is stored now, in the same transaction.
    fn move_mark(&self, db: &mut dyn Db, books: &Books) -> Result<Option<Mark>, StoreError> {
        let Some(guard) = self.guard.as_ref().filter(|_| !books.reports.is_empty()) else {
            return Ok(None);
        };
        let number = |number: usize| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let row = [
            guard.instance().0.into(),
            number(self.number),
            number(books.reports.len()),
            Value::Int(books.now.get_signed()),
        ];
        let mut rows = db.rows(statements::MOVE_MARK, &row)?;
        let receipts = rows.first_mut().map(|row| row.unit(Some)).transpose()?;
        let at = books.now;
        Ok(receipts.map(|receipts| Mark { receipts, at }))
    }

    /// The guard must never be ahead of the database, so it gets only what was read back.
    fn note(&self, answers: &[Answer], mark: Option<Mark>) {
        let is_stored = |answer: &Answer| matches!(answer, Answer::Accepted(_));
        if let (Some(guard), Some(mark)) = (&self.guard, mark)
            && answers.iter().any(is_stored)
        {
            guard.note(self.number, mark);
        }
    }

    fn read_back(&self, batch: &[Submission], decisions: Vec<Decision>) -> Vec<Answer> {
        let is_stored =
            |decision: &Decision| matches!(decision, Decision::Accepted(_) | Decision::Replay(_));
        let of_batch = batch.iter().map(|submission| submission.report.value());
        let expected = of_batch.zip(&decisions);
        let expected = expected.filter(|(_, decision)| is_stored(decision));
        let expected: Vec<_> = expected.map(|(report, _)| report).collect();
        let receipts = read_back::receipts(&self.store, &expected).unwrap_or_else(|error| {
            tracing::warn!(reports = expected.len(), %error, "cannot read receipts back");
            vec![None; expected.len()]
        });
        let mut receipts = receipts.into_iter();
        let mut next = || receipts.next().flatten();
        let stand = read_back::chains_stand(&self.store, &decisions);
        let answer = |decision| match decision {
            Decision::Accepted(_) => next().map_or(Answer::Busy, Answer::Accepted),
            Decision::Replay(_) => next().map_or(Answer::Busy, Answer::Replay),
            Decision::Conflict(_) if !stand => Answer::Busy,
            Decision::Conflict(state) => Answer::Conflict(state),
            Decision::Refused(refusal) => Answer::Refused(refusal),
            Decision::UnknownDevice => Answer::UnknownDevice,
            Decision::TooManyChains => Answer::TooManyChains,
        };
        decisions.into_iter().map(answer).collect()
    }
}

/// A panic must not end the thread: nobody else would answer what comes after it. Who waits sends
/// the same again, and nothing that was stored is lost by it.
fn surviving(count: usize, work: impl FnOnce() -> Vec<Answer>) -> Vec<Answer> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| vec![Answer::Busy; count])
}

/// Everything that waits, up to [`BATCH`]; `None` when nothing more will come.
fn next_batch(waiting: &mut mpsc::Receiver<Waiting>) -> Option<Vec<Waiting>> {
    let mut batch = vec![waiting.blocking_recv()?];
    while batch.len() < BATCH {
        match waiting.try_recv() {
            Ok(next) => batch.push(next),
            Err(_) => break,
        }
    }
    Some(batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_answered_to_each_who_waits_and_ends_no_thread() {
        let fine = surviving(1, || vec![Answer::UnknownDevice]);
        assert!(matches!(fine[..], [Answer::UnknownDevice]));
        let panicked = surviving(2, || panic!("a mistake of this program"));
        assert!(matches!(panicked[..], [Answer::Busy, Answer::Busy]));
    }
}
