//! The page's way to the token: by a one-time link, or because it is expected.

use crate::{expected::OPEN_PAGE, refusal::Refusal, state::State as Shared};
use axum::{Extension, Json, body::Bytes, extract::State};
use meter_wire::face::{FaceCode, Login, LoginReply};
use std::sync::Arc;

/// Whether the system says that a connection belongs to the user of this program.
#[derive(Clone, Copy)]
pub(crate) struct IsOurs(pub(crate) bool);

pub(crate) async fn login(
    State(state): State<Arc<Shared>>,
    Extension(IsOurs(is_ours)): Extension<IsOurs>,
    body: Bytes,
) -> Result<Json<LoginReply>, Refusal> {
    let login: Login = serde_json::from_slice(&body).map_err(|_| FaceCode::BadJson)?;
    let now = state.daemon.now();
    let is_let_in = match login.link == OPEN_PAGE {
        true => state.expected.take(is_ours, now),
        false => state.links.open(&state.token, &login.link, now),
    };
    match is_let_in {
        true => Ok(Json(LoginReply {
            token: state.token.text().to_owned(),
        })),
        false => Err(FaceCode::Link.into()),
    }
}
