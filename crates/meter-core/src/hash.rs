//! SHA-256 with a label in front, so that a hash made for one purpose never serves another.

use sha2::{Digest as _, Sha256};

/// SHA-256 of `label`, one zero byte and `parts`.
pub(crate) fn labelled_hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(label);
    hash.update([0]);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// SHA-256 of `bytes` alone.
pub(crate) fn plain_hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
