//! Tests files that clients export or keep: each with all that the client writes into it.

use super::{super::ServerFault as Fault, check, refused};

/// shadowsocks-windows, `gui-config.json` (`Configuration.cs`, `Server.cs`).
const WINDOWS: &str = r#"{"version": "4.4.1.0", "configs": [{"server": "192.0.2.7",
    "server_port": 8388, "password": "x", "method": "aes-256-gcm", "plugin": "",
    "plugin_opts": "", "plugin_args": "", "remarks": "", "group": "", "timeout": 5,
    "warnLegacyUrl": false}], "onlineConfigSource": [], "strategy": null, "index": 0,
    "global": false, "enabled": true, "shareOverLan": false, "firstRun": false,
    "localPort": 1080, "portableMode": true, "showPluginOutput": false, "pacUrl": "",
    "useOnlinePac": false, "secureLocalPac": true, "regeneratePacOnUpdate": true,
    "autoCheckUpdate": false, "checkPreRelease": false, "skippedUpdateVersion": "",
    "isVerboseLogging": false, "isIPv6Enabled": false, "generateLegacyUrl": false,
    "geositeUrl": "", "geositeDirectGroups": ["cn"], "geositeProxiedGroups": ["!cn"],
    "geositePreferDirect": false, "userAgent": "x", "logViewer": {"topMost": false},
    "proxy": {"useProxy": false, "proxyType": 0, "proxyServer": "10.0.0.1", "proxyPort": 1080,
    "proxyTimeout": 3, "useAuth": false, "authUser": "", "authPwd": ""},
    "hotkey": {"SwitchSystemProxy": "", "RegHotkeysAtStartup": false}}"#;

/// `ShadowsocksR` for Windows, and `ShadowsocksX-NG` with its server's options.
const SHADOWSOCKS_R: &str = r#"{"configs": [{"remarks": "a", "id": "1", "server": "192.0.2.7",
    "server_port": 8388, "server_udp_port": 0, "password": "x", "method": "aes-256-gcm",
    "protocol": "origin", "protocolparam": "", "obfs": "plain", "obfsparam": "",
    "remarks_base64": "YQ", "group": "b", "enable": true, "tcp_over_udp": false,
    "udp_over_tcp": false, "obfs_udp": false}], "index": 0, "random": true, "sysProxyMode": 3,
    "shareOverLan": false, "localPort": 1080, "localAuthPassword": "y", "dnsServer": "",
    "reconnectTimes": 2, "balanceAlgorithm": "LowException", "randomInGroup": false, "TTL": 0,
    "connectTimeout": 5, "proxyRuleMode": 2, "proxyEnable": false, "pacDirectGoProxy": false,
    "proxyType": 0, "proxyHost": "10.0.0.1", "proxyPort": 1080, "proxyAuthUser": null,
    "proxyAuthPass": null, "proxyUserAgent": null, "authUser": null, "authPass": null,
    "autoBan": false, "sameHostForSameTarget": false, "keepVisitTime": 180, "isHideTips": false,
    "nodeFeedAutoUpdate": true, "serverSubscribes": [], "token": {}, "portMap": {}}"#;

#[test]
fn files_of_other_clients_are_read_with_all_that_is_in_them() {
    for text in [WINDOWS, SHADOWSOCKS_R] {
        check(text, "aes-256-gcm", "x", "192.0.2.7:8388");
    }
    let one = r#"{"server": "192.0.2.7", "server_port": 8388, "password": "x",
        "method": "aes-256-gcm", "remarks": "a", "remarks_base64": "YQ", "enable": true,
        "tcp_over_udp": false, "udp_over_tcp": false, "version": "4.4.1.0"}"#;
    check(one, "aes-256-gcm", "x", "192.0.2.7:8388");
}

/// A client that reaches its server through a proxy may not reach it without.
#[test]
fn a_proxy_on_the_way_to_the_server_is_refused_unless_it_is_off() {
    let unknown = |name| Fault::UnknownOption(super::OptionName::of(name));
    for (file, from, to, expected) in [
        (
            WINDOWS,
            "useProxy\": false",
            "useProxy\": true",
            Fault::Way("proxy"),
        ),
        (WINDOWS, "\"useProxy\": false, ", "", Fault::Way("proxy")),
        (
            WINDOWS,
            "\"global\": false",
            "\"useProxy\": true",
            Fault::Way("useProxy"),
        ),
        (
            WINDOWS,
            "\"global\": false",
            "\"proxyServer\": \"10.0.0.1\"",
            Fault::Way("proxyServer"),
        ),
        (
            SHADOWSOCKS_R,
            "proxyEnable\": false",
            "proxyEnable\": true",
            Fault::Way("proxyEnable"),
        ),
        (
            SHADOWSOCKS_R,
            "\"proxyEnable\": false, ",
            "",
            Fault::Way("proxyHost"),
        ),
        (
            SHADOWSOCKS_R,
            "tcp_over_udp\": false",
            "tcp_over_udp\": true",
            Fault::Option("tcp_over_udp"),
        ),
        // A name that is not known, but says what it is.
        (
            WINDOWS,
            "\"global\": false",
            "\"ForwardProxy\": {\"Host\": \"10.0.0.1\"}",
            unknown("ForwardProxy"),
        ),
    ] {
        let text = file.replace(from, to);
        assert_ne!(text, file, "{from}");
        refused(&text, expected);
        refused(
            &text
                .replace("\"configs\"", "\"servers\"")
                .replace("4.4.1.0", "1"),
            expected,
        );
    }
    let off = WINDOWS.replace(
        "\"global\": false",
        "\"ForwardProxy\": {\"UseProxy\": false}",
    );
    check(&off, "aes-256-gcm", "x", "192.0.2.7:8388");
}
