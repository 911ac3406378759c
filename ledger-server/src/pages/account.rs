//! The account: recovery code, invitation, sign-ins, export and deletion.

use super::{amount::Credits, day::Moment, frame::Frame};
use askama::Template;
use meter_core::UnixMs;

/// A recovery code that was made just now; no page shows it a second time.
#[derive(Clone, Eq, PartialEq)]
pub struct FreshCode {
    /// Its words in order.
    pub words: Vec<String>,
}

/// An invitation that was made just now; no page shows it a second time.
#[derive(Clone, Eq, PartialEq)]
pub struct Invitation {
    /// The command for the new device; it contains the code.
    pub command: String,
    /// When it ends.
    pub expires: UnixMs,
}

/// One browser that is signed in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignIn {
    /// When it began.
    pub began: UnixMs,
    /// When it ends.
    pub ends: UnixMs,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// The page.
#[derive(Clone, Eq, PartialEq, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    /// What surrounds it.
    pub frame: Frame,
    /// The account's number, in full.
    pub account: String,
    /// When it began.
    pub began: UnixMs,
    /// The balance, which is gone after a deletion.
    pub credited: Credits,
    /// Shown once, as the answer to the request that made it.
    pub recovery: Option<FreshCode>,
    /// Shown once, as the answer to the request that made it.
    pub invitation: Option<Invitation>,
    /// The browsers that are signed in.
    pub sign_ins: Vec<SignIn>,
}

impl AccountPage {
    fn moment(&self, at: &UnixMs) -> Moment {
        Moment(*at)
    }

    fn is_elsewhere(&self) -> bool {
        self.sign_ins.iter().any(|sign_in| !sign_in.is_this)
    }
}
