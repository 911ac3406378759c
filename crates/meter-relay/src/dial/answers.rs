//! Tor's words, read one by one, with what comes behind them kept apart.

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use shadowsocks::relay::socks5::{self, HandshakeResponse, TcpResponseHeader};
use tokio::io::{AsyncRead, AsyncReadExt as _, BufReader, ReadBuf};

use crate::socket::Socket;

/// What is read at a time: Tor's longest answer has 24 bytes. One byte more shows that a read that
/// took it whole was short, which spares the call that would only be told "would block".
const ANSWER_BYTES: usize = 64;
/// RFC 1928 §6: the bound address is a name. Tor never answers CONNECT with one.
const ATYP_NAME: u8 = 3;
/// RFC 1929 §2: version, and the status that means success.
const CREDENTIALS_ACCEPTED: [u8; 2] = [1, 0];

/// What Tor says, in order.
pub(super) struct Answers<R>(BufReader<R>);

impl<R: AsyncRead> From<R> for Answers<R> {
    fn from(tor: R) -> Self {
        Self(BufReader::with_capacity(ANSWER_BYTES, tor))
    }
}

impl<R: AsyncRead + Unpin> Answers<R> {
    /// Reads Tor's choice, which must be the method that was offered.
    pub(super) async fn method(&mut self, offered: u8) -> Result<(), socks5::Error> {
        let answer = HandshakeResponse::read_from(&mut self.0).await?;
        if answer.chosen_method != offered {
            return Err(out_of_step());
        }
        Ok(())
    }

    /// Reads Tor's word on the credentials.
    pub(super) async fn verdict(&mut self) -> Result<(), socks5::Error> {
        let mut verdict = [0; 2];
        self.0.read_exact(&mut verdict).await?;
        if verdict != CREDENTIALS_ACCEPTED {
            return Err(out_of_step());
        }
        Ok(())
    }

    /// Reads exactly Tor's reply, so that payload behind it is taken for payload (S-30).
    pub(super) async fn response(&mut self) -> Result<TcpResponseHeader, socks5::Error> {
        let mut head = [0; 4];
        self.0.read_exact(&mut head).await?;
        let [_, _, reserved, address_type] = head;
        // The reader behind the next line accepts both; from Tor they mean that we are out of step.
        if reserved != 0 || address_type == ATYP_NAME {
            return Err(out_of_step());
        }
        TcpResponseHeader::read_from(&mut head.as_slice().chain(&mut self.0)).await
    }

    /// What has been read and not been Tor's word: payload.
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
