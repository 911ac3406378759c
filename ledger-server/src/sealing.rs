//! Signs the receipts of a batch. Signing and the look at every signature are most of what a
//! transaction costs, so a large batch is spread over the processors.

use crate::books::NewReport;
use meter_core::{LedgerSigner, Receipt, Signable, Verified, VerifyError};
use std::{
    num::NonZeroUsize,
    panic::resume_unwind,
    thread::{self, Builder, ScopedJoinHandle},
};

/// Receipts that are worth a thread: to start one takes about as long as to sign one.
const WORTH_A_THREAD: usize = 16;

/// A receipt that breaks a rule of its format.
pub(crate) type SealError = VerifyError<<Receipt as Signable>::Error>;

type Sealed = Result<Vec<Verified<Receipt>>, SealError>;

/// Signs the receipts of `awards`, in their order.
///
/// # Errors
/// When one breaks a rule of its format, which is a mistake of this program.
pub(crate) fn seal(
    signer: &LedgerSigner,
    awards: Vec<NewReport<Receipt>>,
) -> Result<Vec<NewReport>, SealError> {
    let receipts: Vec<_> = awards.iter().map(|new| new.receipt).collect();
    let sealed = sign(signer, &receipts)?;
    let pairs = awards.into_iter().zip(sealed);
    Ok(pairs.map(|(new, receipt)| new.with(receipt)).collect())
}

fn sign(signer: &LedgerSigner, receipts: &[Receipt]) -> Sealed {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let parts = (receipts.len() / WORTH_A_THREAD).clamp(1, processors);
    let mut shares = receipts.chunks(receipts.len().div_ceil(parts).max(1));
    let own = shares.next().unwrap_or_default();
    thread::scope(|scope| {
        let begin = |share| {
            let work = move || signer.sign_all(share);
            // Where the system gives no thread, this one does it below.
            (share, Builder::new().spawn_scoped(scope, work).ok())
        };
        let begun: Vec<_> = shares.map(begin).collect();
        let mut sealed = signer.sign_all(own)?;
        for (share, thread) in begun {
            sealed.extend(thread.map_or_else(|| signer.sign_all(share), joined)?);
        }
        Ok(sealed)
    })
}

fn joined(thread: ScopedJoinHandle<'_, Sealed>) -> Sealed {
    thread.join().unwrap_or_else(|panic| resume_unwind(panic))
}
