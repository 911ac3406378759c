//! One connection to a ledger, and one exchange after the other on it. No task of its own: the
//! connection moves while somebody waits for an answer.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response,
    body::{Body as _, Bytes, Incoming},
    client::conn::http1::{Builder, Connection, SendRequest},
    header,
    http::response::Parts,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

/// Opens connections to one ledger.
pub trait Dial {
    /// An open connection.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin;
    /// Why it could not be opened.
    type Error: std::error::Error + 'static;

    /// Opens a connection. Called once for the requests that follow each other, and again after
    /// the ledger has closed it.
    fn dial(&self) -> impl Future<Output = Result<Self::Stream, Self::Error>> + Send;
}

/// Most bytes of the head of an answer.
pub const HEAD_BYTES_MAX: usize = 16 << 10;
/// Most header lines of an answer.
const HEADERS_MAX: usize = 64;

/// Why an exchange has no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LinkError {
    Broken,
    NotHttp,
    TooLarge,
}

/// An open connection.
pub(crate) struct Link<S: AsyncRead + AsyncWrite + Unpin> {
    sender: SendRequest<Full<Bytes>>,
    /// `None` once it has ended.
    connection: Option<Connection<TokioIo<S>, Full<Bytes>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> fmt::Debug for Link<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Link")
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Link<S> {
    pub(crate) async fn on(stream: S) -> Result<Self, LinkError> {
        let (sender, connection) = Builder::new()
            .max_buf_size(HEAD_BYTES_MAX)
            .max_headers(HEADERS_MAX)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| why(&error))?;
        let connection = Some(connection);
        Ok(Self { sender, connection })
    }

    /// Whether the other side has kept the connection open since the last exchange.
    pub(crate) async fn is_open(&mut self) -> bool {
        let Self { sender, connection } = self;
        poll_fn(|cx| {
            let ended = connection
                .as_mut()
                .is_none_or(|connection| Pin::new(connection).poll(cx).is_ready());
            if ended {
                *connection = None;
            }
            Poll::Ready(!ended && sender.is_ready())
        })
        .await
    }

    /// Sends a request and returns the whole answer, whose body has at most `body_max` bytes.
    pub(crate) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        body_max: usize,
    ) -> Result<(Parts, Vec<u8>), LinkError> {
        let Self { sender, connection } = self;
        let mut answer = pin!(async {
            sender.ready().await.map_err(|error| why(&error))?;
            let response = sender.send_request(request).await;
            whole(response.map_err(|error| why(&error))?, body_max).await
        });
        poll_fn(|cx| {
            let ended = connection
                .as_mut()
                .is_some_and(|connection| Pin::new(connection).poll(cx).is_ready());
            if ended {
                // Its error, if it has one, is also that of the answer.
                *connection = None;
            }
            answer.as_mut().poll(cx)
        })
        .await
    }
}

/// The head, and the body as far as it may go.
async fn whole(
    response: Response<Incoming>,
    body_max: usize,
) -> Result<(Parts, Vec<u8>), LinkError> {
    let (parts, mut body) = response.into_parts();
    // Without a length the end of the connection would be the end of the answer, and a part could
    // not be told from the whole.
    let lengths = parts.headers.get_all(header::CONTENT_LENGTH).iter().count();
    let codings = parts.headers.get_all(header::TRANSFER_ENCODING).iter();
    if lengths.saturating_add(codings.count()) != 1 {
        return Err(LinkError::NotHttp);
    }
    let is_plain = |value: &header::HeaderValue| value == "identity";
    let encodings = parts.headers.get_all(header::CONTENT_ENCODING);
    if !encodings.iter().all(is_plain) {
        return Err(LinkError::NotHttp);
    }
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > body_max {
        return Err(LinkError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        // Trailers say nothing that is needed.
        let Ok(piece) = frame.map_err(|error| why(&error))?.into_data() else {
            continue;
        };
        if piece.len() > body_max.saturating_sub(bytes.len()) {
            return Err(LinkError::TooLarge);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok((parts, bytes))
}

fn why(error: &hyper::Error) -> LinkError {
    // Also a head that is too large: hyper tells that apart only with its server built in.
    match error.is_parse() {
        true => LinkError::NotHttp,
        false => LinkError::Broken,
    }
}
