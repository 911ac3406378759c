//! The dashboard: HTML text from plain values. It contains no database, no HTTP server and no
//! clock, so that every page in every state can be made, looked at and tested by itself.
//!
//! One page is one struct with an askama template in `templates/`. askama escapes every text that a
//! template prints; only [`Credits`] prints elements, and it holds nothing but digits.

mod account;
mod amount;
mod chart;
mod csv;
mod day;
mod devices;
mod formula;
mod frame;
mod headers;
mod operator;
mod overview;
mod paths;
mod policy;
mod problem;
mod quantity;
mod reason;
mod sessions;
mod sign_in;
mod styles;

pub use account::{AccountPage, FreshCode, Invitation, SignIn};
pub use amount::{Credits, plain};
pub use chart::{Bar, Chart, Legend, Tick};
pub use csv::{CSV_TYPE, cell, csv_head, csv_line, csv_sum};
pub use day::{Day, Moment};
pub use devices::{ChainHealth, Device, DevicesPage, RemovedDevice};
pub use frame::{Frame, Tab, TabLink, UnderAudit, Who};
pub use headers::{CONTENT_SECURITY_POLICY, HEADERS, HTML_TYPE};
pub use operator::{Audited, OperatorPage, Pulse, Refusal};
pub use overview::{DayTotals, History, Overview, Range, RangeLink, Row, Unbalanced};
pub use paths::{
    ACCOUNT, ACCOUNT_DELETE, ACCOUNT_EXPORT, DEVICES, INVITE, LOGIN, LOGOUT, OPERATOR, OVERVIEW,
    POLICY, RECOVERY, SESSIONS, SESSIONS_CSV, SIGN_OUT_OTHERS, SIGNED_OUT, device_remove, login,
    receipt, sessions_before,
};
pub use policy::{PolicyPage, price_of_a_lie};
pub use problem::ProblemPage;
pub use reason::ReasonText;
pub use sessions::{Claim, Session, SessionRow, SessionsPage};
pub use sign_in::{Landing, SignInPage};
pub use styles::{ICON, ICON_PATH, STYLES, styles_path};

use askama::Template;

/// The text of one page.
#[must_use]
pub fn html(page: &impl Template) -> String {
    // Only a filter or a writer can fail; the templates use no filter, and a `String` takes all.
    page.render().expect("a string takes all that is written")
}
