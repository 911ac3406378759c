//! What surrounds every page: the ledger's name, the tabs, who is signed in, the time.

use super::{
    day::Moment,
    paths,
    styles::{ICON_PATH, styles_path},
};
use meter_core::UnixMs;

/// Who looks at a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Who {
    /// Nobody is signed in.
    Nobody,
    /// A device of this account signed in. The account's name is shown.
    Account(String),
    /// The operator, by a link from `onionmeter-ledger admin-link`.
    Operator,
}

/// The pages that have a place in the navigation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Tab {
    /// Balance and history.
    Overview,
    /// The list of sessions.
    Sessions,
    /// The account's devices.
    Devices,
    /// Recovery, invitation, export, deletion.
    Account,
    /// What the ledger credits.
    Policy,
    /// The operator's view.
    Operator,
}

/// One link of the navigation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TabLink {
    /// The text.
    pub name: &'static str,
    /// The address.
    pub path: &'static str,
    /// Whether this is the page that is shown.
    pub is_current: bool,
}

/// Why numbers on a page may be wrong, until the operator has looked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnderAudit {
    /// The ledger takes nothing until then.
    Ledger,
    /// A row of this account is not as it was written.
    Account,
}

impl UnderAudit {
    /// The one sentence about it.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Ledger => {
                "The operator checks this ledger's database, so it takes no reports for now; your \
                 devices keep theirs and send them again by themselves."
            }
            Self::Account => {
                "A stored row of this account is not as it was written, so the operator checks \
                 these numbers; the receipts on your devices prove what was credited."
            }
        }
    }
}

/// What surrounds a page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// The host of the ledger's address, or its name. Empty where the browser asked another host:
    /// there is then no way to the other pages.
    pub ledger: String,
    /// The ledger's clock when the page was made.
    pub now: UnixMs,
    /// Who looks at it.
    pub who: Who,
    /// The page's place in the navigation; `None` for a page outside of it.
    pub tab: Option<Tab>,
    /// Whether the numbers are in doubt.
    pub under_audit: Option<UnderAudit>,
}

impl Frame {
    /// The navigation for the person who looks at the page.
    #[must_use]
    pub fn tabs(&self) -> Vec<TabLink> {
        let all: &[(Tab, &'static str, &'static str)] = match self.who {
            Who::Nobody => &[
                (Tab::Overview, "Sign in", paths::OVERVIEW),
                (Tab::Policy, "Policy", paths::POLICY),
            ],
            Who::Account(_) => &[
                (Tab::Overview, "Overview", paths::OVERVIEW),
                (Tab::Sessions, "Sessions", paths::SESSIONS),
                (Tab::Devices, "Devices", paths::DEVICES),
                (Tab::Account, "Account", paths::ACCOUNT),
                (Tab::Policy, "Policy", paths::POLICY),
            ],
            Who::Operator => &[
                (Tab::Operator, "Operation", paths::OPERATOR),
                (Tab::Policy, "Policy", paths::POLICY),
            ],
        };
        all.iter()
            .map(|&(tab, name, path)| TabLink {
                name,
                path,
                is_current: self.tab == Some(tab),
            })
            .collect()
    }

    /// The name beside the button that signs out; `None` while nobody is signed in.
    #[must_use]
    pub fn signed_in(&self) -> Option<&str> {
        match &self.who {
            Who::Nobody => None,
            Who::Account(name) => Some(name),
            Who::Operator => Some("Operator, read only"),
        }
    }

    pub(super) fn moment(&self) -> Moment {
        Moment(self.now)
    }

    pub(super) fn styles(&self) -> &'static str {
        styles_path()
    }

    pub(super) fn icon(&self) -> &'static str {
        ICON_PATH
    }
}
