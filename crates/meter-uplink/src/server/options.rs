//! Judges the options of a server other than address, port, method and password: each is
//! known to change nothing here, or it is refused by its name.
//!
//! The lists are those of the programs that write such files: shadowsocks-rust (`config.rs`),
//! shadowsocks-libev (`jconf.c`, ss-local(1), ss-server(1)), shadowsocks-windows (`Server.cs`),
//! shadowsocks-android (`Profile.kt`), `ShadowsocksX-NG`, SIP002, SIP008, Outline, sing-box, Clash.

use super::{ServerFault, option_name::OptionName};

/// An option with the values that switch it off, besides an empty one. A word that means "off" for
/// one option is a value to another: the name of an outbound, or bytes to be sent.
type Switch = (&'static str, &'static [&'static str]);

/// No word switches it off.
const NEVER: &[&str] = &[];

const SWITCH: &[&str] = &["0", "false"];

/// With 0 nothing is marked.
const MARK: &[&str] = &["0"];

/// Options that change the protocol, by the programs that write them: Outline (prefix), sing-box
/// and Clash (`obfs`, `tls`, `multiplex` …), Xray (`type`, `security`,
/// `encryption`, `headerType` …), `ShadowsocksR` (`obfs`, `protocol` and their parameters,
/// `tcp_over_udp`), and the one-time authentication that was given up (`auth` …).
const CHANGING: &[Switch] = &[
    ("prefix", NEVER),
    // To sing-box and Clash the protocol itself, to Xray what carries it.
    ("type", &["ss", "shadowsocks", "tcp", "raw"]),
    ("security", &["none"]),
    ("obfs", &["plain", "none"]),
    ("obfs-host", NEVER),
    ("obfs_host", NEVER),
    ("obfs-uri", NEVER),
    ("obfs_param", NEVER),
    ("obfsparam", NEVER),
    ("protocol", &["origin", "ss", "shadowsocks"]),
    ("protocol_param", NEVER),
    ("protocolparam", NEVER),
    ("protoparam", NEVER),
    ("tcp_over_udp", SWITCH),
    ("transport", &["tcp", "raw"]),
    ("encryption", &["none"]),
    ("headertype", &["none"]),
    ("tls", &["0", "false", "none"]),
    ("sni", NEVER),
    ("alpn", NEVER),
    ("fp", NEVER),
    ("pbk", NEVER),
    ("path", NEVER),
    ("host", NEVER),
    ("mux", SWITCH),
    ("multiplex", SWITCH),
    ("smux", SWITCH),
    ("shadow-tls", NEVER),
    ("v2ray-plugin", NEVER),
    ("users", NEVER),
    ("auth", SWITCH),
    ("one_time_auth", SWITCH),
    ("enable_ota", SWITCH),
    ("ota", SWITCH),
];

/// Options that say by which way a connection to the server is made: through another proxy, by one
/// interface, from one address, by a mark for the system's routes. shadowsocks-windows (`proxy`)
/// and `ShadowsocksR` (`proxyEnable`) have them beside their list of servers.
const WAYS: &[Switch] = &[
    ("outbound_proxy", NEVER),
    ("outbound_bind_addr", NEVER),
    ("outbound_bind_interface", NEVER),
    ("outbound_fwmark", MARK),
    ("outbound_user_cookie", MARK),
    ("interface", NEVER),
    ("detour", NEVER),
    ("bind_interface", NEVER),
    ("inet4_bind_address", NEVER),
    ("inet6_bind_address", NEVER),
    ("routing_mark", MARK),
    ("netns", NEVER),
    ("interface-name", NEVER),
    ("routing-mark", MARK),
    ("dialer-proxy", NEVER),
    ("proxy", NEVER),
    ("useProxy", SWITCH),
    ("proxyEnable", SWITCH),
    ("proxyServer", NEVER),
    ("proxyHost", NEVER),
];

/// What names a way in an option's name. Beside a list an option with such a name is refused even
/// if it is not known.
const WAY_WORDS: &[&str] = &[
    "proxy",
    "outbound",
    "upstream",
    "detour",
    "dialer",
    "interface",
    "gateway",
    "fwmark",
];

/// Options that change nothing here: names for people, the local end of other programs, their
/// speed, how they look up names (here nothing is looked up) and what they leave out of the server
/// (here nothing is left out), and the settings of a server itself.
const HARMLESS: &[&str] = &[
    // For people.
    "outline",
    "group",
    "remarks",
    "remark",
    "remarks_base64",
    "tag",
    "name",
    "label",
    "id",
    "bytes_used",
    "bytes_remaining",
    "warnlegacyurl",
    // Which servers are in use: the first that is not `disabled`.
    "disabled",
    "enable",
    "enabled",
    "index",
    "balancer",
    "tcp_weight",
    "udp_weight",
    "online_config",
    // The local end.
    "local_address",
    "local_port",
    "local_udp_address",
    "local_udp_port",
    "locals",
    "tunnel_address",
    "forward_address",
    "forward_port",
    "tcp_redir",
    "udp_redir",
    "client_cache_size",
    "launchd_tcp_socket_name",
    "launchd_udp_socket_name",
    "socks5_auth_config_path",
    "http_auth_config_path",
    // Without a plugin these have no effect.
    "plugin_opts",
    "plugin-opts",
    "plugin_args",
    "plugin_mode",
    // Of a proxy that another option names or switches on, which is refused.
    "proxytype",
    "proxyport",
    "proxytimeout",
    "proxyauthuser",
    "proxyauthpass",
    "proxyuseragent",
    // Of TLS, which another option switches on.
    "disable_sni",
    "insecure",
    "allowinsecure",
    "skip-cert-verify",
    // For UDP, which Tor never uses.
    "uot",
    "uotversion",
    "udp_over_tcp",
    "udp-over-tcp",
    "udp-over-tcp-version",
    // Sockets and speed.
    "timeout",
    "connect_timeout",
    "udp_timeout",
    "udp_max_associations",
    "udp_mtu",
    "mtu",
    "tfo",
    "fast_open",
    "fast-open",
    "tcp_fast_open",
    "no_delay",
    "keep_alive",
    "mptcp",
    "tcp_multi_path",
    "reuse_port",
    "reuse_addr",
    "udp_fragment",
    "inbound_udp_allow_fragmentation",
    "outbound_udp_allow_fragmentation",
    "fallback_delay",
    "nofile",
    "workers",
    "runtime",
    "ebpf",
    // Datagrams, of which Tor sends none.
    "udp",
    "udp_fallback",
    "server_udp_port",
    "obfs_udp",
    // Names, and IPv6 or IPv4 for them.
    "dns",
    "dns_cache_size",
    "nameserver",
    "local_dns_address",
    "local_dns_port",
    "remote_dns_address",
    "remote_dns_port",
    "remote_dns",
    "udpdns",
    "domain_strategy",
    "domain_resolver",
    "ip-version",
    "ipv6",
    "ipv6_first",
    "ipv6_only",
    "prefer_ipv6",
    // What goes to the server.
    "acl",
    "route",
    "metered",
    "proxy_apps",
    "sysproxymode",
    "proxyrulemode",
    "pacdirectgoproxy",
    // A server's own.
    "manager_address",
    "manager_port",
    "user",
    "daemonize",
    "verbose",
    "use_syslog",
    "log",
];

/// Judges an option of which this program knows what it does; `None` for any other option. `value`
/// is its text, or JSON.
fn known(key: &str, value: &str) -> Option<Result<(), ServerFault>> {
    match key.to_ascii_lowercase().as_str() {
        "plugin" => return Some(unless_off(value, &["none"], ServerFault::Plugin)),
        "mode" => return Some(mode(value)),
        "network" => return Some(network(value)),
        _ => {}
    }
    let listed = |list: &[Switch]| {
        let mut options = list.iter();
        options
            .find(|(name, _)| key.eq_ignore_ascii_case(name))
            .copied()
    };
    if let Some((name, off)) = listed(CHANGING) {
        return Some(unless_off(value, off, ServerFault::Option(name)));
    }
    if let Some((name, off)) = listed(WAYS) {
        return Some(unless_off(value, off, ServerFault::Way(name)));
    }
    let mut harmless = HARMLESS.iter();
    let is_harmless = harmless.any(|name| key.eq_ignore_ascii_case(name));
    is_harmless.then_some(Ok(()))
}

/// Judges an option of a server.
pub(super) fn judge(key: &str, value: &str) -> Result<(), ServerFault> {
    let fault = ServerFault::UnknownOption(OptionName::of(key));
    known(key, value).unwrap_or_else(|| unless_off(value, NEVER, fault))
}

/// Judges an option beside a list of servers. One that is not known changes nothing there, because
/// SIP008 lets everybody add some, unless its name says that it is a way.
pub(super) fn judge_around(key: &str, value: &str) -> Result<(), ServerFault> {
    let lower = key.to_ascii_lowercase();
    let mut words = WAY_WORDS.iter();
    if words.any(|word| lower.contains(word)) {
        return judge(key, value);
    }
    known(key, value).unwrap_or(Ok(()))
}

/// Refuses an option unless its value is empty or one of those that switch it off.
fn unless_off(value: &str, off: &[&str], fault: ServerFault) -> Result<(), ServerFault> {
    let mut words = off.iter();
    let is_off = value.is_empty() || words.any(|word| value.eq_ignore_ascii_case(word));
    if is_off { Ok(()) } else { Err(fault) }
}

fn mode(value: &str) -> Result<(), ServerFault> {
    match value {
        "udp_only" => Err(ServerFault::UdpOnly),
        "" | "tcp_only" | "tcp_and_udp" => Ok(()),
        _ => Err(ServerFault::Option("mode")),
    }
}

/// One protocol or several, as text or as a list in JSON.
fn network(value: &str) -> Result<(), ServerFault> {
    match (
        value.is_empty() || value.contains("tcp"),
        value.contains("udp"),
    ) {
        (true, _) => Ok(()),
        (false, true) => Err(ServerFault::UdpOnly),
        (false, false) => Err(ServerFault::Option("network")),
    }
}
