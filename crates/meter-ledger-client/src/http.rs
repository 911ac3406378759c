//! Requests and answers of HTTP, with their limits, and without a meaning.

use crate::{
    error::ClientError,
    link::{Dial, Link, LinkError},
};
use http_body_util::Full;
use hyper::{Request, body::Bytes, header, http::response::Parts};
use meter_core::RequestMethod;
use meter_wire::ledger::{LedgerProblem, read_answer};
use serde::de::DeserializeOwned;
use std::{fmt, time::Duration};
use tokio::time::timeout;

/// Most bytes of the body of an answer. The largest one, 100 sessions with report and receipt, has
/// about 150 KiB.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// Limit of one request to an onion service, from the dialing to the last byte of the answer.
pub const OVER_TOR_MAX: Duration = Duration::from_secs(90);

/// Limit of one request to a ledger on this computer. Such a ledger waits for its disk.
pub const ON_LOOPBACK_MAX: Duration = Duration::from_secs(10);

/// Longest pause that a ledger can ask for, in seconds.
const RETRY_AFTER_S_MAX: u32 = 3_600;

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The method.
    pub method: RequestMethod,
    /// Path and query, exactly as they are sent.
    pub target: &'a str,
    /// Header lines beside `Host` and those about the body.
    pub headers: &'a [(&'a str, String)],
    /// The body, which is JSON; empty for none.
    pub body: &'a [u8],
}

/// A whole answer that is no redirect.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered {
    /// The status.
    pub status: u16,
    /// `Retry-After`, if it is there in seconds; at most 3,600.
    pub retry_after_s: Option<u32>,
    /// The body, at most [`BODY_BYTES_MAX`] bytes.
    pub body: Vec<u8>,
}

impl Answered {
    /// The message in the body of a success.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the ledger says no, [`ClientError::NotALedger`] when the body
    /// is neither.
    pub fn message<T: DeserializeOwned, E: std::error::Error + 'static>(
        &self,
    ) -> Result<T, ClientError<E>> {
        let foreign = ClientError::NotALedger(self.status);
        if (200..300).contains(&self.status) {
            return read_answer(&self.body).ok_or(foreign);
        }
        match read_answer::<LedgerProblem>(&self.body) {
            Some(problem) => Err(ClientError::Refused {
                status: self.status,
                problem,
                retry_after_s: self.retry_after_s,
            }),
            None => Err(foreign),
        }
    }
}

/// Sends requests to one ledger, one after the other.
pub struct Http<D: Dial> {
    host: String,
    dial: D,
    exchange_max: Duration,
    /// The connection of the last exchange, if that ended well.
    link: Option<Link<D::Stream>>,
}

impl<D: Dial> fmt::Debug for Http<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("exchange_max", &self.exchange_max)
            .finish_non_exhaustive()
    }
}

impl<D: Dial> Http<D> {
    /// A ledger that answers to this `Host` header. Nothing is opened yet. Each request may take
    /// `exchange_max`, dialing included.
    #[must_use]
    pub const fn new(host: String, dial: D, exchange_max: Duration) -> Self {
        Self {
            host,
            dial,
            exchange_max,
            link: None,
        }
    }

    /// Sends one request, once.
    ///
    /// # Errors
    /// When there is no whole answer, or a redirect. It is unknown then whether the ledger took
    /// the request.
    ///
    /// # Cancel safety
    /// Dropping the future ends the connection; the next request opens another one.
    pub async fn send(&mut self, asked: &Asked<'_>) -> Result<Answered, ClientError<D::Error>> {
        let request = self.request(asked).ok_or(ClientError::NotHttp)?;
        // Taken out: an exchange that does not end well leaves no connection behind.
        let link = self.link.take();
        let exchanged = timeout(self.exchange_max, exchange(&self.dial, link, request)).await;
        let (link, parts, body) = exchanged.map_err(|_| ClientError::TimedOut)??;
        self.link = Some(link);
        let status = parts.status.as_u16();
        match parts.status.is_redirection() {
            true => Err(ClientError::Redirect(status)),
            false => Ok(Answered {
                status,
                retry_after_s: retry_after_s(&parts),
                body,
            }),
        }
    }

    /// `None` if target or headers cannot stand in a request; they are ours, so they can.
    fn request(&self, asked: &Asked<'_>) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::builder()
            .method(asked.method.name())
            .uri(asked.target)
            .header(header::HOST, &self.host);
        for (name, value) in asked.headers {
            request = request.header(*name, value);
        }
        if !asked.body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = Bytes::copy_from_slice(asked.body);
        request.body(Full::new(body)).ok()
    }
}

type Exchanged<D> = (Link<<D as Dial>::Stream>, Parts, Vec<u8>);

/// Uses the open connection, if there still is one, or dials.
async fn exchange<D: Dial>(
    dial: &D,
    link: Option<Link<D::Stream>>,
    request: Request<Full<Bytes>>,
) -> Result<Exchanged<D>, ClientError<D::Error>> {
    let mut open = None;
    if let Some(mut link) = link
        && link.is_open().await
    {
        open = Some(link);
    }
    let mut link = match open {
        Some(link) => link,
        None => Link::on(dial.dial().await.map_err(ClientError::Dial)?).await?,
    };
    let (parts, body) = link.exchange(request, BODY_BYTES_MAX).await?;
    Ok((link, parts, body))
}

/// The form with a date is not read: no clock here needs to be right.
fn retry_after_s(parts: &Parts) -> Option<u32> {
    let value = parts.headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    // A number that is too large for the type is larger than the limit.
    is_number.then(|| {
        value.parse().map_or(RETRY_AFTER_S_MAX, |seconds: u32| {
            seconds.min(RETRY_AFTER_S_MAX)
        })
    })
}

impl<E: std::error::Error + 'static> From<LinkError> for ClientError<E> {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::Broken => Self::Broken,
            LinkError::NotHttp => Self::NotHttp,
            LinkError::TooLarge => Self::TooLarge,
        }
    }
}
