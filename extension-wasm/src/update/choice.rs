//! Which windows are protected, and whether they are.

use super::effect::Effect;
use super::private::{Cover, PrivateWindows};
use super::state::{Site, State};
use super::verdict::Verdict;
use super::{pages, proxy};
use crate::proxy_value::{BrowserFamily, Windows};

/// Takes a person's choice which windows are protected. Private windows alone can be chosen only
/// where the browser allows this extension in them: otherwise nothing at all would be protected
/// from then on. They cannot be chosen above a floor, past which no window may go.
///
/// The setting of the choice before stays until the new one is in force
/// ([`Effect::ApplyProxy`]), so a window that both choices protect is protected at every
/// moment.
pub(super) fn choose(state: &mut State, windows: Windows, effects: &mut Vec<Effect>) {
    let is_open = windows == Windows::All || state.may_choose_private_only();
    if state.windows == windows || !is_open {
        return;
    }
    state.windows = windows;
    // It is about the windows of the choice before.
    state.proxy.answer = None;
    pages::on_choice(state, effects);
    state.witness.again();
    proxy::check_again(state, effects);
    effects.push(Effect::ReadPrivate);
}

impl State {
    /// Whether everything is true that "Protected" promises for the windows that the person chose:
    /// the person wants protection, the relay's port is open and belongs to the host, Tor is
    /// usable, the browser confirms exactly that port, a request of ours has arrived there (where
    /// [`Self::has_witness`]), none is known to have bypassed it, no earlier page is open, and the
    /// browser has told about its private windows: without that, nobody knows whether all windows
    /// are protected or only some.
    #[must_use]
    pub fn is_protected(&self) -> bool {
        let is_known = self.private != PrivateWindows::Unknown;
        self.is_routed() && self.pages.are_clear() && is_known
    }

    /// Like [`Self::is_protected`], for pages that load now.
    #[must_use]
    pub fn is_routed(&self) -> bool {
        let usable = self.status().is_some_and(|status| status.tor.is_usable());
        let arrived = self.witness.verdict() == Verdict::Arrived || !self.has_witness();
        let arrives = arrived && !self.astray;
        let set = self.routed_port().is_some();
        self.wanted && usable && set && arrives && !self.bypassed
    }

    /// Whether a request of ours takes the way of the pages that are protected. In Chromium none
    /// comes from a private window; but there the setting that the browser returns for private
    /// windows is the whole truth about their proxy.
    #[must_use]
    pub const fn has_witness(&self) -> bool {
        match (self.family, self.windows) {
            (BrowserFamily::Chromium, Windows::PrivateOnly) => false,
            (BrowserFamily::Chromium | BrowserFamily::Gecko, _) => true,
        }
    }

    /// Whether the browser allows this extension in private windows, as far as is known.
    #[must_use]
    pub const fn is_allowed_in_private(&self) -> bool {
        matches!(self.private, PrivateWindows::Allowed(_))
    }

    /// Whether private windows alone can be chosen.
    #[must_use]
    pub fn may_choose_private_only(&self) -> bool {
        self.is_allowed_in_private() && !self.has_floor()
    }

    /// The windows whose requests go to the relay. A browser may have a floor, and private windows
    /// alone were chosen when it was started without one. Then nothing is set in Chromium for other
    /// windows, and the floor holds them. Firefox would send their requests directly, past the
    /// floor, so they go to the relay, too.
    #[must_use]
    pub fn routed_windows(&self) -> Windows {
        match self.family {
            BrowserFamily::Gecko if self.has_floor() => Windows::All,
            BrowserFamily::Gecko | BrowserFamily::Chromium => self.windows,
        }
    }

    /// Whether the windows of this kind, private or not, are among those that go to the relay.
    #[must_use]
    pub fn protects(&self, private: bool) -> bool {
        match self.routed_windows() {
            Windows::All => !private || self.private_windows() == Cover::Same,
            Windows::PrivateOnly => private,
        }
    }

    /// The site in the active tab, unless its window goes past the relay.
    #[must_use]
    pub fn protected_site(&self) -> Option<&Site> {
        let site = self.site.as_ref();
        site.filter(|site| self.protects(site.private))
    }

    /// Where Firefox must send requests. Like the setting, it stays when relay and host end.
    #[must_use]
    pub fn route_port(&self) -> Option<u16> {
        self.applied_port.filter(|_| self.wanted)
    }

    /// Whether the browser has answered that the ways past the proxy are closed.
    #[must_use]
    pub const fn is_hardened(&self) -> bool {
        let proxy = &self.proxy;
        proxy.hardened && !proxy.hardening && !proxy.privacy_refused
    }

    /// How private windows differ from the rest of the browser.
    #[must_use]
    pub const fn private_windows(&self) -> Cover {
        self.private.cover(self.family)
    }
}
