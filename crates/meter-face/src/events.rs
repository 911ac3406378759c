//! Server-sent events: what the extension gets as notices, in the same form.

use crate::{refusal::Refusal, state::State as Shared};
use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use meter_wire::{FromDaemon, Notice, Request, Success, face::FaceCode, write_message};
use std::{convert::Infallible, sync::Arc};
use tokio::sync::{
    OwnedSemaphorePermit,
    broadcast::{Receiver, error::RecvError},
};
use tokio_util::sync::CancellationToken;

/// One client's stream.
struct Listening {
    /// Sent before anything else.
    first: Option<Notice>,
    notices: Receiver<Notice>,
    stop: CancellationToken,
    _place: OwnedSemaphorePermit,
}

/// The current status, then every notice. A client that reads too slowly misses earlier statuses
/// and gets the latest ones.
pub(crate) async fn events(State(state): State<Arc<Shared>>) -> Result<Response, Refusal> {
    let place = state.streams.clone().try_acquire_owned();
    let place = place.map_err(|_| FaceCode::Busy)?;
    // Before the question, so that nothing is missed between the two.
    let notices = state.daemon.notices();
    let first = match state.daemon.ask(Request::Status).await {
        Ok(answered) => match answered.success {
            Success::Status(status) => Notice::Status(status),
            _ => return Err(Refusal::unexpected()),
        },
        Err(problem) => Notice::Problem(problem),
    };
    let listening = Listening {
        first: Some(first),
        notices,
        stop: state.stop.clone(),
        _place: place,
    };
    let alive = KeepAlive::new().interval(state.limits.alive);
    let events = stream::unfold(listening, next);
    Ok(Sse::new(events).keep_alive(alive).into_response())
}

async fn next(mut listening: Listening) -> Option<(Result<Event, Infallible>, Listening)> {
    let notice = match listening.first.take() {
        Some(first) => first,
        None => listening.notice().await?,
    };
    let json = write_message(&FromDaemon::Notice(notice));
    let text = String::from_utf8(json).ok()?;
    Some((Ok(Event::default().data(text)), listening))
}

impl Listening {
    /// The next notice; `None` when the server ends.
    async fn notice(&mut self) -> Option<Notice> {
        loop {
            let received = tokio::select! {
                () = self.stop.cancelled() => return None,
                received = self.notices.recv() => received,
            };
            match received {
                Ok(notice) => return Some(notice),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }
}
