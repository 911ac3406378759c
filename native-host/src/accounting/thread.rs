//! The thread on which accounting waits for the disk.
//!
//! Accounting has one owner at a time. A job takes it to the thread and brings it back; jobs are
//! done one after another, in the order of the calls. What needs no file is done without the thread
//! while accounting is here, so that a daemon at rest is not woken twice a second. If a disk hangs,
//! the jobs wait, and the rest of the daemon does not.

use super::{Accounting, AccountsStatus};
use meter_core::MonotonicMs;
use meter_wire::{ErrorCode, Problem};
use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
};
use tokio::sync::mpsc;

/// A job that does not go on for this many milliseconds is late: disks answer sooner. Clients wait
/// three seconds for a status.
const LATE_MS: u64 = 2_000;

/// Work for accounting. It gets a problem in its place if the work is refused. What it returns, the
/// owner does afterwards.
pub(crate) type Job<Then> = Box<dyn FnOnce(Result<&mut Accounting, Problem>) -> Then + Send>;

/// Accounting, here or on its thread.
pub(crate) struct AccountingThread<Then> {
    /// `None` while a job is done, or for ever after one that panicked.
    here: Option<Box<Accounting>>,
    /// As it was after the last job.
    status: AccountsStatus,
    jobs: VecDeque<Waiting<Then>>,
    /// When the job under way began.
    begun: MonotonicMs,
    /// When a job of many parts last went on, in milliseconds. Only that job knows it.
    went_on: Arc<AtomicU64>,
    sender: Sender<(Box<Accounting>, Job<Then>)>,
    done: mpsc::Receiver<(Box<Accounting>, Then)>,
    thread: thread::JoinHandle<()>,
}

struct Waiting<Then> {
    job: Job<Then>,
    may_be_refused: bool,
}

impl<Then: Send + 'static> AccountingThread<Then> {
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start(accounting: Accounting) -> io::Result<Self> {
        let (sender, jobs) = channel();
        // At most one job is under way.
        let (results, done) = mpsc::channel(1);
        let thread = thread::Builder::new()
            .name("accounting".to_owned())
            .spawn(move || work(&jobs, &results))?;
        Ok(Self {
            status: accounting.status(),
            here: Some(Box::new(accounting)),
            jobs: VecDeque::new(),
            begun: MonotonicMs::ZERO,
            went_on: Arc::default(),
            sender,
            done,
            thread,
        })
    }

    /// The status after the last job that is done.
    pub(crate) const fn status(&self) -> &AccountsStatus {
        &self.status
    }

    /// Accounting, if no job is under way. Only for what needs no file; afterwards
    /// [`Self::look_again`] is called.
    pub(crate) fn here(&mut self) -> Option<&mut Accounting> {
        self.here.as_deref_mut()
    }

    /// Reads the status again, if no job is under way.
    pub(crate) fn look_again(&mut self) {
        if let Some(accounting) = &self.here {
            self.status = accounting.status();
        }
    }

    /// Does the job after those before it, however long they take.
    pub(crate) fn add(&mut self, now: MonotonicMs, job: Job<Then>) {
        self.push(now, job, false);
    }

    /// The same for a job that somebody waits for: it is refused, and nothing of it done, if an
    /// earlier one is late.
    pub(crate) fn ask(&mut self, now: MonotonicMs, job: Job<Then>) {
        self.push(now, job, true);
    }

    fn push(&mut self, now: MonotonicMs, job: Job<Then>, may_be_refused: bool) {
        self.jobs.push_back(Waiting {
            job,
            may_be_refused,
        });
        self.begin_next(now);
    }

    fn begin_next(&mut self, now: MonotonicMs) {
        if self.jobs.is_empty() {
            return;
        }
        let Some(accounting) = self.here.take() else {
            return;
        };
        if let Some(Waiting { job, .. }) = self.jobs.pop_front() {
            self.begun = now;
            crate::ignore_because(
                "it has ended after a panic",
                self.sender.send((accounting, job)),
            );
        }
    }

    /// Whether nothing is under way and nothing waits.
    pub(crate) fn is_idle(&self) -> bool {
        self.here.is_some() && self.jobs.is_empty()
    }

    /// For a job of many parts to call at each of them: the disk answers, however long all of them
    /// take together.
    pub(crate) fn goes_on<Now: Fn() -> MonotonicMs>(&self, now: Now) -> impl Fn() + use<Now, Then> {
        let went_on = Arc::clone(&self.went_on);
        move || went_on.store(now().get(), Ordering::Relaxed)
    }

    /// Whether the job under way takes longer than a client waits, late or not.
    pub(crate) fn takes_long(&self, now: MonotonicMs) -> bool {
        self.here.is_none() && now.since(self.begun) >= LATE_MS
    }

    /// The problem if the job under way is late.
    pub(crate) fn lateness(&self, now: MonotonicMs) -> Option<Problem> {
        let went_on = MonotonicMs::new(self.went_on.load(Ordering::Relaxed));
        let ms = now.since(went_on.map_or(self.begun, |at| at.max(self.begun)));
        if self.here.is_some() || ms < LATE_MS {
            return None;
        }
        let detail = format!("for {} s", ms / 1_000);
        Some(Problem::with_detail(ErrorCode::DiskSilent, detail))
    }

    /// Refuses the jobs that somebody waits for, and returns what is to be done for them.
    pub(crate) fn refuse(&mut self, problem: &Problem) -> Vec<Then> {
        let mut refused = Vec::new();
        for waiting in std::mem::take(&mut self.jobs) {
            match waiting.may_be_refused {
                true => refused.push((waiting.job)(Err(problem.clone()))),
                false => self.jobs.push_back(waiting),
            }
        }
        refused
    }

    /// Waits until the job under way is done, and begins the next one. `None` after a job that
    /// panicked: nothing is counted any more.
    ///
    /// # Cancel safety
    /// Nothing is lost.
    pub(crate) async fn done(&mut self, now: impl Fn() -> MonotonicMs) -> Option<Then> {
        let (accounting, then) = self.done.recv().await?;
        self.status = accounting.status();
        self.here = Some(accounting);
        self.begin_next(now());
        Some(then)
    }

    /// Closes book and receipts, after the last job.
    pub(crate) fn end(self) {
        if let Some(accounting) = self.here {
            (*accounting).end();
        }
        drop(self.sender);
        crate::ignore_because("a panic there was logged by its hook", self.thread.join());
    }
}

fn work<Then>(
    jobs: &Receiver<(Box<Accounting>, Job<Then>)>,
    results: &mpsc::Sender<(Box<Accounting>, Then)>,
) {
    while let Ok((mut accounting, job)) = jobs.recv() {
        let then = job(Ok(&mut accounting));
        if results.blocking_send((accounting, then)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
