//! Tests the lines on the pipes without a network: the only known authorities do not exist.

#![expect(clippy::unwrap_used, reason = "a failed step is a failed test")]

#[path = "support/child.rs"]
mod child;

use std::os::unix::fs::PermissionsExt;

use child::{Child, NOWHERE};
use meter_arti::Ended;
use meter_embedded::{EmbeddedCommand, EmbeddedError, EmbeddedEvent};

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
    let error = EmbeddedError::BadSetup;
    assert_eq!(child.hear().await, Some(EmbeddedEvent::Failed { error }));
    assert_eq!(child.orphaned().await, Ended::Failed);

    let mut child = Child::begun("[storage]\nstate_dir = \"/\"").await;
    match child.hear().await {
        Some(EmbeddedEvent::Failed {
            error: EmbeddedError::BadConfig(reason),
        }) => {
            assert!(reason.contains("storage"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(child.orphaned().await, Ended::Failed);
}

/// A child that was told to begin, in a folder that `prepare` has changed before.
async fn begun_in(prepare: impl FnOnce(&std::path::Path)) -> Child {
    let mut child = Child::new();
    let data = child.folder.path().join("data");
    prepare(&data);
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).unwrap();
    let setup = meter_embedded::EmbeddedSetup {
        data_dir: data.to_str().unwrap().into(),
        socks: child.socket().to_str().unwrap().into(),
        arti: NOWHERE.into(),
        log_level: "warn".into(),
        way: meter_embedded::EmbeddedWay::Straight,
    };
    child.say(&EmbeddedCommand::Begin(setup)).await;
    child
}

fn private(folder: &std::path::Path) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn a_damaged_cache_heals_by_itself() {
    for content in [&b"not a database"[..], b"SQLite format 3\0", &[0xa5; 9_000]] {
        let mut child = begun_in(|data| {
            private(data);
            private(&data.join("cache"));
            std::fs::write(data.join("cache/dir.sqlite3"), content).unwrap();
        })
        .await;
        let first = child.hear().await;
        assert!(
            matches!(first, Some(EmbeddedEvent::Listening { .. })),
            "{first:?}"
        );
        assert_eq!(child.orphaned().await, Ended::Asked);
    }
}

#[tokio::test]
async fn a_damaged_state_is_named_and_left_as_it_is() {
    let mut child = begun_in(|data| {
        for folder in ["", "state", "state/state"] {
            private(&data.join(folder));
        }
        std::fs::write(data.join("state/state/guards.json"), "{\"default\":").unwrap();
    })
    .await;
    let error = EmbeddedError::StateDamaged("state/state/guards.json".into());
    assert_eq!(child.hear().await, Some(EmbeddedEvent::Failed { error }));
    let file = child.folder.path().join("data/state/state/guards.json");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "{\"default\":");
    assert_eq!(child.orphaned().await, Ended::Failed);
}

#[tokio::test]
async fn a_folder_that_is_open_to_others_is_refused() {
    let mut child = Child::new();
    let data = child.folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o777)).unwrap();
    let setup = meter_embedded::EmbeddedSetup {
        data_dir: data.to_str().unwrap().into(),
        socks: child.socket().to_str().unwrap().into(),
        arti: NOWHERE.into(),
        log_level: "warn".into(),
        way: meter_embedded::EmbeddedWay::Straight,
    };
    child.say(&EmbeddedCommand::Begin(setup)).await;
    let error = EmbeddedError::DataDir;
    assert_eq!(child.hear().await, Some(EmbeddedEvent::Failed { error }));
    assert_eq!(child.orphaned().await, Ended::Failed);
}
