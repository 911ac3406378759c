//! Assembles control-port bytes into replies. Pure, and byte by byte, so that the boundaries of
//! reads do not matter (control-spec §2.3).
//!
//! Strict: lines end in CRLF. A single CR, a single LF or a NUL is an error, and so is a reply with
//! different status codes. The meaning of replies is not handled here.

/// Longest line without its CRLF. Tor sends long answers as data blocks of short lines.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;
/// Longest reply, all lines together.
pub(crate) const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// One reply, or one asynchronous event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reply {
    /// Three digits; 650 means an event.
    pub(crate) status: u16,
    /// Always at least one line.
    pub(crate) lines: Vec<ReplyLine>,
}

impl Reply {
    pub(crate) fn is_ok(&self) -> bool {
        self.status == 250
    }

    pub(crate) fn is_event(&self) -> bool {
        self.status == 650
    }

    /// Text of the first line.
    pub(crate) fn head(&self) -> &str {
        self.lines.first().map_or("", |line| line.text.as_str())
    }
}

/// One line of a reply, without status and separator.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct ReplyLine {
    /// The text after the separator. Bytes that are not UTF-8 are replaced.
    pub(crate) text: String,
    /// The data block after a `+` line, without dot-stuffing, lines joined by LF.
    pub(crate) data: Option<String>,
}

/// Ways in which bytes break the control protocol.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum ProtocolError {
    #[error("a line is longer than {LINE_BYTES_MAX} bytes")]
    LineTooLong,
    #[error("a reply is longer than {REPLY_BYTES_MAX} bytes")]
    ReplyTooLong,
    #[error("a line does not end in CR LF")]
    BadLineEnd,
    #[error("a NUL byte")]
    Nul,
    #[error("a line does not begin with a status and a separator")]
    BadStatus,
    #[error("a reply changes its status")]
    StatusChanged,
    #[error("more events than anyone reads")]
    TooManyEvents,
}

/// Takes bytes and returns replies.
#[derive(Debug, Default)]
pub(crate) struct ReplyAssembler {
    line: Vec<u8>,
    after_cr: bool,
    /// The reply that is being assembled: its status and its lines.
    reply: Option<Reply>,
    reply_bytes: usize,
    /// Set inside a `+` data block.
    data: Option<String>,
    failed: Option<ProtocolError>,
}

impl ReplyAssembler {
    /// Takes bytes and appends every reply that they complete to `out`.
    ///
    /// # Errors
    /// The first violation of the protocol. After that, always the same error.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        out: &mut impl Extend<Reply>,
    ) -> Result<(), ProtocolError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        for &byte in bytes {
            match self.push(byte) {
                Ok(reply) => out.extend(reply),
                Err(error) => {
                    self.failed = Some(error);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn push(&mut self, byte: u8) -> Result<Option<Reply>, ProtocolError> {
        match (byte, self.after_cr) {
            (b'\n', true) => {
                self.after_cr = false;
                let line = std::mem::take(&mut self.line);
                self.end_line(&line)
            }
            (b'\n', false) | (_, true) => Err(ProtocolError::BadLineEnd),
            (b'\r', false) => {
                self.after_cr = true;
                Ok(None)
            }
            (0, false) => Err(ProtocolError::Nul),
            (_, false) if self.line.len() == LINE_BYTES_MAX => Err(ProtocolError::LineTooLong),
            (_, false) => {
                self.line.push(byte);
                Ok(None)
            }
        }
    }

    fn end_line(&mut self, line: &[u8]) -> Result<Option<Reply>, ProtocolError> {
        self.reply_bytes = self
            .reply_bytes
            .saturating_add(line.len())
            .saturating_add(2);
        if self.reply_bytes > REPLY_BYTES_MAX {
            return Err(ProtocolError::ReplyTooLong);
        }
        match self.data.take() {
            Some(data) => {
                self.data_line(data, line);
                Ok(None)
            }
            None => self.reply_line(line),
        }
    }

    fn data_line(&mut self, mut data: String, line: &[u8]) {
        if line == b"." {
            let last = self.reply.as_mut().and_then(|reply| reply.lines.last_mut());
            last.expect("a data block follows its line").data = Some(data);
            return;
        }
        if !data.is_empty() {
            data.push('\n');
        }
        let unstuffed = line.strip_prefix(b".").unwrap_or(line);
        data.push_str(&String::from_utf8_lossy(unstuffed));
        self.data = Some(data);
    }

    fn reply_line(&mut self, line: &[u8]) -> Result<Option<Reply>, ProtocolError> {
        let (status, separator, text) = split_line(line)?;
        let reply = self.reply.get_or_insert_with(|| Reply {
            status,
            lines: Vec::new(),
        });
        if reply.status != status {
            return Err(ProtocolError::StatusChanged);
        }
        let text = String::from_utf8_lossy(text).into_owned();
        reply.lines.push(ReplyLine { text, data: None });
        match separator {
            b'-' => Ok(None),
            b'+' => {
                self.data = Some(String::new());
                Ok(None)
            }
            b' ' => {
                self.reply_bytes = 0;
                Ok(self.reply.take())
            }
            _ => Err(ProtocolError::BadStatus),
        }
    }
}

/// Splits `250-text`. The first digit must be one that control-spec §4 uses: 2, 4, 5 or 6.
fn split_line(line: &[u8]) -> Result<(u16, u8, &[u8]), ProtocolError> {
    let [a @ (b'2' | b'4' | b'5' | b'6'), b, c, separator, text @ ..] = line else {
        return Err(ProtocolError::BadStatus);
    };
    if !b.is_ascii_digit() || !c.is_ascii_digit() {
        return Err(ProtocolError::BadStatus);
    }
    let digit = |byte: &u8| u16::from(byte.wrapping_sub(b'0'));
    Ok((digit(a) * 100 + digit(b) * 10 + digit(c), *separator, text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn assemble<'a>(
        chunks: impl IntoIterator<Item = &'a [u8]>,
    ) -> (Vec<Reply>, Result<(), ProtocolError>) {
        let (mut assembler, mut replies) = (ReplyAssembler::default(), Vec::new());
        let end = chunks
            .into_iter()
            .try_for_each(|chunk| assembler.feed(chunk, &mut replies));
        (replies, end)
    }

    /// Expected replies are written as text: the status, then each line, with its data block after
    /// a `+`.
    #[track_caller]
    fn check(bytes: &str, expected: &[&str]) {
        let (replies, end) = assemble([bytes.as_bytes()]);
        let show = |line: &ReplyLine| match &line.data {
            Some(data) => format!("{}+{data:?}", line.text),
            None => line.text.clone(),
        };
        let seen = replies.iter().map(|reply| {
            let lines: Vec<_> = reply.lines.iter().map(show).collect();
            format!("{}: {}", reply.status, lines.join(" | "))
        });
        assert_eq!(
            (seen.collect::<Vec<_>>(), end),
            (expected.iter().map(|&e| e.into()).collect(), Ok(()))
        );
    }

    #[track_caller]
    fn refused(bytes: &[u8], expected: ProtocolError) {
        assert_eq!(assemble([bytes]).1, Err(expected));
    }

    #[test]
    fn each_kind_of_line_is_read() {
        check("250 OK\r\n", &["250: OK"]);
        check("250-a=1\r\n250 OK\r\n", &["250: a=1 | OK"]);
        let data = "250+k=\r\none\r\n..two\r\n\r\n.\r\n250 OK\r\n";
        check(data, &["250: k=+\"one\\n.two\\n\" | OK"]);
        check("250+k=\r\n.\r\n250 OK\r\n", &["250: k=+\"\" | OK"]);
        check("250 \r\n", &["250: "]);
    }

    #[test]
    fn events_between_replies_stay_apart() {
        check(
            "650 A\r\n250 OK\r\n650-B\r\n650 C\r\n",
            &["650: A", "250: OK", "650: B | C"],
        );
    }

    #[test]
    fn what_is_not_control_protocol_is_refused() {
        refused(b"SSH-2.0-OpenSSH_9.2\r\n", ProtocolError::BadStatus);
        refused(b"HTTP/1.0 400 Bad Request\r\n", ProtocolError::BadStatus);
        refused(b"250_OK\r\n", ProtocolError::BadStatus);
        refused(b"25\r\n", ProtocolError::BadStatus);
        refused(b"\r\n", ProtocolError::BadStatus);
        refused(b"150 OK\r\n", ProtocolError::BadStatus);
        refused(b"250 OK\n", ProtocolError::BadLineEnd);
        refused(b"250 O\rK\r\n", ProtocolError::BadLineEnd);
        refused(b"250 O\r\r\n", ProtocolError::BadLineEnd);
        refused(b"250 O\0K\r\n", ProtocolError::Nul);
        refused(b"250-a\r\n251 b\r\n", ProtocolError::StatusChanged);
    }

    #[test]
    fn the_longest_line_is_read_and_one_byte_more_is_not() {
        let longest = LINE_BYTES_MAX - "250 ".len();
        assert_eq!(
            assemble([format!("250 {}\r\n", "x".repeat(longest)).as_bytes()]).1,
            Ok(())
        );
        let longer = format!("250 {}\r\n", "x".repeat(longest + 1));
        refused(longer.as_bytes(), ProtocolError::LineTooLong);
        refused(&vec![b'2'; 1024 * 1024], ProtocolError::LineTooLong);
    }

    #[test]
    fn a_data_block_that_never_ends_is_cut_off() {
        let endless = format!("250+x=\r\n{}", "line\r\n".repeat(REPLY_BYTES_MAX / 6 + 1));
        refused(endless.as_bytes(), ProtocolError::ReplyTooLong);
        refused(
            "250-x\r\n".repeat(REPLY_BYTES_MAX / 7 + 1).as_bytes(),
            ProtocolError::ReplyTooLong,
        );
    }

    #[test]
    fn after_an_error_nothing_is_read_any_more() {
        let mut assembler = ReplyAssembler::default();
        let mut replies = Vec::new();
        assert_eq!(
            assembler.feed(b"\n", &mut replies),
            Err(ProtocolError::BadLineEnd)
        );
        assert_eq!(
            assembler.feed(b"250 OK\r\n", &mut replies),
            Err(ProtocolError::BadLineEnd)
        );
        assert_eq!(replies, []);
    }

    /// Bytes that mostly follow the protocol, so that the test also reaches deep states.
    fn mostly_protocol() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            8 => "(250|650|515)[-+ ][a-zA-Z =\"\\\\]{0,12}\r\n".prop_map(String::into_bytes),
            2 => Just(b".\r\n".to_vec()),
            2 => Just(b"250 OK\r\n".to_vec()),
            1 => prop::collection::vec(any::<u8>(), 0..9),
        ];
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn cutting_the_bytes_differently_changes_nothing(
            bytes in mostly_protocol(), cuts in prop::collection::vec(1_usize..9, 1..40),
        ) {
            let mut rest = bytes.as_slice();
            let mut chunks = Vec::new();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (chunk, later) = rest.split_at((*cut).min(rest.len()));
                chunks.push(chunk);
                rest = later;
            }
            prop_assert_eq!(assemble(chunks), assemble([bytes.as_slice()]));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..999)) {
            let (replies, _) = assemble([bytes.as_slice()]);
            prop_assert!(replies.iter().all(|reply| !reply.lines.is_empty()));
        }
    }
}
