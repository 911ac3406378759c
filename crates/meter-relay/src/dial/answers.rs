//! Reads Tor's answers one by one and keeps the payload behind them apart.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use shadowsocks::relay::socks5::{self, HandshakeResponse, TcpResponseHeader};
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader, ReadBuf};

use crate::socket::Socket;

/// Bytes read at a time. Tor's longest answer has 24 bytes. A larger buffer shows that a read was
/// short and the socket is empty; this saves a call that would only return "would block".
const ANSWER_BYTES: usize = 64;
/// RFC 1928 §6: the bound address is a name. Tor never answers CONNECT in this way.
const ATYP_NAME: u8 = 3;
/// RFC 1929 §2: the version, and the status for success.
const CREDENTIALS_ACCEPTED: [u8; 2] = [1, 0];

/// Reads Tor's answers in their order.
pub(super) struct Answers<R>(BufReader<R>);

impl<R: AsyncRead> From<R> for Answers<R> {
    fn from(tor: R) -> Self {
        Self(BufReader::with_capacity(ANSWER_BYTES, tor))
    }
}

impl<R: AsyncRead + Unpin> Answers<R> {
    /// Reads the method that Tor chose. It must be the method that was offered.
    pub(super) async fn method(&mut self, offered: u8) -> Result<(), socks5::Error> {
        let answer = HandshakeResponse::read_from(&mut self.0).await?;
        if answer.chosen_method != offered {
            return Err(out_of_step());
        }
        Ok(())
    }

    /// Reads whether Tor accepts the credentials.
    pub(super) async fn verdict(&mut self) -> Result<(), socks5::Error> {
        let mut verdict = [0; 2];
        self.0.read_exact(&mut verdict).await?;
        if verdict != CREDENTIALS_ACCEPTED {
            return Err(out_of_step());
        }
        Ok(())
    }

    /// Reads exactly Tor's reply, so that the bytes behind it count as payload (S-30).
    pub(super) async fn response(&mut self) -> Result<TcpResponseHeader, socks5::Error> {
        let mut head = [0; 4];
        self.0.read_exact(&mut head).await?;
        let [_, _, reserved, address_type] = head;
        // `TcpResponseHeader::read_from` would accept both. From Tor they mean that we lost track
        // of the protocol.
        if reserved != 0 || address_type == ATYP_NAME {
            return Err(out_of_step());
        }
        TcpResponseHeader::read_from(&mut head.as_slice().chain(&mut self.0)).await
    }

    /// Bytes that were read but do not belong to an answer: payload.
    pub(super) fn rest(&self) -> &[u8] {
        self.0.buffer()
    }
}

fn out_of_step() -> socks5::Error {
    io::Error::from(io::ErrorKind::InvalidData).into()
}

/// The receiving side of a shared socket.
pub(super) struct Incoming<'s>(pub(super) &'s Socket);

impl AsyncRead for Incoming<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut room = [MaybeUninit::uninit(); ANSWER_BYTES];
        let room_bytes = buffer.remaining().min(ANSWER_BYTES);
        let room = room.get_mut(..room_bytes).unwrap_or_default();
        loop {
            ready!(self.0.poll_readable(cx))?;
            match self.0.try_read(room) {
                Ok(bytes) => {
                    buffer.put_slice(bytes);
                    return Poll::Ready(Ok(()));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}
