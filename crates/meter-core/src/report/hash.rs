//! Hashes over the signed bytes: one identifies a report, one links it to the report before it.

use super::{ChainId, LinkHash, ReportId, SessionReport};
use crate::{DeviceKey, Signable as _};
use sha2::{Digest as _, Sha256};

impl SessionReport {
    /// Returns the identifier of this report, made from its content.
    #[must_use]
    pub fn id(&self) -> ReportId {
        let hash = tagged_hash(b"onionmeter/report-id/v1\0", &[&self.to_body()]);
        let (id, _) = hash
            .split_first_chunk()
            .expect("a SHA-256 has more than 16 bytes");
        ReportId(*id)
    }

    /// Returns the hash that the next report of the chain must carry as `previous`.
    #[must_use]
    pub fn link(&self) -> LinkHash {
        LinkHash(tagged_hash(b"onionmeter/link/v1\0", &[&self.to_body()]))
    }
}

impl LinkHash {
    /// Returns the hash that the first report of a chain must carry as `previous`.
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
