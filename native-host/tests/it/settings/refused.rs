//! Values and options that no setting takes, and what is never repeated of them.

use super::file;
use crate::{said::check, scripts::object, support::TestHome};
use std::fs;

#[test]
fn a_value_that_the_file_could_not_have_changes_nothing() {
    let home = TestHome::new();
    let before = file(&home);
    for (args, part) in [
        (
            &["relay.port", "80"][..],
            "relay.port is 80; it must be from 1024 to 65535",
        ),
        (
            &["relay.port", "many"],
            "relay.port is many: it must be a whole number",
        ),
        (
            &["relay.port", "-1"],
            "relay.port is -1; it must be from 1024",
        ),
        (
            &["session.min_bytes", "1kB"],
            "session.min_bytes is 1000; it must be",
        ),
        (
            &["session.min_duration_ms", "2h"],
            "session.min_duration_ms is 7200000",
        ),
        (
            &["session.min_duration_ms", "30"],
            "session.min_duration_ms is 30; it must be",
        ),
        (
            &["session.min_duration_ms", "30m s"],
            "session.min_duration_ms is 30m s",
        ),
        (&["daemon.idle_exit_s", "1500ms"], "whole seconds"),
        (&["relay.optimistic", "yes"], "true or false"),
        (&["tor.backend", "magic"], "one of auto, existing, managed"),
        (&["log.level", "loud"], "one of error, warn, info"),
        (&["tor.bridges", "nonsense"], "tor.bridges cannot be used"),
        (&["tor.backend", "auto", "managed"], "takes one value"),
        (&["relay.prot", "9200"], "relay.port"),
    ] {
        check(&home, &[&["config", "set"], args].concat(), 64, &[part]);
        assert_eq!(file(&home), before, "{args:?}");
    }
    assert_eq!(
        check(&home, &["config", "path"], 0, &[]).trim(),
        home.root().join("config.toml").to_str().expect("UTF-8")
    );
    fs::remove_file(home.root().join("config.toml")).expect("ours");
    check(&home, &["config", "check"], 0, &["defaults apply"]);
    let path = object(&home.run(&["config", "path", "--json"]));
    assert_eq!(path["state"], "absent");
    check(&home, &["config", "set", "log.level", "warn"], 0, &[]);
    assert_eq!(file(&home), "[log]\nlevel = \"warn\"\n");
    let other = home.user().join("other.toml");
    check(
        &home,
        &["config", "check", other.to_str().expect("UTF-8")],
        66,
        &["is not there"],
    );
    fs::write(&other, "[relay]\nport = 1\n").expect("ours");
    check(
        &home,
        &["config", "check", other.to_str().expect("UTF-8")],
        78,
        &["line 2"],
    );
}

#[test]
fn options_behind_a_value_are_options_and_never_a_part_of_it() {
    let home = TestHome::new();
    let set = [
        "config",
        "set",
        "tor.extra_torrc",
        "ExitNodes {de}",
        "--json",
    ];
    let told = object(&home.run(&set));
    assert_eq!(told["value"], serde_json::json!(["ExitNodes {de}"]));
    let text = fs::read_to_string(home.root().join("config.toml")).expect("there");
    assert!(!text.contains("json"), "{text}");
    let list = [
        "config",
        "set",
        "tor.bridges",
        "- 192.0.2.1:443\n- 192.0.2.2:443",
        "--json",
    ];
    let told = object(&home.run(&list));
    assert_eq!(
        told["value"],
        serde_json::json!(["192.0.2.1:443", "192.0.2.2:443"])
    );
    let below = check(
        &home,
        &["config", "set", "relay.port", "-1"],
        64,
        &["-1", "from 1024"],
    );
    assert!(below.contains("Nothing was changed"), "{below}");
}

#[test]
fn a_server_in_place_of_the_name_of_its_file_is_refused_and_never_repeated() {
    let home = TestHome::new();
    let before = fs::read_to_string(home.root().join("config.toml")).expect("there");
    for server in [
        "ss://aes-256-gcm:hunter2@192.0.2.77:8388",
        "{\"server\": \"192.0.2.77\", \"password\": \"hunter2\"}",
    ] {
        let said = check(
            &home,
            &["config", "set", "tor.shadowsocks", server],
            64,
            &["the server itself", "the name of a file"],
        );
        assert!(
            !said.contains("hunter2") && !said.contains("192.0.2.77"),
            "{said}"
        );
    }
    check(
        &home,
        &["config", "set", "tor.shadowsocks", "~/ss"],
        64,
        &["~", "absolute path"],
    );
    let after = fs::read_to_string(home.root().join("config.toml")).expect("there");
    assert_eq!(before, after);
    home.configure("[tor]\nshadowsocks = \"nowhere.txt\"\n");
    check(
        &home,
        &["doctor"],
        1,
        &["is not there", "correct ", "nowhere.txt"],
    );
}

#[test]
fn of_several_bridges_the_one_that_is_none_is_named_by_its_place_and_never_repeated() {
    let home = TestHome::new();
    let lines = "Bridge 192.0.2.1:443\nobfs4 192.0.2.77:443\nBridge 192.0.2.3:443";
    let said = check(
        &home,
        &["config", "set", "tor.bridges", lines],
        64,
        &["line 2 of 3", "lacks cert="],
    );
    assert!(!said.contains("192.0.2.77"), "{said}");
    let letter = "not a bridge\n".repeat(3_000);
    let said = check(
        &home,
        &["config", "set", "tor.bridges", &letter],
        64,
        &["line 20 of 3000", "and 2980 more of them cannot be used"],
    );
    assert!(!said.contains("line 21 of"), "{said}");
    let many = "192.0.2.77:443\n".repeat(65);
    let said = check(
        &home,
        &["config", "set", "tor.bridges", &many],
        64,
        &["tor.bridges is 65", "at most 64 lines"],
    );
    assert!(!said.contains("192.0.2.77"), "{said}");
    home.configure("[tor]\nbridges = \"obfs4 192.0.2.77:443\"\n");
    let said = check(&home, &["config", "check"], 78, &["line 2", "lacks cert="]);
    assert!(!said.contains("192.0.2.77"), "{said}");
}
