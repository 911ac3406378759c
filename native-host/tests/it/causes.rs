//! Why a setting is refused, as words for a client that speaks the person's language.

use crate::support::TestHome;
use meter_wire::{ChangeSetting, ErrorCode, Request, SettingValue};
use std::fs;

/// Settings of the file before, key, value, and the cause.
const CAUSES: [(&str, &str, &str, &str); 13] = [
    ("", "relay.port", "80", "range 1024 65535"),
    ("", "relay.port", "many", "number"),
    ("", "daemon.idle_exit_s", "-1", "range 0 86400"),
    ("", "tor.socks_port", "run/tor", "place"),
    ("", "tor.shadowsocks", "a\u{202e}b", "character_hidden"),
    ("", "tor.exit_country", "deu", "country"),
    (
        "[tor]\nbackend = 'existing'\n",
        "tor.exit_country",
        "de",
        "country_existing",
    ),
    (
        "[tor]\nbackend = 'existing'\n",
        "tor.bridges",
        "192.0.2.1:443",
        "bridges_existing",
    ),
    (
        "[tor]\nbackend = 'existing'\n",
        "tor.shadowsocks",
        "server",
        "server_existing",
    ),
    (
        "[tor]\nbridges = ['192.0.2.1:443']\n",
        "tor.shadowsocks",
        "server",
        "one_way",
    ),
    ("", "tor.bridges", "192.0.2.1", "bridge_no_port"),
    (
        "",
        "tor.bridges",
        "192.0.2.1:443\nobfs4 192.0.2.2:443\n192.0.2.3:443 a\u{2011}b",
        "2 bridge_lacks cert\n3 bridge_dash U+2011",
    ),
    ("", "tor.bridges", "", ""),
];

#[test]
fn a_refusal_names_its_cause_and_every_cause_has_a_message() {
    let home = TestHome::new();
    let mut bridge = home.bridge();
    bridge.hello(false);
    let mut refused = |before: &str, key: &str, to: SettingValue| {
        fs::write(home.root().join("config.toml"), before).expect("written");
        let key = key.to_owned();
        let asked = ChangeSetting {
            key,
            to,
            keep: false,
        };
        match bridge.ask(7, Request::ChangeSetting(asked)) {
            Ok(_) => String::new(),
            Err(problem) => {
                assert_eq!(problem.code, ErrorCode::SettingRefused);
                let (cause, detail) = (problem.cause, problem.detail);
                let cause = cause.unwrap_or_else(|| panic!("{detail:?} has no cause"));
                let lines = detail.expect("a sentence").lines().count();
                assert_eq!(cause.lines().count(), lines, "{cause}");
                cause
            }
        }
    };
    let mut causes = Vec::new();
    for (before, key, value, cause) in CAUSES {
        let words = SettingValue::Words(vec![value.to_owned()]);
        assert_eq!(refused(before, key, words), cause, "{key} {value}");
        causes.extend(cause.lines());
    }
    let server = SettingValue::Server("ss://aes-256-gcm:x@a.example:8388".to_owned());
    assert_eq!(refused("", "tor.shadowsocks", server), "server_name");
    let messages = include_str!("../../../_locales/en/messages.json");
    for cause in causes {
        let words = cause.trim_start_matches(|letter: char| letter.is_numeric() || letter == ' ');
        let word = words.split(' ').next().expect("a word");
        assert!(
            messages.contains(&format!("\"refused_{word}\"")),
            "{cause} has no message"
        );
    }
}
