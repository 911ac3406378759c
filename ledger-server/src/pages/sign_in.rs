//! The pages without an account: what this ledger is, and signing in by a link of a device.

use super::{frame::Frame, paths, policy::price_sentence};
use askama::Template;
use meter_core::{EnrolmentRule, Policy};

/// What a visitor sees who is not signed in.
#[derive(Clone, Debug, Eq, PartialEq, Template)]
#[template(path = "landing.html")]
pub struct Landing {
    /// What surrounds it.
    pub frame: Frame,
    /// Whether this visitor signed out just now.
    pub has_signed_out: bool,
    /// The command that enrols a device here.
    pub enrol_command: String,
    /// The ledger's public key as a vkey line.
    pub vkey: String,
    /// The policy in force.
    pub policy: Policy,
}

impl Landing {
    fn bound(&self) -> String {
        price_sentence(&self.policy)
    }

    fn needs_invitation(&self) -> bool {
        self.policy.enrolment == EnrolmentRule::ByInvitation
    }
}

/// The page of a sign-in link. It only shows; the button signs in.
#[derive(Clone, Eq, PartialEq, Template)]
#[template(path = "sign_in.html")]
pub struct SignInPage {
    /// What surrounds it.
    pub frame: Frame,
    /// The link's token, for the form's address.
    pub token: String,
    /// The name of the account that the link opens.
    pub account: String,
    /// The name of the device that asked for the link; `None` for a link of the operator.
    pub device: Option<String>,
    /// The words that were printed with the link.
    pub words: Vec<String>,
}

impl SignInPage {
    fn action(&self) -> String {
        paths::login(&self.token)
    }

    /// The account that this sign-in would replace.
    fn replaced(&self) -> Option<&str> {
        self.frame.signed_in().filter(|name| *name != self.account)
    }
}
