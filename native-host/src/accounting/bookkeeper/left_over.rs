//! What a chain had counted and not signed when it ended. A new chain goes on with it; after a kill
//! in between, it stands only in the book that was put aside.

use crate::{
    files,
    home::Home,
    last_signed::{Entry, LastSigned},
};
use meter_core::{ChainId, OpenSession};
use meter_ledger::{Book, BookError};
use std::path::Path;
use tracing::{info, warn};

/// Moves the session in progress of the chain that ended last into the book of the chain that
/// began after it, which has none.
///
/// # Errors
/// When the book in use cannot be written. The session is then where it was.
pub(super) fn take_over(
    home: &Home,
    chain: ChainId,
    last_signed: &LastSigned,
    book: &mut Book,
) -> Result<Option<OpenSession>, BookError> {
    let Some(ended) = last_signed.left_before(chain) else {
        return Ok(None);
    };
    let kept = files::kept_books(&home.book());
    let found = kept.iter().find_map(|path| unsigned(path, ended));
    let Some((mut kept, open)) = found else {
        return Ok(None);
    };
    book.checkpoint(Some(&open))?;
    let (ms, bytes) = (open.duration.get(), open.bytes().get());
    info!(ms, bytes, "what the chain before had not signed goes on");
    if let Err(error) = kept.checkpoint(None) {
        warn!(%error, "it stays in the kept book, too");
    }
    Ok(Some(open))
}

/// A kept book of this chain, and its session in progress if no report holds that already. A book
/// that cannot be used stays as it is: it may have been put aside for that.
fn unsigned(path: &Path, ended: &Entry) -> Option<(Book, OpenSession)> {
    let is_of_it =
        |book: &Book| matches!(book.chain(), Ok(Some((chain, _))) if chain == ended.chain);
    Book::open_to_read(path).ok().filter(is_of_it)?;
    let book = Book::open(path).ok()?;
    let open = book.open_session().ok().flatten()?;
    (open.started_at >= ended.ended_at).then_some((book, open))
}
