//! What names a report, and what links it to the one before it: hashes over the signed bytes.

use super::{ChainId, LinkHash, ReportId, SessionReport};
use crate::{DeviceKey, Signable as _};
use sha2::{Digest as _, Sha256};

impl SessionReport {
    /// Names this report by its content.
    #[must_use]
    pub fn id(&self) -> ReportId {
        let hash = tagged_hash(b"onionmeter/report-id/v1\0", &[&self.to_body()]);
        let (id, _) = hash
            .split_first_chunk()
            .expect("a SHA-256 has more than 16 bytes");
        ReportId(*id)
    }

    /// What the next report of the chain must name as `previous`.
    #[must_use]
    pub fn link(&self) -> LinkHash {
        LinkHash(tagged_hash(b"onionmeter/link/v1\0", &[&self.to_body()]))
    }
}

impl LinkHash {
    /// What the first report of a chain must name as `previous`.
    #[must_use]
    pub fn genesis(chain: ChainId, key: DeviceKey) -> Self {
        Self(tagged_hash(b"onionmeter/genesis/v1\0", &[&chain.0, &key.0]))
    }
}

fn tagged_hash(tag: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(tag);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}
