//! A refusal as an HTTP answer.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use meter_wire::{
    ErrorCode, Problem,
    face::{EitherCode, FaceCode, FaceError, FaceProblem, FieldError},
};

/// Why a request is not answered with what it asks for.
#[derive(Clone, Debug)]
pub(crate) struct Refusal(Box<FaceProblem>);

impl Refusal {
    /// A field that is outside its limits, and why.
    pub(crate) fn field(name: &str, why: impl Into<String>) -> Self {
        let mut problem = FaceProblem::from(FaceCode::BadField);
        problem.error.field = Some(name.to_owned());
        problem.error.detail = Some(why.into());
        Self(Box::new(problem))
    }

    /// What it says.
    pub(crate) fn error(&self) -> &FaceError {
        &self.0.error
    }

    /// The daemon answered something else than was asked.
    pub(crate) fn unexpected() -> Self {
        FaceCode::Internal.into()
    }
}

impl From<FaceCode> for Refusal {
    fn from(code: FaceCode) -> Self {
        Self(Box::new(code.into()))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(Box::new(problem.into()))
    }
}

impl From<FieldError> for Refusal {
    fn from(error: FieldError) -> Self {
        Self::field(&error.field, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self.0.error.code {
            EitherCode::Face(code) => of_face(code),
            EitherCode::Daemon(code) => of_daemon(code),
        };
        let mut response = (status, Json(self.0)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, how);
        }
        response
    }
}

/// One code has one status.
const fn of_face(code: FaceCode) -> StatusCode {
    match code {
        FaceCode::WrongHost => StatusCode::MISDIRECTED_REQUEST,
        FaceCode::ForeignOrigin => StatusCode::FORBIDDEN,
        FaceCode::BadRequest | FaceCode::BadJson => StatusCode::BAD_REQUEST,
        FaceCode::Token | FaceCode::Link => StatusCode::UNAUTHORIZED,
        FaceCode::NotFound | FaceCode::NotEnrolled => StatusCode::NOT_FOUND,
        FaceCode::Method => StatusCode::METHOD_NOT_ALLOWED,
        FaceCode::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FaceCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        FaceCode::TooSlow => StatusCode::REQUEST_TIMEOUT,
        FaceCode::BadField => StatusCode::UNPROCESSABLE_ENTITY,
        FaceCode::RelayStopped => StatusCode::CONFLICT,
        FaceCode::Busy => StatusCode::TOO_MANY_REQUESTS,
        FaceCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What the daemon refuses. Most of it is a state that a person has to mend: the request was in
/// order, and may be sent again.
fn of_daemon(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadThresholds | ErrorCode::SettingRefused => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::Busy => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::TorNotOurs | ErrorCode::SettingByCommand => StatusCode::CONFLICT,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}
