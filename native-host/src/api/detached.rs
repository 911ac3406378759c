//! Requests of one client that take long: they run beside the rest, and their answers come by
//! number.

use meter_wire::{ErrorCode, Problem, Success};
use std::{pin::Pin, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::TaskTracker;

/// Requests of one client that run at once.
const RUNNING_MAX: usize = 8;

/// How a request went.
pub(super) type Answer<T = Success> = Result<T, Problem>;
/// One of the requests that may run at once.
pub(super) type Place = OwnedSemaphorePermit;
/// The rest of a request that has begun.
pub(super) type Task = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The long requests of one client.
pub(super) struct Detached {
    tasks: TaskTracker,
    places: Arc<Semaphore>,
    sender: mpsc::Sender<(u32, Answer)>,
    answers: mpsc::Receiver<(u32, Answer)>,
}

impl Detached {
    /// `tasks` owns what runs: it goes on when its client leaves, so that nothing stays half done.
    pub(super) fn new(tasks: TaskTracker) -> Self {
        let (sender, answers) = mpsc::channel(RUNNING_MAX);
        Self {
            tasks,
            places: Arc::new(Semaphore::new(RUNNING_MAX)),
            sender,
            answers,
        }
    }

    /// A place for one request more. Taken before the request begins: what is refused has not
    /// begun.
    ///
    /// # Errors
    /// Too many run.
    pub(super) fn place(&self) -> Answer<Place> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        place.map_err(|_| Problem::new(ErrorCode::Busy))
    }

    /// Runs the rest of a request.
    pub(super) fn run(&self, id: u32, place: Place, task: Task) {
        let sender = self.sender.clone();
        self.tasks.spawn(async move {
            let answer = task.await;
            crate::ignore_because("its client left", sender.send((id, answer)).await);
            drop(place);
        });
    }

    /// The next answer; waits for ever while nothing runs. Cancel safe.
    pub(super) async fn next(&mut self) -> (u32, Answer) {
        match self.answers.recv().await {
            Some(answer) => answer,
            // Not while this has a sender itself.
            None => std::future::pending().await,
        }
    }
}
