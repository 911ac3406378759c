//! A request to another task, and the way back of its reply.

use crate::problems;
use meter_wire::Problem;
use tokio::sync::oneshot;

/// Where the reply goes.
pub(crate) type Responder<T> = oneshot::Sender<Result<T, Problem>>;

/// A reply that has not come yet.
pub(crate) struct PendingReply<T>(oneshot::Receiver<Result<T, Problem>>);

impl<T> PendingReply<T> {
    /// Makes both ends.
    pub(crate) fn new() -> (Responder<T>, Self) {
        let (responder, reply) = oneshot::channel();
        (responder, Self(reply))
    }

    /// Waits for the reply.
    ///
    /// # Errors
    /// Those of the reply; `daemon_unreachable` when nobody is left who could give one.
    pub(crate) async fn answer(self) -> Result<T, Problem> {
        self.0.await.map_err(|_| problems::shutting_down())?
    }
}

/// Replies.
pub(crate) fn reply<T>(responder: Responder<T>, result: Result<T, Problem>) {
    // A client that left before its reply needs none.
    drop(responder.send(result));
}
