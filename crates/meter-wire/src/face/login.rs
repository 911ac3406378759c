//! From a one-time link to the token.

use serde::{Deserialize, Serialize};

/// What the page sends: the code that its link carried.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The part of the link after `#`.
    pub link: String,
}

/// What it gets for it, once. It has no `Debug`: the token must not reach a log.
#[derive(Serialize)]
pub struct LoginReply {
    /// The bearer token.
    pub token: String,
}
