//! One request in the form of native messages, for the page: it speaks to the daemon in the same
//! messages as the extension does, whatever carries them.

use crate::{refusal::Refusal, state::State as Shared};
use axum::{body::Bytes, extract::State, http::header, response::IntoResponse};
use meter_wire::{
    FromDaemon, Outcome, ParseError, Reply,
    face::{EitherCode, FaceCode},
    parse_request, write_message,
};
use std::sync::Arc;

/// Answers with the frame that the daemon would send, an error included.
pub(crate) async fn ask(
    State(state): State<Arc<Shared>>,
    body: Bytes,
) -> Result<impl IntoResponse, Refusal> {
    let (id, outcome) = match parse_request(&body) {
        Err(ParseError { id, problem }) => (id, Outcome::Error(problem)),
        Ok(envelope) => match state.ask(envelope.request).await {
            Ok(answered) => (Some(envelope.id), Outcome::Ok(answered.success)),
            Err(refusal) => (Some(envelope.id), Outcome::Error(refusal.problem()?)),
        },
    };
    let frame = write_message(&FromDaemon::Reply(Reply { id, outcome }));
    Ok(([(header::CONTENT_TYPE, "application/json")], frame))
}

impl Refusal {
    /// The daemon's own words. What this server refuses itself has none.
    fn problem(self) -> Result<meter_wire::Problem, Self> {
        let error = self.error();
        let code = match error.code {
            EitherCode::Daemon(code) => code,
            EitherCode::Face(FaceCode::Busy) => meter_wire::ErrorCode::Busy,
            EitherCode::Face(_) => return Err(self),
        };
        Ok(meter_wire::Problem {
            code,
            message: error.message.clone(),
            detail: error.detail.clone(),
            cause: None,
        })
    }
}
