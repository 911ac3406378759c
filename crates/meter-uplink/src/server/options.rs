//! Judges the options of a server other than address, port, method and password: each is
//! known to change nothing here, or it is refused by its name.
//!
//! The lists are those of the programs that write such files: shadowsocks-rust (`config.rs`),
//! shadowsocks-libev (`jconf.c`, ss-local(1), ss-server(1)), shadowsocks-windows (`Server.cs`),
//! shadowsocks-android (`Profile.kt`), `ShadowsocksX-NG`, SIP002, SIP008, Outline, sing-box, Clash.

use super::{ServerFault, option_name::OptionName};

/// Options that change the protocol, by the programs that write them: Outline (prefix), sing-box
/// and Clash (`obfs`, `tls`, `multiplex` …), Xray (`type`, `security`,
/// `encryption`, `headerType` …), `ShadowsocksR` (`obfs`, `protocol` and their parameters), and the
/// one-time authentication that was given up (`auth` …).
const CHANGING: &[&str] = &[
    "prefix",
    "type",
    "security",
    "obfs",
    "obfs-host",
    "obfs_host",
    "obfs-uri",
    "obfs_param",
    "obfsparam",
    "protocol",
    "protocol_param",
    "protoparam",
    "transport",
    "encryption",
    "headertype",
    "tls",
    "sni",
    "alpn",
    "fp",
    "pbk",
    "path",
    "host",
    "mux",
    "multiplex",
    "smux",
    "shadow-tls",
    "v2ray-plugin",
    "users",
    "auth",
    "one_time_auth",
    "enable_ota",
    "ota",
];

/// Options that say by which way a connection to the server is made: through another proxy, by one
/// interface, from one address, by a mark for the system's routes.
const WAYS: &[&str] = &[
    "outbound_proxy",
    "outbound_bind_addr",
    "outbound_bind_interface",
    "outbound_fwmark",
    "outbound_user_cookie",
    "interface",
    "detour",
    "bind_interface",
    "inet4_bind_address",
    "inet6_bind_address",
    "routing_mark",
    "netns",
    "interface-name",
    "routing-mark",
    "dialer-proxy",
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
    "tag",
    "name",
    "label",
    "id",
    "bytes_used",
    "bytes_remaining",
    "warnlegacyurl",
    // Which servers are in use: the first that is not `disabled`.
    "disabled",
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
    // A server's own.
    "manager_address",
    "manager_port",
    "user",
    "daemonize",
    "verbose",
    "use_syslog",
    "log",
    "disable_sni",
];

/// Values that say "nothing is changed", as programs write out their defaults; sing-box and V2Ray
/// name the protocol itself.
const UNCHANGED: &[&str] = &[
    "",
    "0",
    "none",
    "false",
    "plain",
    "origin",
    "tcp",
    "[]",
    "ss",
    "shadowsocks",
];

/// Judges an option of which this program knows what it does; `None` for any other option. `value`
/// is its text, or JSON.
pub(super) fn known(key: &str, value: &str) -> Option<Result<(), ServerFault>> {
    let listed = |list: &[&'static str]| {
        let mut names = list.iter();
        names.find(|name| key.eq_ignore_ascii_case(name)).copied()
    };
    let unless_unchanged = |fault| match is_unchanged(value) {
        true => Ok(()),
        false => Err(fault),
    };
    match key.to_ascii_lowercase().as_str() {
        "plugin" => return Some(unless_unchanged(ServerFault::Plugin)),
        "mode" => return Some(mode(value)),
        "network" => return Some(network(value)),
        _ => {}
    }
    if let Some(name) = listed(CHANGING) {
        return Some(unless_unchanged(ServerFault::Option(name)));
    }
    if let Some(name) = listed(WAYS) {
        return Some(unless_unchanged(ServerFault::Way(name)));
    }
    listed(HARMLESS).map(|_| Ok(()))
}

/// Judges any option.
pub(super) fn judge(key: &str, value: &str) -> Result<(), ServerFault> {
    match known(key, value) {
        Some(judged) => judged,
        None if is_unchanged(value) => Ok(()),
        None => Err(ServerFault::UnknownOption(OptionName::of(key))),
    }
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

/// Whether a value is a word for "nothing".
fn is_unchanged(value: &str) -> bool {
    let mut words = UNCHANGED.iter();
    words.any(|word| value.eq_ignore_ascii_case(word))
}
