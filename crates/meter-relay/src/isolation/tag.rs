//! A site's name within this process: a number that says nothing elsewhere.

use std::{
    hash::{BuildHasher as _, RandomState},
    num::NonZeroU64,
};

use super::site::Site;

/// Names a site within this process, for telling its connections from others.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct SiteTag(NonZeroU64);

/// Gives sites their tags. Seeded anew by each process.
#[derive(Clone, Default)]
pub(super) struct SiteTags(RandomState);

impl SiteTags {
    pub(super) fn of(&self, site: &Site) -> SiteTag {
        // 0 stands for no tag at all, which spares every connection eight bytes.
        SiteTag(NonZeroU64::new(self.0.hash_one(site.as_str())).unwrap_or(NonZeroU64::MIN))
    }
}

#[cfg(test)]
impl SiteTag {
    /// The tag with this number.
    pub(super) const fn numbered(number: NonZeroU64) -> Self {
        Self(number)
    }
}
