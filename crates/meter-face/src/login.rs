//! The page's way from a one-time link to the token.

use crate::{refusal::Refusal, state::State as Shared};
use axum::{Json, body::Bytes, extract::State};
use meter_wire::face::{FaceCode, Login, LoginReply};
use std::sync::Arc;

pub(crate) async fn login(
    State(state): State<Arc<Shared>>,
    body: Bytes,
) -> Result<Json<LoginReply>, Refusal> {
    let login: Login = serde_json::from_slice(&body).map_err(|_| FaceCode::BadJson)?;
    match state
        .links
        .open(&state.token, &login.link, state.door.now())
    {
        true => Ok(Json(LoginReply {
            token: state.token.text().to_owned(),
        })),
        false => Err(FaceCode::Link.into()),
    }
}
