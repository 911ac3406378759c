//! What axe-core finds in the page in front: nothing, in any look.

use crate::fixture::Fixture;

pub(crate) async fn finds_nothing(fixture: &Fixture, page: &str) {
    let findings = checks::axe::findings(&fixture.browser).await.unwrap();
    assert!(findings.is_empty(), "{page}: {findings:?}");
}

pub(crate) async fn media(fixture: &Fixture, scheme: &str, forced: &str) {
    let set = checks::axe::media(&fixture.browser, scheme, forced).await;
    set.unwrap();
}
