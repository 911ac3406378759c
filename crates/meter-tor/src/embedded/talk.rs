//! Sends and receives lines to and from the child.

use meter_embedded::{
    EMBEDDED_LINE_MAX, EmbeddedCommand, EmbeddedEvent, parse_embedded_event, write_embedded_command,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{ChildStdin, ChildStdout},
};

/// Both pipes. Dropping this ends the child, which runs only while its stdin is open.
pub(super) struct Talk {
    stdin: ChildStdin,
    stdout: ChildStdout,
    pending: Vec<u8>,
}

impl Talk {
    pub(super) fn new(stdin: ChildStdin, stdout: ChildStdout) -> Self {
        Self {
            stdin,
            stdout,
            pending: Vec::new(),
        }
    }

    /// Sends a command. If the child has ended, [`Self::hear`] notices it.
    pub(super) async fn say(&mut self, command: &EmbeddedCommand) {
        let line = write_embedded_command(command);
        if self.stdin.write_all(&line).await.is_err() || self.stdin.flush().await.is_err() {
            tracing::debug!("the embedded tor does not listen any more");
        }
    }

    /// Waits for the next event. `None` at the end of the output, and for a line that is not an
    /// event.
    ///
    /// # Cancel safety
    /// Nothing is lost: bytes read are kept in `self`.
    pub(super) async fn hear(&mut self) -> Option<EmbeddedEvent> {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let rest = self.pending.split_off(end.saturating_add(1));
                let line = std::mem::replace(&mut self.pending, rest);
                return parse_embedded_event(&line);
            }
            if self.pending.len() > EMBEDDED_LINE_MAX {
                return None;
            }
            match self.stdout.read_buf(&mut self.pending).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return None,
            }
        }
    }
}
