//! What is said on the pipes, without any network: the only authorities that are known are nobody.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/child.rs"]
mod child;

use std::os::unix::fs::PermissionsExt;

use child::{Child, NOWHERE};
use meter_arti::Ended;
use meter_wire::{EmbeddedCommand, EmbeddedEvent, EmbeddedFault};

#[tokio::test]
async fn it_listens_for_its_user_alone_and_ends_with_its_stdin() {
    let mut child = Child::begun(NOWHERE).await;
    let version = meter_arti::VERSION.to_owned();
    assert_eq!(
        child.hear().await,
        Some(EmbeddedEvent::Listening { version })
    );
    let mode = std::fs::metadata(child.socket())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(child.orphaned().await, Ended::Asked);
}

#[tokio::test]
async fn it_stops_when_told_and_without_a_word_before_it_has_begun() {
    assert_eq!(Child::new().orphaned().await, Ended::Asked);

    let mut child = Child::begun(NOWHERE).await;
    child.hear().await;
    child.say(&EmbeddedCommand::Stop).await;
    while child.hear().await.is_some() {}
    assert_eq!(child.orphaned().await, Ended::Asked);
}

#[tokio::test]
async fn what_it_cannot_follow_ends_it_with_a_reason() {
    let mut child = Child::new();
    child.write(b"GET / HTTP/1.0\n").await;
    let fault = EmbeddedFault::BadSetup;
    assert_eq!(child.hear().await, Some(EmbeddedEvent::Failed { fault }));
    assert_eq!(child.orphaned().await, Ended::Failed);

    let mut child = Child::begun("[storage]\nstate_dir = \"/\"").await;
    match child.hear().await {
        Some(EmbeddedEvent::Failed {
            fault: EmbeddedFault::BadConfig(reason),
        }) => {
            assert!(reason.contains("storage"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(child.orphaned().await, Ended::Failed);
}

#[tokio::test]
async fn a_folder_that_is_open_to_others_is_refused() {
    let mut child = Child::new();
    let data = child.folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o777)).unwrap();
    let setup = meter_wire::EmbeddedSetup {
        data_dir: data.to_str().unwrap().into(),
        socks: child.socket().to_str().unwrap().into(),
        arti: NOWHERE.into(),
        log_level: "warn".into(),
        way: meter_wire::EmbeddedWay::Straight,
    };
    child.say(&EmbeddedCommand::Begin(setup)).await;
    let fault = EmbeddedFault::DataDir;
    assert_eq!(child.hear().await, Some(EmbeddedEvent::Failed { fault }));
    assert_eq!(child.orphaned().await, Ended::Failed);
}
