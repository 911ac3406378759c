//! The web dashboard: the pages of [`crate::pages`] with an account's numbers in them, and the
//! forms that change something.
//!
//! Every answer is made by [`Site`]: it reads from the ledger in a blocking task and puts the
//! headers of a page on it. Whether a request comes from the ledger's own address and its own pages
//! was checked before it got here (`http::guard`).

mod account;
mod member;
mod operator;
mod overview;
mod reply;
mod session_rows;
mod sessions;
mod sign_in;
mod site;

pub use site::{Facts, Site};

use crate::pages::{self, ICON_PATH, styles_path};
use axum::{
    Router,
    routing::{get, post},
};
use std::sync::Arc;

/// The routes of the dashboard.
pub fn routes(site: Site) -> Router {
    let login = format!("{}/{{token}}", pages::LOGIN);
    let receipt = format!("{}/{{place}}/receipt", pages::SESSIONS);
    let remove = format!("{}/{{key}}/remove", pages::DEVICES);
    Router::new()
        .route(pages::OVERVIEW, get(overview::overview))
        .route(pages::SIGNED_OUT, get(sign_in::signed_out))
        .route(pages::SESSIONS, get(sessions::sessions))
        .route(pages::SESSIONS_CSV, get(sessions::csv))
        .route(&receipt, get(sessions::receipt))
        .route(pages::DEVICES, get(account::devices))
        .route(&remove, post(account::remove_device))
        .route(pages::ACCOUNT, get(account::account))
        .route(pages::RECOVERY, post(account::new_recovery))
        .route(pages::INVITE, post(account::invite))
        .route(pages::SIGN_OUT_OTHERS, post(account::sign_out_others))
        .route(pages::ACCOUNT_DELETE, post(account::delete))
        .route(pages::POLICY, get(sign_in::policy))
        .route(pages::OPERATOR, get(operator::operator))
        .route(&login, get(sign_in::look).post(sign_in::sign_in))
        .route(pages::LOGOUT, post(sign_in::sign_out))
        .route(styles_path(), get(reply::styles))
        .route(ICON_PATH, get(reply::icon))
        .with_state(Arc::new(site))
}
