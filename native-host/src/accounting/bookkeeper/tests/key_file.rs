//! The key's file is removed, replaced or moved on purpose while a daemon uses the key.

use super::*;
use crate::key;
use std::os::unix::fs::PermissionsExt as _;

fn key_in(scene: &Scene) -> meter_core::DeviceKey {
    key::load(&scene.home().key()).expect("a key").key()
}

/// Two seconds: a change is acted on in the second after it.
fn look(scene: &mut Scene) {
    scene.second(0);
    scene.second(0);
}

#[test]
fn a_key_that_is_removed_while_it_is_in_use_is_written_back_and_signs_after_a_restart() {
    let mut scene = Scene::new();
    scene.sign();
    let (key, home) = (scene.bookkeeper().signer.key(), scene.home());
    fs::remove_file(home.key()).expect("ours");
    look(&mut scene);
    assert_eq!(key_in(&scene), key);
    let mode = fs::metadata(home.key()).expect("there").permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    assert_eq!(scene.code(), None);

    fs::remove_dir_all(home.key_folder()).expect("ours");
    look(&mut scene);
    assert_eq!(key_in(&scene), key);
    let mode = fs::metadata(home.key_folder())
        .expect("there")
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
    assert_eq!(scene.code(), None);
    let record = last_signed::LastSigned::load(&home.last_signed()).expect("a record");
    assert_eq!(record.in_use().expect("one").sequence, 1);

    scene.open();
    assert_eq!(number(&scene.sign()), 2);
}

#[test]
fn another_key_in_the_place_of_the_one_in_use_is_a_problem_until_it_is_moved_away() {
    let mut scene = Scene::new();
    scene.sign();
    let (key, path) = (scene.bookkeeper().signer.key(), scene.home().key());
    let kept = fs::read(&path).expect("ours");
    fs::remove_file(&path).expect("ours");
    key::create(&path).expect("another");
    look(&mut scene);
    let problem = scene.bookkeeper().problem().expect("one");
    assert_eq!(problem.code, ErrorCode::KeyRefused);
    let detail = problem.detail.expect("one");
    assert!(detail.contains("another key is in the place"), "{detail}");
    assert_ne!(key_in(&scene), key, "nothing of another is overwritten");

    fs::rename(&path, scene.file("moved away")).expect("ours");
    look(&mut scene);
    assert_eq!((scene.code(), key_in(&scene)), (None, key));

    fs::remove_file(&path).expect("ours");
    fs::create_dir(&path).expect("a folder in its place");
    look(&mut scene);
    assert_eq!(scene.code(), Some(ErrorCode::KeyRefused));
    fs::remove_dir(&path).expect("ours");
    fs::write(&path, kept).expect("put back");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
    look(&mut scene);
    assert_eq!((scene.code(), key_in(&scene)), (None, key));
}

#[test]
fn a_key_that_cannot_be_written_back_is_a_problem_and_is_tried_each_second() {
    let mut scene = Scene::new();
    scene.sign();
    let home = scene.home();
    fs::remove_dir_all(home.key_folder()).expect("ours");
    fs::write(home.key_folder(), "a file in its place").expect("ours");
    look(&mut scene);
    let problem = scene.bookkeeper().problem().expect("one");
    assert_eq!(problem.code, ErrorCode::HomeUnusable);
    let detail = problem.detail.expect("one");
    assert!(detail.contains("before the daemon ends"), "{detail}");
    fs::remove_file(home.key_folder()).expect("ours");
    scene.second(0);
    scene.second(0);
    assert_eq!(scene.code(), None);
    assert_eq!(key_in(&scene), scene.bookkeeper().signer.key());
}

#[test]
fn nothing_is_written_into_a_home_that_was_removed() {
    let mut scene = Scene::new();
    scene.sign();
    fs::remove_dir_all(scene.home().root()).expect("ours");
    look(&mut scene);
    assert!(fs::symlink_metadata(scene.home().root()).is_err());
    assert_eq!(scene.code(), Some(ErrorCode::BookMoved));
}
