//! Tests the name rules with tables, and with a property that reads odd spellings independently.

use proptest::{prelude::*, sample::select};

use super::*;

const PERMITTED: Result<(), TargetRefusal> = Ok(());
const MALFORMED: Result<(), TargetRefusal> = Err(TargetRefusal::Malformed);
const FORBIDDEN: Result<(), TargetRefusal> = Err(TargetRefusal::Forbidden);

#[track_caller]
fn check(rows: &[&str], expected: Result<(), TargetRefusal>) {
    for row in rows {
        assert_eq!(judge(row), expected, "{row:?}");
    }
}

#[test]
fn public_names_pass() {
    check(
        &[
            "example.com",
            "EXAMPLE.com",
            "example.com.",
            "a.b",
            "_dmarc.example.com",
            "-x-.example.org",
        ],
        PERMITTED,
    );
    check(
        &[
            "site.test",
            "x.onion",
            "not-a-valid-one.onion",
            "foo.exit",
            "xn--bcher-kva.example",
        ],
        PERMITTED,
    );
    check(
        &[
            "1.com",
            "0x7f.com",
            "127.0.0.1.nip.io",
            "localhost.example",
            "local.example.net",
        ],
        PERMITTED,
    );
    check(
        &[
            "notlocalhost.notlocal",
            "internal.example",
            "0xg.example.0xg",
        ],
        PERMITTED,
    );
}

#[test]
fn s_17_and_s_18_malformed_names_are_malformed() {
    check(
        &["", ".", "..", "a..b", ".example.com", "example.com.."],
        MALFORMED,
    );
    check(
        &[
            "a\0.com",
            "a\r\n.com",
            "a/b.com",
            "user@example.com",
            "a b.com",
            "bücher.example",
        ],
        MALFORMED,
    );
    check(
        &[
            "①27.0.0.1",
            "a%00.com",
            "a:80",
            "example.com:80",
            "[example.com]",
            "*.example.com",
        ],
        MALFORMED,
    );
}

#[test]
fn s_18_names_up_to_253_bytes_pass_and_longer_ones_are_malformed() {
    let odd = |total: usize| "a.".repeat(total / 2) + "a";
    let of_bytes = |total: usize| match total % 2 {
        0 => format!("aa.{}", odd(total - 3)),
        _ => odd(total),
    };
    assert_eq!((of_bytes(252).len(), of_bytes(255).len()), (252, 255));
    check(&[&of_bytes(252), &of_bytes(253)], PERMITTED);
    check(&[&of_bytes(254), &of_bytes(255)], MALFORMED);
    check(&[&format!("{}.com", "a".repeat(63))], PERMITTED);
    check(
        &[&format!("{}.com", "a".repeat(64)), &"a".repeat(255)],
        MALFORMED,
    );
}

#[test]
fn s_19_every_spelling_of_loopback_is_forbidden() {
    check(
        &[
            "localhost",
            "LocalHost",
            "localhost.",
            "x.localhost",
            "x.y.LOCALHOST.",
        ],
        FORBIDDEN,
    );
    check(
        &[
            "127.0.0.1",
            "127.0.0.1.",
            "127.1",
            "127.0.1",
            "0",
            "0.",
            "0.0.0.0",
        ],
        FORBIDDEN,
    );
    check(
        &[
            "0x7f000001",
            "0X7F000001",
            "2130706433",
            "017700000001",
            "0177.0.0.1",
        ],
        FORBIDDEN,
    );
    check(
        &[
            "0x7f.1",
            "127.0.0.0x1",
            "127.0.0.01",
            "0x7f.0x0.0x0.0x1",
            "0x",
        ],
        FORBIDDEN,
    );
    check(
        &[
            "::1",
            "[::1]",
            "::ffff:127.0.0.1",
            "[::ffff:127.0.0.1]",
            "::",
            "::127.0.0.1",
        ],
        FORBIDDEN,
    );
}

#[test]
fn s_20_internal_networks_and_names_are_forbidden() {
    check(
        &[
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
        ],
        FORBIDDEN,
    );
    check(
        &[
            "224.0.0.1",
            "255.255.255.255",
            "fd00::1",
            "fe80::1",
            "fe80::1%eth0",
            "ff02::1",
        ],
        FORBIDDEN,
    );
    check(
        &[
            "printer.local",
            "printer.LOCAL.",
            "db.internal",
            "local",
            "internal.",
            "router",
        ],
        FORBIDDEN,
    );
    check(
        &["64:ff9b::7f00:1", "2002:7f00:1::", "com", "com.", "wpad"],
        FORBIDDEN,
    );
}

#[test]
fn names_below_invalid_and_alt_are_nowhere() {
    let nowhere = Err(TargetRefusal::Nowhere);
    check(&["probe.invalid", "a.b.InValid", "x.invalid."], nowhere);
    check(&["name.gns.alt", "x.ALT."], nowhere);
    check(&["invalid", "invalid.", "alt"], FORBIDDEN);
    check(
        &[
            "invalid.example",
            "notinvalid.test",
            "x.invalid.test",
            "a.salt",
        ],
        PERMITTED,
    );
}

#[test]
fn public_addresses_pass_in_their_plain_spelling_only() {
    check(
        &["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2001:DB8::1"],
        PERMITTED,
    );
    check(
        &[
            "8.8.8.8.",
            "8.8.2056",
            "134744072",
            "08.8.8.8",
            "8.8.8.8.8",
            "1.2.3.256",
            "foo.1",
        ],
        FORBIDDEN,
    );
    check(
        &[
            "[2606:4700::1111]",
            "2606:4700::1111%eth0",
            "2606:4700:::1",
            "[2606:4700::1111",
        ],
        MALFORMED,
    );
}

proptest! {
    /// Of all spellings that a resolver such as `inet_aton` reads as an address, only the plain
    /// spelling of a public address passes.
    #[test]
    fn no_spelling_of_an_internal_address_passes(
        ip in any::<u32>(),
        parts in 1_usize..=4,
        bases in prop::array::uniform4(0_usize..4),
        dot in any::<bool>(),
    ) {
        let text = spelled(ip, parts, bases) + if dot { "." } else { "" };
        let plain = Ipv4Addr::from_bits(ip);
        if text != plain.to_string() || is_internal(IpAddr::V4(plain)) {
            prop_assert_eq!(judge(&text), FORBIDDEN, "{}", text);
        } else {
            prop_assert_eq!(judge(&text), PERMITTED, "{}", text);
        }
    }

    /// Only characters of host names and of IPv6 addresses ever reach Tor.
    #[test]
    fn what_passes_is_plain_ascii_with_a_dot_or_a_colon(
        name in "(?s).{0,40}|[a-z0-9._:%\\[\\]-]{1,40}",
    ) {
        if judge(&name).is_ok() {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
            prop_assert!(name.bytes().all(plain) && name.contains(['.', ':']), "{:?}", name);
        }
    }

    #[test]
    fn internal_suffixes_never_pass(
        host in "[a-z0-9-]{1,20}",
        zone in select(
            ["localhost", "local", "internal", "home.arpa", "lan", "fritz.box"].as_slice()
        ),
        upper in any::<bool>(),
        dot in any::<bool>(),
    ) {
        let mut name = format!("{host}.{zone}");
        if upper { name.make_ascii_uppercase(); }
        if dot { name.push('.'); }
        prop_assert_eq!(judge(&name), FORBIDDEN);
    }
}

/// Writes an address in 1 to 4 parts. The last part holds the rest. Each part has its own base.
fn spelled(ip: u32, parts: usize, bases: [usize; 4]) -> String {
    let mut rest = u64::from(ip);
    let mut texts = Vec::new();
    for (index, base) in bases.into_iter().enumerate().take(parts) {
        let bits_below = if index + 1 == parts {
            0
        } else {
            8 * (3 - index)
        };
        let part = rest >> bits_below;
        rest &= (1_u64 << bits_below) - 1;
        texts.push(match base {
            0 => format!("{part}"),
            1 => format!("0x{part:x}"),
            2 => format!("0{part:o}"),
            _ => format!("0X{part:08X}"),
        });
    }
    texts.join(".")
}
