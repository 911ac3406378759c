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

/// What a disk, a person or another program may leave in the place of a cache.
#[tokio::test]
async fn what_is_no_cache_at_all_heals_too() {
    use std::fs;
    let damages: [fn(&std::path::Path); 4] = [
        |data| fs::write(data.join("cache"), "a file").unwrap(),
        |data| std::os::unix::fs::symlink("/nowhere", data.join("cache")).unwrap(),
        |data| fs::create_dir_all(data.join("cache/dir.sqlite3")).unwrap(),
        |data| {
            fs::create_dir(data.join("cache")).unwrap();
            fs::write(data.join("cache/dir_blobs"), "a file").unwrap();
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let mut child = begun_in(|data| {
            private(data);
            damage(data);
            if data.join("cache").is_dir() {
                private(&data.join("cache"));
            }
        })
        .await;
        let first = child.hear().await;
        let listens = matches!(first, Some(EmbeddedEvent::Listening { .. }));
        assert!(listens, "{number}: {first:?}");
        assert_eq!(child.orphaned().await, Ended::Asked);
    }
}

const GUARDS: &str = "state/state/guards.json";

/// Checks that a child refuses a state and names what is damaged.
async fn refused(prepare: impl FnOnce(&std::path::Path), named: &str) -> Child {
    let mut child = begun_in(|data| {
        for folder in ["", "state", "state/state"] {
            private(&data.join(folder));
        }
        prepare(data);
    })
    .await;
    let error = EmbeddedError::StateDamaged(named.into());
    // Arti reads the guards only when it begins to connect.
    let heard = loop {
        match child.hear().await {
            Some(EmbeddedEvent::Listening { .. } | EmbeddedEvent::Progress(_)) => {}
            other => break other,
        }
    };
    assert_eq!(heard, Some(EmbeddedEvent::Failed { error }));
    child
}

#[tokio::test]
async fn a_damaged_state_is_named_and_left_as_it_is() {
    // The first is cut off; the others are JSON that is no list of guards.
    for content in [
        &b"{\"default\":"[..],
        b"[1]",
        b"{\"default\": 5}",
        b"\"\xff\"",
    ] {
        let write = |data: &std::path::Path| std::fs::write(data.join(GUARDS), content).unwrap();
        let child = refused(write, GUARDS).await;
        let file = child.folder.path().join("data").join(GUARDS);
        assert_eq!(std::fs::read(file).unwrap(), content);
        assert_eq!(child.orphaned().await, Ended::Failed);
    }
}

#[tokio::test]
async fn what_is_no_file_or_folder_of_a_state_is_named() {
    use std::fs;
    let folder = |data: &std::path::Path| fs::create_dir(data.join(GUARDS)).unwrap();
    refused(folder, GUARDS).await;
    let pipe = |data: &std::path::Path| {
        let made = std::process::Command::new("mkfifo")
            .arg(data.join(GUARDS))
            .status();
        assert!(made.unwrap().success());
    };
    refused(pipe, GUARDS).await;
    let file = |data: &std::path::Path| {
        fs::remove_dir(data.join("state/state")).unwrap();
        fs::write(data.join("state/state"), "").unwrap();
    };
    refused(file, "state/state").await;
    let nowhere = |data: &std::path::Path| {
        fs::remove_dir_all(data.join("state")).unwrap();
        std::os::unix::fs::symlink("/nowhere", data.join("state")).unwrap();
    };
    refused(nowhere, "state").await;
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
