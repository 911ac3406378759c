//! One connection: HTTP/1 with timers that are armed.

use crate::{
    limits::{HEAD_BYTES_MAX, HEADERS_MAX, Limits},
    login::IsOurs,
};
use axum::Router;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_util::sync::CancellationToken;

/// Answers until the client leaves, breaks a rule or is too slow, or until `stop`. Each request
/// says whose connection it came by.
pub(crate) async fn serve(
    tcp: TcpStream,
    is_ours: IsOurs,
    routes: Router,
    limits: Limits,
    stop: CancellationToken,
) {
    let routes = TowerToHyperService::new(routes);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(is_ours);
        routes.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(tcp), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended.is_ok()),
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            timeout(limits.drain, connection).await.ok().map(|ended| ended.is_ok())
        }
    };
    // What a client sent stays out of the log, and so does its address.
    tracing::trace!(?ended, "connection ended");
}
