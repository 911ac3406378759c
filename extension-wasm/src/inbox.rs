//! Messages from the host that were not read yet.
//!
//! A message that comes after a pause is read at once and opens a window. Notices during the window
//! wait for its end, and of several statuses only the newest is read. So a person's click never
//! waits behind many notices, and the display changes less than three times a second (WCAG 2.2,
//! 2.3.1). An answer to a request is read at once, together with everything before it.
//!
//! Invariant: reads no clock; the runtime tells when a window ends.

use std::collections::VecDeque;

/// Length of a window in milliseconds.
pub const WINDOW_MS: u32 = 400;

/// Most messages in a window. Our host sends its status once a second and answers a person's
/// clicks; a worker that was stalled may find half a minute of this at once.
pub const WINDOW_FRAMES_MAX: usize = 120;

/// Most bytes in a window: several pages of reports of the largest size.
pub const WINDOW_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The waiting messages.
#[derive(Debug, Default)]
pub struct Inbox {
    waiting: VecDeque<String>,
    frames: usize,
    bytes: usize,
    is_open: bool,
}

/// What to do after a message has arrived.
#[derive(Debug, Eq, PartialEq)]
pub enum Arrival {
    /// Read these messages, the oldest first. If `opened`, call [`Inbox::window_over`] after
    /// [`WINDOW_MS`].
    Read {
        /// The messages.
        frames: Vec<String>,
        /// Whether a window has been opened.
        opened: bool,
    },
    /// Nothing yet; the messages are read at the end of the window.
    Wait,
    /// Close the connection: it sends too much. The waiting messages are not read.
    Cut,
}

impl Inbox {
    /// Takes a message that has arrived.
    pub fn arrive(&mut self, json: String) -> Arrival {
        self.frames = self.frames.saturating_add(1);
        self.bytes = self.bytes.saturating_add(json.len());
        if self.frames > WINDOW_FRAMES_MAX || self.bytes > WINDOW_BYTES_MAX {
            self.waiting.clear();
            return Arrival::Cut;
        }
        let opened = !std::mem::replace(&mut self.is_open, true);
        let is_reply = json.starts_with(REPLY);
        if json.starts_with(STATUS_NOTICE) {
            self.waiting
                .retain(|earlier| !earlier.starts_with(STATUS_NOTICE));
        }
        self.waiting.push_back(json);
        match is_reply || opened {
            false => Arrival::Wait,
            true => Arrival::Read {
                frames: self.waiting.drain(..).collect(),
                opened,
            },
        }
    }

    /// Ends the window. Returns the messages to read; if there are any, another window is open.
    pub fn window_over(&mut self) -> Vec<String> {
        self.frames = 0;
        self.bytes = 0;
        self.is_open = !self.waiting.is_empty();
        self.waiting.drain(..).collect()
    }
}

/// The form in which browsers write the daemon's replies. A reply in another form is read at the
/// end of the window.
const REPLY: &str = "{\"reply\":";
const STATUS_NOTICE: &str = "{\"notice\":{\"status\":";

#[cfg(test)]
mod tests {
    use super::*;

    fn status(number: usize) -> String {
        format!("{STATUS_NOTICE}{number}}}}}")
    }

    fn read(frames: &[&str], opened: bool) -> Arrival {
        let frames = frames.iter().map(|&frame| frame.to_owned()).collect();
        Arrival::Read { frames, opened }
    }

    #[test]
    fn after_a_pause_a_message_is_read_at_once() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.arrive(status(1)), read(&[&status(1)], true));
        assert_eq!(inbox.window_over(), [""; 0]);
        assert_eq!(inbox.arrive(status(2)), read(&[&status(2)], true));
    }

    #[test]
    fn of_many_statuses_only_the_newest_is_read_and_nothing_else_is_lost() {
        let mut inbox = Inbox::default();
        let step = "{\"notice\":{\"bootstrap\":1}}";
        assert_eq!(inbox.arrive(status(0)), read(&[&status(0)], true));
        assert_eq!(inbox.arrive(status(1)), Arrival::Wait);
        assert_eq!(inbox.arrive(step.to_owned()), Arrival::Wait);
        assert_eq!(inbox.arrive(status(2)), Arrival::Wait);
        assert_eq!(inbox.window_over(), [step, &status(2)]);
        assert_eq!(inbox.arrive(status(3)), Arrival::Wait, "another window");
        assert_eq!(inbox.window_over(), [status(3)]);
        assert_eq!(inbox.window_over(), [""; 0]);
    }

    #[test]
    fn an_answer_is_read_at_once_after_all_that_came_before_it() {
        let mut inbox = Inbox::default();
        assert_eq!(inbox.arrive(status(0)), read(&[&status(0)], true));
        assert_eq!(inbox.arrive(status(1)), Arrival::Wait);
        let reply = "{\"reply\":{\"id\":1}}".to_owned();
        assert_eq!(
            inbox.arrive(reply.clone()),
            read(&[&status(1), &reply], false)
        );
    }

    #[test]
    fn a_host_that_floods_is_cut_and_never_fills_the_memory() {
        let mut inbox = Inbox::default();
        let arrivals = (0..100_000).map(|number| {
            let arrival = inbox.arrive(format!("{{\"notice\":{number}}}"));
            assert!(inbox.waiting.len() < WINDOW_FRAMES_MAX);
            arrival
        });
        let cut = arrivals.filter(|arrival| *arrival == Arrival::Cut);
        assert_eq!(cut.count(), 100_000 - WINDOW_FRAMES_MAX);
        assert!(inbox.waiting.is_empty());

        let mut inbox = Inbox::default();
        let large = || format!("{{\"notice\":{}}}", " ".repeat(1_000_000));
        let first = (0..).find(|_| inbox.arrive(large()) == Arrival::Cut);
        assert_eq!(first, Some(WINDOW_BYTES_MAX / 1_000_000));
    }

    #[test]
    fn a_host_of_ours_is_never_cut() {
        let mut inbox = Inbox::default();
        for _ in 0..1_000 {
            for number in 0..WINDOW_FRAMES_MAX {
                assert_ne!(inbox.arrive(status(number)), Arrival::Cut);
            }
            inbox.window_over();
        }
    }
}
