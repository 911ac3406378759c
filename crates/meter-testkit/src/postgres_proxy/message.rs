//! Messages of PostgreSQL's protocol 3: where each ends, and which are about a commit.
//! (PostgreSQL's documentation, "Message Formats".)

use anyhow::{Context as _, Result, ensure};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// One whole message, as it travels.
#[derive(Debug)]
pub(super) struct Message(Vec<u8>);

impl Message {
    /// Reads the next message; `None` at the end of the stream between two messages.
    ///
    /// The first one of a client has no type byte: `typed` is false for it.
    pub(super) async fn read(
        from: &mut (impl AsyncRead + Unpin),
        typed: bool,
    ) -> Result<Option<Self>> {
        let head = if typed { 5 } else { 4 };
        let mut bytes = vec![0; head];
        let got = from.read(&mut bytes).await?;
        if got == 0 {
            return Ok(None);
        }
        let rest = bytes.get_mut(got..).context("read more than asked")?;
        from.read_exact(rest).await?;
        let length = bytes.last_chunk::<4>().context("four bytes of length")?;
        let length = usize::try_from(u32::from_be_bytes(*length))?;
        ensure!((4..=MESSAGE_MAX).contains(&length), "length {length}");
        // The length counts itself, and not the type byte.
        bytes.resize(head + length - 4, 0);
        let body = bytes.get_mut(head..).context("the head was read")?;
        from.read_exact(body).await?;
        Ok(Some(Self(bytes)))
    }

    /// All its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether an untyped message asks for encryption; it is answered before anything else.
    pub(super) fn asks_for_encryption(&self) -> bool {
        let code = self.0.get(4..8);
        code == Some(&SSL_REQUEST.to_be_bytes()) || code == Some(&GSS_REQUEST.to_be_bytes())
    }

    /// Whether it is the simple query or the command tag `COMMIT`.
    pub(super) fn is_commit(&self) -> bool {
        matches!(self.0.first(), Some(b'Q' | b'C')) && self.0.get(5..) == Some(b"COMMIT\0")
    }

    /// Whether it is a simple query that begins with `text`.
    pub(super) fn is_query(&self, text: &str) -> bool {
        let query = self.0.get(5..).filter(|_| self.0.first() == Some(&b'Q'));
        query.is_some_and(|query| query.starts_with(text.as_bytes()))
    }

    /// The same message about `ROLLBACK`, if it is about `COMMIT`.
    pub(super) fn rolled_back(self) -> Self {
        match self.0.first() {
            Some(&kind) if self.is_commit() => Self::typed(kind, b"ROLLBACK\0"),
            _ => self,
        }
    }

    fn typed(kind: u8, body: &[u8]) -> Self {
        let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
        let mut bytes = vec![kind];
        bytes.extend(length.to_be_bytes());
        bytes.extend(body);
        Self(bytes)
    }
}

const SSL_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
/// Far above what any test sends.
const MESSAGE_MAX: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_commit_is_known_in_both_directions_and_becomes_a_rollback() {
        for kind in [b'Q', b'C'] {
            let wire = Message::typed(kind, b"COMMIT\0").0;
            let message = Message::read(&mut wire.as_slice(), true).await;
            let message = message.unwrap().unwrap();
            assert!(message.is_commit());
            assert_eq!(
                message.rolled_back().0,
                Message::typed(kind, b"ROLLBACK\0").0
            );
        }
        let other = Message::typed(b'C', b"INSERT 0 1\0");
        assert!(!other.is_commit());
        assert_eq!(other.rolled_back().0, b"C\0\0\0\x0fINSERT 0 1\0");
    }

    #[tokio::test]
    async fn messages_end_where_their_length_says() {
        let mut wire = b"Z\0\0\0\x05IX\0\0\0\x04".as_slice();
        for expected in [b"Z\0\0\0\x05I".as_slice(), b"X\0\0\0\x04"] {
            let message = Message::read(&mut wire, true).await.unwrap().unwrap();
            assert_eq!(message.bytes(), expected);
        }
        assert!(Message::read(&mut wire, true).await.unwrap().is_none());
        let mut cut = b"Z\0\0\0\x05".as_slice();
        Message::read(&mut cut, true).await.unwrap_err();
        let mut lying = b"Z\0\0\0\x03".as_slice();
        Message::read(&mut lying, true).await.unwrap_err();
    }
}
