//! A number for each site. It has a meaning only within this process.

use std::{
    hash::{BuildHasher as _, RandomState},
    num::NonZeroU64,
};

use super::site::Site;

/// Number of a site within this process, to tell its connections from others.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct SiteTag(NonZeroU64);

/// Gives sites their numbers. The seed is new in each process.
#[derive(Clone, Default)]
pub(super) struct SiteTags(RandomState);

impl SiteTags {
    pub(super) fn of(&self, site: &Site) -> SiteTag {
        // 0 is reserved for "no tag". This saves eight bytes in every connection.
        SiteTag(NonZeroU64::new(self.0.hash_one(site.as_str())).unwrap_or(NonZeroU64::MIN))
    }
}

#[cfg(test)]
impl SiteTag {
    /// Makes the tag with this number.
    pub(super) const fn numbered(number: NonZeroU64) -> Self {
        Self(number)
    }
}
