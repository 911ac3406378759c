//! Which sites were given new circuits under the present identity: a few numbers, no names.

use std::collections::VecDeque;

use super::tag::SiteTag;

/// Sites remembered at once; chosen arbitrarily, far above what a person renews in a day.
///
/// The one that was renewed longest ago is forgotten first and then says again what it said before:
/// by then hundreds of others were renewed, and a circuit that nobody has used for ten minutes is
/// gone from Tor.
const SITES_MAX: usize = 256;

/// How the present identity's sites differ from their beginning.
#[derive(Default)]
pub(super) struct Renewals {
    /// Counts all renewals, so that no site says the same twice.
    last: u64,
    /// The latest at the back.
    sites: VecDeque<(SiteTag, u64)>,
}

impl Renewals {
    /// The site is another from now on.
    pub(super) fn add(&mut self, site: SiteTag) {
        self.sites.retain(|(known, _)| *known != site);
        if self.sites.len() == SITES_MAX {
            self.sites.pop_front();
        }
        self.last = self.last.wrapping_add(1);
        self.sites.push_back((site, self.last));
    }

    /// What tells the site from what it was; `None` if it was never renewed.
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
