//! A file that is written while its client takes it, so that a large one needs no more memory than
//! a small one.

use axum::body::{Body, Bytes};
use futures_util::stream;
use std::io;
use tokio::task::spawn_blocking;

/// The file goes no further: what was to come is not what began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutOff;

/// The body that begins with `first`. `next` makes the piece after it, and so on until it gives
/// none; it may block. After [`CutOff`] the connection ends before the end of the body, which every
/// client can tell: nobody takes a part for the whole.
pub(crate) fn in_pieces<S: Send + 'static>(
    first: String,
    state: S,
    next: fn(&mut S) -> Result<Option<String>, CutOff>,
) -> Body {
    let pieces = stream::unfold(Some((Some(first), state)), move |rest| async move {
        let (first, mut state) = rest?;
        if let Some(first) = first {
            return Some((Ok(Bytes::from(first)), Some((None, state))));
        }
        let made = spawn_blocking(move || (next(&mut state), state)).await;
        match made {
            Ok((Ok(Some(piece)), state)) => Some((Ok(Bytes::from(piece)), Some((None, state)))),
            Ok((Ok(None), _)) => None,
            Ok((Err(CutOff), _)) | Err(_) => {
                let cut = io::Error::other("the file is cut off");
                Some((Err(cut), None))
            }
        }
    });
    Body::from_stream(pieces)
}
