//! Changes of settings that are refused, and what stays then.

use super::{ask, file, greeted, path, words};
use crate::support::TestHome;
use meter_wire::{ErrorCode, FRAME_IN_MAX, TakesEffect};
use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

#[test]
fn a_file_that_cannot_be_changed_stays_and_the_reason_is_told() {
    let home = TestHome::new();
    let mut bridge = greeted(&home);
    let mut set = || ask(&mut bridge, "log.level", words(&["warn"]), true);
    fs::set_permissions(path(&home), fs::Permissions::from_mode(0o400)).expect("ours");
    let before = file(&home);
    let problem = set().expect_err("read-only");
    assert_eq!(problem.code, ErrorCode::SettingsUnwritable);
    let detail = problem.detail.expect("the reason");
    assert!(
        detail.contains("config.toml") && detail.contains("lets nobody write"),
        "{detail}"
    );
    assert_eq!(file(&home), before);
    fs::set_permissions(path(&home), fs::Permissions::from_mode(0o600)).expect("ours");

    for (text, part) in [
        ("[relay]\nport = 80\n", "line 2: relay.port is 80"),
        ("[moon]\nphase = 'full'\n", "moon"),
        ("[relay\n", "line 1"),
    ] {
        fs::write(path(&home), text).expect("ours");
        let problem = set().expect_err("a mistake");
        assert_eq!(problem.code, ErrorCode::ConfigInvalid);
        assert!(
            problem.detail.is_some_and(|detail| detail.contains(part)),
            "{text}"
        );
        assert_eq!(file(&home), text);
    }
    // Behind a link the file changes, and the link stays.
    let real = home.user().join("dotfiles.toml");
    fs::rename(path(&home), &real).expect("ours");
    fs::write(&real, before).expect("ours");
    symlink(&real, path(&home)).expect("ours");
    set().expect("changed");
    assert!(
        fs::symlink_metadata(path(&home))
            .expect("there")
            .is_symlink()
    );
    assert!(
        fs::read_to_string(&real)
            .expect("there")
            .contains("level = \"warn\"")
    );
}

#[test]
fn odd_keys_and_values_are_refused_and_never_written() {
    let home = TestHome::new();
    let before = file(&home);
    let mut bridge = greeted(&home);
    for (key, value) in [
        ("moon.phase", "full"),
        ("tor", "x"),
        ("", "x"),
        ("relay.port.more", "9201"),
        ("tor.shadowsocks", "a\u{202e}b"),
        ("tor.shadowsocks", "a\nb"),
        ("tor.backend", "managed\u{0}"),
    ] {
        let problem = ask(&mut bridge, key, words(&[value]), true).expect_err("refused");
        assert_eq!(problem.code, ErrorCode::SettingRefused, "{key} {value:?}");
    }
    let none = ask(&mut bridge, "relay.port", words(&[]), true).expect_err("no value");
    assert_eq!(none.code, ErrorCode::SettingRefused);
    let long = ask(
        &mut bridge,
        "tor.backend",
        words(&[&"x".repeat(60_000)]),
        true,
    );
    let detail = long.expect_err("refused").detail.expect("the reason");
    assert!(detail.chars().count() <= 2_000, "cut for who shows it");
    for to in [
        r#"{"words":"9201"}"#,
        r#""none""#,
        r#"{"default":null}"#,
        r#"{"words":[1]}"#,
    ] {
        let change = format!("{{\"key\":\"relay.port\",\"to\":{to},\"keep\":true}}");
        bridge.send_frame(
            format!("{{\"id\":8,\"request\":{{\"change_setting\":{change}}}}}").as_bytes(),
        );
        let problem = bridge.reply(Some(8)).expect_err(to);
        assert_eq!(problem.code, ErrorCode::BadRequest, "{to}");
    }
    // A frame that is too long ends the connection, and the daemon goes on.
    let mut other = greeted(&home);
    let length = u32::try_from(FRAME_IN_MAX + 1).expect("small");
    other.send_raw(&length.to_ne_bytes());
    while let Some(frame) = other.receive() {
        assert!(
            !format!("{frame:?}").contains("SettingChanged"),
            "{frame:?}"
        );
    }
    assert_eq!(file(&home), before);
    let level = ask(&mut bridge, "log.level", words(&["info"]), true).expect("it serves on");
    assert_eq!(
        level.takes_effect,
        TakesEffect::Now,
        "it is in force already"
    );
    let badge = ask(&mut bridge, "ledger.badge", words(&["credited"]), true).expect("kept");
    assert_eq!(
        badge.takes_effect,
        TakesEffect::Now,
        "nothing has to start anew for it"
    );
}
