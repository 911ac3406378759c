//! One accepted connection: its place, its circuit, and the two ways in which it ends early.

use super::{
    circuit_line,
    limits::Limits,
    places::{ConnectionPlace, ConnectionPlaces, Source},
};
use axum_server::accept::Accept;
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tower_http::add_extension::AddExtension;

/// Gives each new connection a place, and its requests the [`ConnectionPlace`] as an extension.
#[derive(Clone, Debug)]
pub(crate) struct PlaceAcceptor {
    places: Arc<ConnectionPlaces>,
    /// Whether Tor names the circuit at the start of each connection.
    names_circuit: bool,
    circuit_line: Duration,
    write_stall: Duration,
}

impl PlaceAcceptor {
    pub(crate) const fn new(
        places: Arc<ConnectionPlaces>,
        limits: &Limits,
        names_circuit: bool,
    ) -> Self {
        Self {
            places,
            names_circuit,
            circuit_line: limits.circuit_line,
            write_stall: limits.write_stall,
        }
    }

    async fn with_place(
        self,
        mut tcp: TcpStream,
    ) -> io::Result<(Connection, Arc<ConnectionPlace>)> {
        tcp.set_nodelay(true)?;
        let address = tcp.peer_addr()?.ip();
        // The place comes first: a connection that never sends its line must not be outside of the
        // bound.
        let waiting = self.take(Source::Address(address))?;
        let place = if self.names_circuit {
            if !address.is_loopback() {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            let circuit = tokio::select! {
                () = waiting.leave().cancelled() => return Err(io::ErrorKind::TimedOut.into()),
                circuit = circuit_line::read(&mut tcp, self.circuit_line) => circuit?,
            };
            drop(waiting);
            self.take(Source::Circuit(circuit))?
        } else {
            waiting
        };
        let connection = Connection {
            tcp,
            leave: Box::pin(place.leave().clone().cancelled_owned()),
            stall: Box::pin(sleep(self.write_stall)),
            is_stalled: false,
            write_stall: self.write_stall,
        };
        Ok((connection, Arc::new(place)))
    }

    fn take(&self, source: Source) -> io::Result<ConnectionPlace> {
        let full = || io::Error::from(io::ErrorKind::ConnectionRefused);
        self.places.take(source).ok_or_else(full)
    }
}

impl<S: Send + 'static> Accept<TcpStream, S> for PlaceAcceptor {
    type Stream = Connection;
    type Service = AddExtension<S, Arc<ConnectionPlace>>;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, tcp: TcpStream, service: S) -> Self::Future {
        let acceptor = self.clone();
        Box::pin(async move {
            let (connection, place) = acceptor.with_place(tcp).await?;
            Ok((connection, AddExtension::new(service, place)))
        })
    }
}

/// A connection that fails when its place is needed, or when its client takes nothing for too long.
#[derive(Debug)]
pub(crate) struct Connection {
    tcp: TcpStream,
    leave: Pin<Box<WaitForCancellationFutureOwned>>,
    stall: Pin<Box<Sleep>>,
    is_stalled: bool,
    write_stall: Duration,
}

impl Connection {
    fn poll_stay(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.leave.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }

    /// Arms the timer at the first write that the client does not take, until it takes one.
    fn poll_progress<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.is_stalled = false;
            return written;
        }
        if !self.is_stalled {
            self.is_stalled = true;
            let deadline = Instant::now() + self.write_stall;
            self.stall.as_mut().reset(deadline);
        }
        ready!(self.stall.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll_stay(context)?;
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_stay(context)?;
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.poll_progress(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_stay(context)?;
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        self.poll_progress(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}
