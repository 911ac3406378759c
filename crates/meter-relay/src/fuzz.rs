//! Shared parts of the fuzz targets: a hostile peer, and sources for its bytes.
//!
//! The targets are ordinary tests: `cargo test` runs them on the corpus, on mutations of it, and on
//! random bytes, a fixed number of each. `README.md`, "Fuzzing", says how to run them for hours.

use std::{
    fs, io,
    path::Path,
    pin::Pin,
    task::{Context, Poll},
};

use proptest::prelude::*;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::Runtime,
};

/// The longest message of the handshake: two fields of 255 bytes. No read may ask for more at once,
/// whatever lengths the peer announces.
const READ_BYTES_MAX: usize = 514;

/// The pieces in which a peer's bytes arrive.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    /// All bytes at once.
    Whole,
    /// One byte at a time, with a pause before each.
    Bytes,
    /// Pieces of different sizes, with pauses.
    Pieces(usize),
}

/// One of each kind.
pub(crate) const CUTS: [Cut; 4] = [Cut::Whole, Cut::Bytes, Cut::Pieces(3), Cut::Pieces(7)];

/// A peer that sends its bytes, then ends, and reads everything.
pub(crate) struct Stranger<'w> {
    words: &'w [u8],
    cut: Cut,
    pausing: bool,
    /// The bytes that it received.
    pub(crate) heard: Vec<u8>,
    /// How many of its bytes were read.
    pub(crate) taken: usize,
}

impl<'w> Stranger<'w> {
    pub(crate) fn new(words: &'w [u8], cut: Cut) -> Self {
        Self {
            words,
            cut,
            pausing: false,
            heard: Vec::new(),
            taken: 0,
        }
    }

    fn piece(&self) -> usize {
        match self.cut {
            Cut::Whole => usize::MAX,
            Cut::Bytes => 1,
            Cut::Pieces(step) => 1 + self.taken * step % 11,
        }
    }
}

impl AsyncRead for Stranger<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        assert!(room.remaining() <= READ_BYTES_MAX, "unbounded memory");
        self.pausing = !self.pausing && !matches!(self.cut, Cut::Whole);
        if self.pausing {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = self.piece().min(room.remaining());
        let rest = &self.words[self.taken..];
        let said = &rest[..piece.min(rest.len())];
        room.put_slice(said);
        self.taken += said.len();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stranger<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        words: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.heard.extend_from_slice(words);
        Poll::Ready(Ok(words.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs a target's future. Its deadlines never pass because a `Stranger` never waits.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    thread_local! {
        static RUNTIME: Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// Reads fields of a message, for the model that a target is compared with.
pub(crate) struct Fields<'w>(pub(crate) &'w [u8]);

impl<'w> Fields<'w> {
    /// Returns the next bytes. `None` when too few are left; those are then consumed.
    pub(crate) fn take(&mut self, count: usize) -> Option<&'w [u8]> {
        let rest = self.0;
        let (field, rest) = rest.split_at_checked(count).unwrap_or((&[], &[]));
        let is_there = field.len() == count;
        self.0 = rest;
        is_there.then_some(field)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|field| field[0])
    }
}

/// Reads the corpus files of a target.
pub(crate) fn corpus(folder: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src")
        .join(folder);
    let files = fs::read_dir(folder.join("corpus")).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort(); // the same order everywhere, so that a failure can be repeated
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Corpus entries with a few changes. Random bytes alone hardly ever get that far.
pub(crate) fn mutated(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let at = any::<prop::sample::Index>;
    let other = prop::sample::select(corpus.clone());
    let change = prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        at().prop_map(Change::Remove),
        at().prop_map(Change::End),
        (at(), other).prop_map(|(at, other)| Change::GoOnWith(at, other)),
    ];
    let changes = prop::collection::vec(change, 0..5);
    (prop::sample::select(corpus), changes).prop_map(|(mut words, changes)| {
        for change in &changes {
            change.make(&mut words);
        }
        words
    })
}

#[derive(Clone, Debug)]
enum Change {
    Replace(prop::sample::Index, u8),
    Insert(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    End(prop::sample::Index),
    GoOnWith(prop::sample::Index, Vec<u8>),
}

impl Change {
    fn make(&self, words: &mut Vec<u8>) {
        let length = words.len();
        if length == 0 {
            return;
        }
        match self {
            Self::Replace(at, byte) => words[at.index(length)] = *byte,
            Self::Insert(at, byte) => words.insert(at.index(length), *byte),
            Self::Remove(at) => {
                words.remove(at.index(length));
            }
            Self::End(at) => words.truncate(at.index(length)),
            Self::GoOnWith(at, other) => {
                words.truncate(at.index(length));
                words.extend_from_slice(other);
            }
        }
    }
}
