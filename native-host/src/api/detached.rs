//! Long requests of one client: they run in parallel, and their answers carry their number.

use meter_wire::{ErrorCode, Problem, Success};
use std::{pin::Pin, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::TaskTracker;

/// Most requests of one client that run at once.
const RUNNING_MAX: usize = 8;

/// The result of a request.
pub(super) type Answer<T = Success> = Result<T, Problem>;
/// A permit for one of the requests that may run at once.
pub(super) type Place = OwnedSemaphorePermit;
/// The rest of a request that has begun.
pub(super) type Task = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The long requests of one client.
pub(super) struct Detached {
    tasks: TaskTracker,
    places: Arc<Semaphore>,
    /// `None` at the end, when nothing more begins.
    sender: Option<mpsc::Sender<(u32, Answer)>>,
    answers: mpsc::Receiver<(u32, Answer)>,
}

impl Detached {
    /// `tasks` owns what runs: it continues when its client leaves, so that nothing is left half
    /// done.
    pub(super) fn new(tasks: TaskTracker) -> Self {
        let (sender, answers) = mpsc::channel(RUNNING_MAX);
        Self {
            tasks,
            places: Arc::new(Semaphore::new(RUNNING_MAX)),
            sender: Some(sender),
            answers,
        }
    }

    /// A place for one more request. Taken before the request begins, so that a refused request has
    /// not begun.
    ///
    /// # Errors
    /// When too many run.
    pub(super) fn place(&self) -> Answer<Place> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map_err(|_| Problem::new(ErrorCode::Busy))
    }

    /// Runs the rest of a request; not after [`Self::rest`].
    pub(super) fn run(&self, id: u32, place: Place, task: Task) {
        let Some(sender) = self.sender.clone() else {
            return;
        };
        self.tasks.spawn(async move {
            let answer = task.await;
            crate::ignore_because("its client left", sender.send((id, answer)).await);
            drop(place);
        });
    }

    /// The next answer; pending for ever while nothing runs. Cancel safe.
    pub(super) async fn next(&mut self) -> (u32, Answer) {
        match self.answers.recv().await {
            Some(answer) => answer,
            // Cannot happen while this has a sender itself.
            None => std::future::pending().await,
        }
    }

    /// At the end: the answers of what still runs, one after another; `None` when nothing is left.
    pub(super) async fn rest(&mut self) -> Option<(u32, Answer)> {
        self.sender = None;
        self.answers.recv().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn at_the_end_all_that_has_begun_is_answered_and_nothing_else_is_waited_for() {
        let tasks = TaskTracker::new();
        let mut detached = Detached::new(tasks.clone());
        let (go, gate) = oneshot::channel();
        let place = || detached.place().expect("free");
        let slow = async move {
            let went = gate.await;
            went.map_or_else(
                |_| Err(Problem::new(ErrorCode::Busy)),
                |()| Ok(Success::Done),
            )
        };
        detached.run(1, place(), Box::pin(slow));
        detached.run(2, place(), Box::pin(async { Ok(Success::Done) }));
        let rest = async {
            let mut answered = Vec::new();
            while let Some(answer) = detached.rest().await {
                if answer.0 == 2 {
                    assert!(answered.is_empty(), "the slow one comes last");
                }
                answered.push(answer);
            }
            answered
        };
        let open_gate = async {
            tokio::task::yield_now().await;
            go.send(()).expect("it waits");
        };
        let (answered, ()) = tokio::join!(rest, open_gate);
        assert_eq!(answered, [(2, Ok(Success::Done)), (1, Ok(Success::Done))]);
        tasks.close();
        tasks.wait().await;
    }
}
