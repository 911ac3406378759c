//! Copies bytes between a local connection and a Tor stream.
//!
//! Arti returns one cell (498 bytes) at a time. Bytes that are available at once are collected
//! first, so that the local side gets few large writes instead of many small ones.
//!
//! Tor has no half-closed streams: when one side ends, both directions end, as in C Tor. Bytes
//! before the end are delivered.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};

/// Size of the buffer of each direction.
const BUFFER_BYTES: usize = 64 * 1024;

/// Copies bytes both ways until one side ends. `early` came with the request.
///
/// When the local side ends, its bytes are sent and then the Tor stream ends. When Tor's side ends,
/// its bytes are written and then the local connection ends.
pub(crate) async fn copy<L, T>(local: L, tor: T, early: &[u8])
where
    L: AsyncRead + AsyncWrite,
    T: AsyncRead + AsyncWrite,
{
    let (mut local_read, mut local_write) = tokio::io::split(local);
    let (mut tor_read, mut tor_write) = tokio::io::split(tor);
    let up = async {
        send(&mut tor_write, early).await?;
        upwards(&mut local_read, &mut tor_write).await?;
        tor_write.shutdown().await
    };
    let down = async {
        let passed = downwards(&mut tor_read, &mut local_write).await;
        let shut = local_write.shutdown().await;
        passed.and(shut)
    };
    // The text of an error may name the peer; its kind does not.
    let outcome = tokio::select! {
        outcome = up => outcome,
        outcome = down => outcome,
    };
    if let Err(error) = outcome {
        tracing::trace!(kind = %error.kind(), "a connection broke off");
    }
}

async fn upwards(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let length = from.read(&mut buffer).await?;
        let Some(bytes @ [_, ..]) = buffer.get(..length) else {
            return Ok(());
        };
        send(to, bytes).await?;
    }
}

/// Writes and flushes. Arti sends a cell that is not full only after a flush.
async fn send(to: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}

async fn downwards(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let (length, end) = poll_fn(|context| gather(from, &mut buffer, context)).await;
        to.write_all(buffer.get(..length).unwrap_or_default())
            .await?;
        if let Some(end) = end {
            return end;
        }
    }
}

/// Fills the buffer with bytes that are available without waiting; waits only for the first byte.
/// Also returns whether the end was reached: an error must not discard the bytes before it.
fn gather(
    from: &mut (impl AsyncRead + Unpin),
    buffer: &mut [u8],
    context: &mut Context<'_>,
) -> Poll<(usize, Option<io::Result<()>>)> {
    let mut buffer = ReadBuf::new(buffer);
    loop {
        let before = buffer.filled().len();
        let end = match Pin::new(&mut *from).poll_read(context, &mut buffer) {
            Poll::Pending if before > 0 => None,
            polled => match ready!(polled) {
                Ok(()) if buffer.filled().len() == before => Some(Ok(())),
                Ok(()) if buffer.remaining() > 0 => continue,
                Ok(()) => None,
                Err(error) => Some(Err(error)),
            },
        };
        return Poll::Ready((buffer.filled().len(), end));
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio_test::io::Builder;

    use super::*;

    #[tokio::test]
    async fn small_cells_become_one_write() {
        let cells: Vec<u8> = (0..100).flat_map(|_| [7; 498]).collect();
        let mut tor = Builder::new();
        for cell in cells.chunks(498) {
            tor.read(cell);
        }
        // The mock accepts exactly this one write.
        let mut local = Builder::new().write(&cells).build();
        downwards(&mut tor.build(), &mut local).await.unwrap();
    }

    #[tokio::test]
    async fn what_came_before_a_reset_is_delivered() {
        let mut tor = Builder::new()
            .read(b"last words")
            .read_error(io::ErrorKind::ConnectionReset.into())
            .build();
        let mut local = Builder::new().write(b"last words").build();
        let error = downwards(&mut tor, &mut local).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn early_bytes_go_first_and_the_end_of_tor_ends_all() {
        let (mut client, local) = duplex(64);
        let (tor, mut far) = duplex(64);
        let site = async {
            let mut seen = [0; 9];
            far.read_exact(&mut seen).await.unwrap();
            assert_eq!(&seen, b"early,too");
            far.write_all(b"page").await.unwrap();
            drop(far);
        };
        let browser = async {
            client.write_all(b",too").await.unwrap();
            let mut page = Vec::new();
            client.read_to_end(&mut page).await.unwrap();
            assert_eq!(page, b"page");
        };
        tokio::join!(copy(local, tor, b"early"), site, browser);
    }

    #[tokio::test]
    async fn the_end_of_the_client_ends_the_stream() {
        let (client, local) = duplex(64);
        let (tor, mut far) = duplex(64);
        drop(client);
        copy(local, tor, b"all").await;
        let mut seen = Vec::new();
        far.read_to_end(&mut seen).await.unwrap();
        assert_eq!(seen, b"all");
    }
}
