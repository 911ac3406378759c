//! Every address on a page is one of the dashboard's, and what changes something is a POST.

use crate::{
    markup::{attribute, tags},
    samples,
};
use meter_core::ChainId;
use onionmeter_ledger::pages::{self, html, receipt, sessions_before};

/// The addresses that are opened, without what varies in them.
fn opened(address: &str) -> bool {
    let known = [
        pages::OVERVIEW,
        pages::SESSIONS,
        pages::SESSIONS_CSV,
        pages::DEVICES,
        pages::ACCOUNT,
        pages::ACCOUNT_EXPORT,
        pages::POLICY,
        pages::OPERATOR,
        "#main",
    ];
    let is_receipt = address.starts_with("/sessions/") && address.ends_with("/receipt");
    let is_range = ["?days=7", "?days=30", "?days=90", "?days=365"].contains(&address);
    known.contains(&address)
        || is_receipt
        || is_range
        || address.starts_with(&sessions_before(""))
        || [pages::styles_path(), pages::ICON_PATH].contains(&address)
}

fn changing(address: &str) -> bool {
    let known = [
        pages::LOGOUT,
        pages::RECOVERY,
        pages::INVITE,
        pages::SIGN_OUT_OTHERS,
        pages::ACCOUNT_DELETE,
    ];
    let is_removal = address.starts_with("/devices/") && address.ends_with("/remove");
    known.contains(&address) || is_removal || address.starts_with(&pages::login(""))
}

#[test]
fn every_address_of_every_page_is_known() {
    for (name, page) in samples::all() {
        for tag in tags(&page) {
            if let Some(address) = attribute(tag, "href") {
                assert!(opened(address), "{name}: {tag}");
                assert!(!changing(address), "{name}: {tag}");
            }
            if let Some(address) = attribute(tag, "action") {
                assert!(changing(address), "{name}: {tag}");
                assert_eq!(attribute(tag, "method"), Some("post"), "{name}: {tag}");
            }
        }
    }
}

/// W-01: what a previewer fetches has no effect, and the page says what the button does.
#[test]
fn a_sign_in_page_has_one_form_that_posts_to_its_own_link() {
    let page = html(&samples::sign_in(pages::Who::Nobody));
    let forms: Vec<_> = tags(&page).filter(|tag| tag.starts_with("form")).collect();
    let token = samples::sign_in(pages::Who::Nobody).token;
    let expected = format!("form method=\"post\" action=\"/login/{token}\"");
    assert_eq!(forms, [expected]);
    assert_eq!(page.matches(&token).count(), 1);
    for shown in ["Account 3f2a-9c41", "Quiet Heron", "copper", "lantern"] {
        assert!(page.contains(shown), "{shown}");
    }
}

/// W-03: a link of somebody else does not replace a sign-in silently.
#[test]
fn a_sign_in_page_names_the_account_once() {
    let page = html(&samples::sign_in(pages::Who::Nobody));
    assert!(!page.contains("<dt>Account</dt>"));
    assert_eq!(page.matches("Account 3f2a-9c41").count(), 1);
}

#[test]
fn a_sign_in_that_would_replace_another_says_so() {
    let replaces = |who| html(&samples::sign_in(who)).contains("is signed in as");
    let account = |name: &str| pages::Who::Account(name.to_owned());
    assert!(replaces(account("Account 77b0-01fe")));
    assert!(!replaces(account("Account 3f2a-9c41")));
    assert!(!replaces(pages::Who::Nobody));
}

#[test]
fn pages_of_sessions_lead_to_older_ones_and_back_to_the_newest() {
    let sessions = samples::sessions();
    let page = |cursors| html(&samples::sessions_page(&sessions, cursors));
    let newest = format!("<a class=\"small\" href=\"{}\">Newest</a>", pages::SESSIONS);
    let older = "rel=\"next\" href=\"/sessions?before=7-8-9\"";
    let oldest = "This is the oldest session.";
    let first = page((None, Some("7-8-9")));
    assert!(first.contains(older) && !first.contains(&newest) && !first.contains(oldest));
    let middle = page((Some("1-2-3"), Some("7-8-9")));
    assert!(middle.contains(older) && middle.contains(&newest));
    let last = page((Some("7-8-9"), None));
    assert!(!last.contains("rel=\"next\"") && last.contains(&newest) && last.contains(oldest));
}

#[test]
fn a_receipt_is_downloaded_under_a_name_that_says_which_it_is() {
    let page = html(&samples::sessions_page(
        &samples::sessions()[..1],
        (None, None),
    ));
    let address = receipt(ChainId([0x3f; 16]), 3_994);
    assert_eq!(
        address,
        format!("/sessions/{}-3994/receipt", "3f".repeat(16))
    );
    let link = format!("href=\"{address}\" download=\"receipt-3f3f3f3f-3994.omrc\"");
    assert!(page.contains(&link));
}

/// A foreign account's page and one that does not exist are the same bytes (W-09): the text depends
/// on the status alone.
#[test]
fn a_problem_says_nothing_about_who_asks_or_when() {
    for (name, page) in samples::all() {
        let is_problem = name.starts_with("problem-");
        assert_eq!(page.contains("class=\"status-code\""), is_problem, "{name}");
        if is_problem {
            assert!(
                !page.contains("Sign out") && !page.contains("Page made"),
                "{name}"
            );
        }
    }
}
