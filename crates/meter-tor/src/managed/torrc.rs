//! Writes the managed Tor's configuration. Pure.

use std::{fmt::Write, os::unix::ffi::OsStrExt, path::Path};

use super::paths::Paths;
use crate::{
    TorProblem,
    options::{is_idle_bridge, may_be_set},
};

/// The torrc for `paths`, owned by process `owner`: then the checked extra lines, then the lines of
/// the detour.
///
/// # Errors
/// [`TorProblem::OptionNotAllowed`] for the first extra line that is not on the list, or that would
/// take Tor off its detour.
pub(super) fn torrc(
    paths: &Paths,
    extra: &[String],
    detour: &[String],
    owner: u32,
) -> Result<String, TorProblem> {
    let is_bad = |line: &String| {
        !may_be_set(line) || is_idle_bridge(line, extra) || (!detour.is_empty() && leads_off(line))
    };
    if let Some(bad) = extra.iter().position(is_bad) {
        return Err(TorProblem::OptionNotAllowed {
            line: bad.saturating_add(1),
        });
    }
    let (data, cookie) = (quoted(&paths.data), quoted(&paths.cookie));
    let (socks, control) = (quoted(&paths.socks), quoted(&paths.control));
    let mut text = format!(
        "DataDirectory {data}\n\
         SocksPort unix:{socks} ExtendedErrors\n\
         ControlPort unix:{control}\n\
         CookieAuthentication 1\n\
         CookieAuthFile {cookie}\n\
         ClientOnly 1\n\
         AvoidDiskWrites 1\n\
         DormantCanceledByStartup 1\n\
         DisableNetwork 1\n\
         __OwningControllerProcess {owner}\n\
         SafeLogging 1\n\
         Log notice stdout\n"
    );
    for line in extra.iter().chain(detour) {
        text.push_str(line.trim());
        text.push('\n');
    }
    Ok(text)
}

/// Whether the option decides where Tor's own connections go.
fn leads_off(line: &str) -> bool {
    const DECIDE: [&str; 4] = ["Bridge", "Socks5Proxy", "UseBridges", "UseEntryGuards"];
    let option = line.split_ascii_whitespace().next().unwrap_or_default();
    DECIDE.iter().any(|name| name.eq_ignore_ascii_case(option))
}

/// A path in Tor's quotes. Everything except plain characters becomes `\xHH`. The same text is then
/// correct as a whole value and after `unix:`, where a bare `#` would begin a comment.
fn quoted(path: &Path) -> String {
    let mut text = String::from("\"");
    for &byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/._- ".contains(&byte) {
            text.push(char::from(byte));
        } else {
            write!(text, "\\x{byte:02x}").expect("a String takes whatever is written");
        }
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_byte_by_byte() {
        for (path, expected) in [
            ("/run/user/1000/tor", r#""/run/user/1000/tor""#),
            ("/a b/c", r#""/a b/c""#),
            (r#"/a"b\c#d"#, r#""/a\x22b\x5cc\x23d""#),
            ("/ä\n", r#""/\xc3\xa4\x0a""#),
        ] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }

    #[test]
    fn extra_lines_come_last_and_only_from_the_list() {
        let paths = Paths::below(Path::new("/d"), Path::new("/r"));
        let good = [
            "DirAuthority x 127.0.0.1:1 FF".to_owned(),
            " testingtornetwork 1".to_owned(),
        ];
        let text = torrc(&paths, &good, &[], 7).unwrap();
        assert!(
            text.ends_with("DirAuthority x 127.0.0.1:1 FF\ntestingtornetwork 1\n"),
            "{text}"
        );
        assert!(text.contains("\n__OwningControllerProcess 7\n"));

        for bad in [
            "ControlPort 0.0.0.0:9051",
            "SocksPort 0.0.0.0:9050",
            "SafeLogging 0",
            "+DirAuthority x",
            "ClientTransportPlugin obfs4 exec /bin/sh",
            "%include /etc/passwd",
            "NumCPUs 1\nControlPort 9051",
            "NumCPUs 1 \\",
            "",
        ] {
            let lines = [good[0].clone(), bad.to_owned()];
            let expected = Err(TorProblem::OptionNotAllowed { line: 2 });
            assert_eq!(torrc(&paths, &lines, &[], 7), expected, "{bad:?}");
        }
    }

    #[test]
    fn nothing_leads_off_a_detour() {
        let paths = Paths::below(Path::new("/d"), Path::new("/r"));
        let detour = ["Socks5Proxy 127.0.0.1:1".to_owned()];
        for off in [
            "Socks5Proxy 127.0.0.1:2",
            " usebridges 0",
            "Bridge 192.0.2.1:1",
        ] {
            let extra = ["NumCPUs 1".to_owned(), off.to_owned()];
            let expected = Err(TorProblem::OptionNotAllowed { line: 2 });
            // A bridge alone would not be used.
            let alone = torrc(&paths, &extra, &[], 7);
            match off.starts_with("Bridge") {
                true => assert_eq!(alone, expected),
                false => assert!(alone.is_ok(), "{off}"),
            }
            assert_eq!(torrc(&paths, &extra, &detour, 7), expected, "{off}");
        }
        let text = torrc(&paths, &["NumCPUs 1".to_owned()], &detour, 7).unwrap();
        assert!(
            text.ends_with("\nNumCPUs 1\nSocks5Proxy 127.0.0.1:1\n"),
            "{text}"
        );
    }
}
