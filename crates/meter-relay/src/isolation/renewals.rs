//! The sites that got new circuits under the current identity. Holds numbers, no names.

use std::collections::VecDeque;

use super::tag::SiteTag;

/// Most sites that are remembered; chosen arbitrarily, far above what a person renews in a day.
///
/// When there are more, the site with the oldest renewal is forgotten and gets the credentials from
/// before its renewal. By then hundreds of others were renewed, and Tor has closed a circuit that
/// was not used for ten minutes.
const SITES_MAX: usize = 256;

/// Renewals of sites since the current identity began.
#[derive(Default)]
pub(super) struct Renewals {
    /// Number of all renewals, so that a site never gets the same credentials twice.
    last: u64,
    /// The latest renewal is at the back.
    sites: VecDeque<(SiteTag, u64)>,
}

impl Renewals {
    /// Gives the site a new number.
    pub(super) fn add(&mut self, site: SiteTag) {
        self.sites.retain(|(known, _)| *known != site);
        if self.sites.len() == SITES_MAX {
            self.sites.pop_front();
        }
        self.last = self.last.wrapping_add(1);
        self.sites.push_back((site, self.last));
    }

    /// The number of the site's last renewal; `None` if it was never renewed.
    pub(super) fn of(&self, site: SiteTag) -> Option<u64> {
        let mut sites = self.sites.iter();
        let found = sites.find(|(known, _)| *known == site)?;
        Some(found.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU64;

    fn tag(number: u64) -> SiteTag {
        SiteTag::numbered(NonZeroU64::MIN.saturating_add(number))
    }

    #[test]
    fn a_renewed_site_never_says_the_same_twice_and_others_do_not_change() {
        let mut renewals = Renewals::default();
        assert_eq!(renewals.of(tag(1)), None);
        renewals.add(tag(1));
        let first = renewals.of(tag(1));
        renewals.add(tag(1));
        assert_ne!(renewals.of(tag(1)), first);
        assert_eq!(renewals.of(tag(2)), None);
    }

    #[test]
    fn however_many_are_renewed_the_latest_are_remembered_and_no_more() {
        let mut renewals = Renewals::default();
        for site in 0..1_000 {
            renewals.add(tag(site));
        }
        assert_eq!(renewals.sites.len(), SITES_MAX);
        assert_eq!(renewals.of(tag(999)), Some(1_000));
        assert_eq!(renewals.of(tag(0)), None);
    }
}
