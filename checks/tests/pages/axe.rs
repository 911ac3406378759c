//! What axe-core finds in the page in front: nothing, in any look.

use crate::desk::Desk;

pub(crate) async fn finds_nothing(desk: &Desk, page: &str) {
    let findings = checks::axe::findings(&desk.browser).await.unwrap();
    assert!(findings.is_empty(), "{page}: {findings:?}");
}

pub(crate) async fn media(desk: &Desk, scheme: &str, forced: &str) {
    let set = checks::axe::media(&desk.browser, scheme, forced).await;
    set.unwrap();
}
