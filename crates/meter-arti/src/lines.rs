//! Reads the daemon's commands as complete lines of bounded length.

use meter_embedded::{EMBEDDED_LINE_MAX, EmbeddedCommand, parse_embedded_command};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Reads commands. Ends with its input, or at the first line that is not a command.
pub(crate) struct Commands<R> {
    input: R,
    pending: Vec<u8>,
}

/// The meaning of a line.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Line {
    Command(EmbeddedCommand),
    /// The line is too long, or not a known command.
    NotUnderstood,
    /// The input has ended.
    End,
}

impl<R: AsyncRead + Unpin> Commands<R> {
    pub(crate) fn new(input: R) -> Self {
        Self {
            input,
            pending: Vec::new(),
        }
    }

    /// Waits for the next line.
    ///
    /// # Cancel safety
    /// Nothing is lost: bytes read are kept in `self`.
    pub(crate) async fn next(&mut self) -> Line {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let rest = self.pending.split_off(end + 1);
                let line = std::mem::replace(&mut self.pending, rest);
                return parse_embedded_command(&line).map_or(Line::NotUnderstood, Line::Command);
            }
            if self.pending.len() > EMBEDDED_LINE_MAX {
                return Line::NotUnderstood;
            }
            match self.input.read_buf(&mut self.pending).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Line::End,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use meter_embedded::write_embedded_command;

    use super::*;

    async fn read_all(bytes: &[u8]) -> Vec<Line> {
        let mut commands = Commands::new(bytes);
        let mut seen = Vec::new();
        loop {
            let line = commands.next().await;
            let is_last = !matches!(line, Line::Command(_));
            seen.push(line);
            if is_last {
                return seen;
            }
        }
    }

    #[tokio::test]
    async fn several_lines_in_one_read_are_several_commands() {
        let mut bytes = write_embedded_command(&EmbeddedCommand::NewIdentity);
        bytes.extend(write_embedded_command(&EmbeddedCommand::Stop));
        let expected = [
            Line::Command(EmbeddedCommand::NewIdentity),
            Line::Command(EmbeddedCommand::Stop),
            Line::End,
        ];
        assert_eq!(read_all(&bytes).await, expected);
    }

    #[tokio::test]
    async fn a_line_that_is_no_command_or_too_long_is_not_understood() {
        assert_eq!(read_all(b"hello\n").await, [Line::NotUnderstood]);
        let endless = vec![b'x'; EMBEDDED_LINE_MAX * 2];
        assert_eq!(read_all(&endless).await, [Line::NotUnderstood]);
    }

    #[tokio::test]
    async fn half_a_line_at_the_end_is_the_end() {
        assert_eq!(read_all(b"{\"command\":\"sto").await, [Line::End]);
    }
}
