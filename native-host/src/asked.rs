//! A request to another task, and the way back of its answer.

use crate::problems;
use meter_wire::Problem;
use tokio::sync::oneshot;

/// Where the answer goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, Problem>>;

/// Something that was asked and is not answered yet.
pub(crate) struct Asked<T>(oneshot::Receiver<Result<T, Problem>>);

impl<T> Asked<T> {
    /// Both ends.
    pub(crate) fn new() -> (Answer<T>, Self) {
        let (answer, asked) = oneshot::channel();
        (answer, Self(asked))
    }

    /// Waits for the answer.
    ///
    /// # Errors
    /// Those of the answer; `daemon_unreachable` when nobody is left who could give one.
    pub(crate) async fn answer(self) -> Result<T, Problem> {
        self.0.await.map_err(|_| problems::shutting_down())?
    }
}

/// Answers.
pub(crate) fn reply<T>(answer: Answer<T>, result: Result<T, Problem>) {
    // A client that left before its answer needs none.
    drop(answer.send(result));
}
