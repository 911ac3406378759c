//! Where requests and answers of HTTP begin and end on one connection, on which each request waits
//! for the answer to the one before.

use super::Direction;

/// What a request is for.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Target {
    /// Where a chain is.
    Chain,
    /// Reports.
    Submit,
    /// Anything else.
    #[default]
    Other,
}

/// The request under way, and its answer.
#[derive(Debug, Default)]
pub(super) struct Message {
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Message {
    /// Takes what was read.
    pub(super) fn take(&mut self, direction: Direction, bytes: &[u8]) {
        match direction {
            Direction::Up => {
                if !self.answer.is_empty() {
                    // The next request.
                    *self = Self::default();
                }
                self.request.extend_from_slice(bytes);
            }
            Direction::Down => self.answer.extend_from_slice(bytes),
        }
    }

    pub(super) fn target(&self) -> Target {
        let is_for = |target: &[u8]| {
            let mut words = self.request.splitn(3, |byte| *byte == b' ');
            let target_found = words.nth(1).unwrap_or_default();
            target_found.starts_with(target)
        };
        if is_for(b"/api/chains/") {
            Target::Chain
        } else if is_for(b"/api/sessions/submit") {
            Target::Submit
        } else {
            Target::Other
        }
    }

    /// Whether all of it is there in this direction.
    pub(super) fn is_whole(&self, direction: Direction) -> bool {
        let bytes = match direction {
            Direction::Up => &self.request,
            Direction::Down => &self.answer,
        };
        let end = bytes.windows(4).position(|end| end == b"\r\n\r\n");
        let Some((head, body)) = end.and_then(|end| bytes.split_at_checked(end + 4)) else {
            return false;
        };
        let head = String::from_utf8_lossy(head).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"))
            .and_then(|length| length.trim().parse::<usize>().ok());
        body.len() >= length.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_its_answer_are_whole_with_their_last_byte() {
        let mut message = Message::default();
        let request = b"POST /api/sessions/submit HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
        for (at, byte) in request.iter().enumerate() {
            assert!(!message.is_whole(Direction::Up), "{at}");
            message.take(Direction::Up, &[*byte]);
        }
        assert!(message.is_whole(Direction::Up));
        assert_eq!(message.target(), Target::Submit);
        message.take(
            Direction::Down,
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n",
        );
        assert!(!message.is_whole(Direction::Down));
        message.take(Direction::Down, b"1");
        assert!(message.is_whole(Direction::Down));
        message.take(Direction::Up, b"GET /api/chains/00 HTTP/1.1\r\n\r\n");
        assert_eq!(message.target(), Target::Chain);
        assert!(message.is_whole(Direction::Up) && !message.is_whole(Direction::Down));
    }
}
