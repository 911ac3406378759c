//! Hashes over the signed bytes: one identifies a report, one links it to the report before it.

use super::{ChainId, LinkHash, ReportId, SessionReport};
use crate::{DeviceKey, Signable as _, hash::labelled_hash};

impl SessionReport {
    /// Returns the identifier of this report, made from its content.
    #[must_use]
    pub fn id(&self) -> ReportId {
        let hash = labelled_hash("onionmeter/report-id/v1", &[&self.to_body()]);
        let (id, _) = hash
            .split_first_chunk()
            .expect("a SHA-256 has more than 16 bytes");
        ReportId(*id)
    }

    /// Returns the hash that the next report of the chain must carry as `previous`.
    #[must_use]
    pub fn link(&self) -> LinkHash {
        LinkHash(labelled_hash("onionmeter/link/v1", &[&self.to_body()]))
    }
}

impl LinkHash {
    /// Returns the hash that the first report of a chain must carry as `previous`.
    #[must_use]
    pub fn genesis(chain: ChainId, key: DeviceKey) -> Self {
        Self(labelled_hash("onionmeter/genesis/v1", &[&chain.0, &key.0]))
    }
}
