//! Converts bytes to messages and back. Strict towards the daemon, tolerant towards a client.

use crate::{
    ErrorCode, FromDaemon, Problem, REPORTS_FORMAT, ReportsFile, Request, RequestEnvelope,
    write_json,
};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use std::collections::BTreeMap;

/// The reason why a frame is not a request, with the request's number if that could be read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ParseError {
    /// The number to put into the answer.
    pub id: Option<u32>,
    /// The problem to answer with.
    pub problem: Problem,
}

/// An envelope of which not the whole request is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<R> {
    id: u32,
    request: R,
}

/// Parses one frame of a client.
///
/// # Errors
/// `bad_request` when the frame is not a request, `unknown_request` for a request of a later
/// version.
pub fn parse_request(frame: &[u8]) -> Result<RequestEnvelope, ParseError> {
    let envelope: RequestEnvelope =
        serde_json::from_slice(frame).map_err(|error| refused(frame, &error))?;
    let id = envelope.id;
    if has_one_spelling(&envelope, frame) {
        return Ok(envelope);
    }
    let detail = "this is not how the request is spelled";
    Err(ParseError {
        id: Some(id),
        problem: Problem::with_detail(ErrorCode::BadRequest, detail),
    })
}

fn refused(frame: &[u8], error: &serde_json::Error) -> ParseError {
    // What is ignored is not checked to be text.
    let text = str::from_utf8(frame).ok();
    let envelope: Option<Envelope<IgnoredAny>> =
        text.and_then(|text| serde_json::from_str(text).ok());
    let problem = match envelope.is_some() && has_unknown_name(frame) {
        true => Problem::new(ErrorCode::UnknownRequest),
        false => bad_request(error),
    };
    ParseError {
        id: envelope.map(|envelope| envelope.id),
        problem,
    }
}

/// serde also accepts a struct as a bare list, and a name with a null. This protocol does not:
/// apart from white space and order, a request must be exactly what this crate would write.
pub(crate) fn has_one_spelling(value: &impl Serialize, frame: &[u8]) -> bool {
    let written = serde_json::to_value(value).ok();
    let received = serde_json::from_slice(frame).ok();
    written.is_some() && written == received
}

/// serde_json's messages quote the input. They end up in logs, so only kind and place are passed
/// on.
fn bad_request(error: &serde_json::Error) -> Problem {
    let kind = match error.classify() {
        serde_json::error::Category::Io | serde_json::error::Category::Eof => "the JSON ends early",
        serde_json::error::Category::Syntax => "this is not JSON",
        serde_json::error::Category::Data => {
            "a field is missing, unknown, repeated or of the wrong type"
        }
    };
    Problem::with_detail(
        ErrorCode::BadRequest,
        format!("{kind} (line {}, column {})", error.line(), error.column()),
    )
}

/// Whether it is one request, of a name that this version does not know.
fn has_unknown_name(frame: &[u8]) -> bool {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Named {
        Alone(String),
        WithContent(BTreeMap<String, IgnoredAny>),
    }
    let known = |name: &str| Request::NAMES.contains(&name);
    match serde_json::from_slice(frame).map(|envelope: Envelope<Named>| envelope.request) {
        Ok(Named::Alone(name)) => !known(&name),
        Ok(Named::WithContent(map)) => map.len() == 1 && !map.keys().all(|name| known(name)),
        Err(_) => false,
    }
}

/// Parses one frame of the daemon.
///
/// # Errors
/// When the frame is not a message of this protocol. The text is for a log and quotes nothing.
pub fn parse_from_daemon(frame: &[u8]) -> Result<FromDaemon, Problem> {
    serde_json::from_slice(frame).map_err(|error| bad_request(&error))
}

/// Parses a file of reports (`docs/spec/session-report.md`), as strictly as a request.
///
/// # Errors
/// When it is not a file of reports; the detail says where.
pub fn parse_reports_file(text: &[u8]) -> Result<ReportsFile, Problem> {
    let file: ReportsFile = serde_json::from_slice(text).map_err(|error| bad_request(&error))?;
    if file.format == REPORTS_FORMAT && has_one_spelling(&file, text) {
        return Ok(file);
    }
    let detail = format!("this is not an object of the format {REPORTS_FORMAT}");
    Err(Problem::with_detail(ErrorCode::BadRequest, detail))
}

/// The JSON of a message to a client.
#[must_use]
pub fn write_message(message: &FromDaemon) -> Vec<u8> {
    write_json(message).into_bytes()
}

/// The JSON of a request.
#[must_use]
pub fn write_request(request: &RequestEnvelope) -> Vec<u8> {
    write_json(request).into_bytes()
}
