//! Parses `ss://` URLs as the programs that exist write them, not only as the standard says: SIP002
//! with method and password in any base64 or plain, and the older form, which is base64 as a whole.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode_str;
use zeroize::{Zeroize as _, Zeroizing};

use super::{ServerFault, UrlPart, options, parts::Parts};

/// A URL that was written with percent signs throughout, or that the address of a page carries
/// behind its `#`, as Outline invites people, as itself; any other text unchanged.
pub(super) fn out_of_a_link(text: &str) -> Zeroizing<String> {
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    let is_page = lower.starts_with("https://") || lower.starts_with("http://");
    let carried = is_page.then(|| lower.find('#')).flatten();
    // The letters before would make it a link of another kind, such as `vless://`.
    let begins = |at: usize| match carried {
        Some(mark) => at > mark && !text_before(&lower, at).ends_with(char::is_alphanumeric),
        None => at == 0,
    };
    let find = |scheme| {
        lower
            .match_indices(scheme)
            .map(|(at, _)| at)
            .find(|at| begins(*at))
    };
    let coded = find("ss%3a%2f%2f");
    let link = coded
        .or_else(|| find("ss://"))
        .and_then(|at| text.get(at..));
    Zeroizing::new(match (link, coded) {
        (Some(link), Some(_)) => percent_decode_str(link).decode_utf8_lossy().into_owned(),
        (Some(link), None) => link.to_owned(),
        (None, _) => text.to_owned(),
    })
}

/// What stands behind `ss://`.
pub(super) fn parts_of(rest: &str) -> Result<Parts, ServerFault> {
    // The tag is a name for people, and holds whatever they like but another server.
    let (body, tag) = rest.split_once('#').unwrap_or((rest, ""));
    let lower = Zeroizing::new(body.to_ascii_lowercase());
    if lower.contains("ss://") || holds_a_link(tag) {
        return Err(ServerFault::Several);
    }
    if rest.contains(['\n', '\r']) {
        return Err(ServerFault::NotOneLine);
    }
    let body: String = body
        .trim()
        .chars()
        .filter(|letter| !is_invisible(*letter))
        .collect();
    let body = Zeroizing::new(body);
    let body = body.trim_end_matches([',', ';']);
    let is_odd = |letter: &char| letter.is_control() || letter.is_whitespace();
    if let Some(letter) = body.chars().find(is_odd) {
        return Err(ServerFault::Character(letter));
    }
    // Split from the right, because a plain password may contain an `@`. Options may contain one,
    // too, so an address without a port is used only if no other split fits.
    let splits = || {
        body.rmatch_indices('@')
            .map(|(at, _)| (text_before(body, at), text_after(body, at)))
    };
    for needs_port in [true, false] {
        for (user, server) in splits() {
            let (place, options) = place_and_options(server);
            let place = percent_decode_str(place).decode_utf8_lossy();
            if let Some((host, port)) = host_and_port(&place)
                && (port.is_some() || !needs_port)
            {
                check_options(options)?;
                return parts(&user_part(user)?, host, port);
            }
        }
    }
    if let Some((_, server)) = body.rsplit_once('@') {
        // An IPv6 address that runs into its port.
        let is_wide = |letter: &char| matches!(letter, '\u{3002}' | '\u{ff01}'..='\u{ff61}');
        if let Some(letter) = server.chars().find(is_wide) {
            return Err(ServerFault::Character(letter));
        }
        let runs_on = server.matches(':').count() > 1 && !server.contains('[');
        return Err(if runs_on {
            ServerFault::Address
        } else {
            ServerFault::Url(UrlPart::Server)
        });
    }
    if tag.contains('@') && body.contains(':') {
        return Err(ServerFault::Hash);
    }
    whole(body)
}

/// Whether an `ss://` link begins in a tag, and not the end of another address, such as `bss://`.
fn holds_a_link(tag: &str) -> bool {
    let lower = Zeroizing::new(tag.to_ascii_lowercase());
    let is_of_address =
        |letter: char| letter.is_ascii_alphanumeric() || "+-._~/:@%=&?".contains(letter);
    lower
        .match_indices("ss://")
        .any(|(at, _)| !text_before(&lower, at).ends_with(is_of_address))
}

/// Marks without width that copying leaves in a link.
pub(super) const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
    )
}

/// Parses the older form: `base64(method:password@host:port)`, with options outside.
fn whole(body: &str) -> Result<Parts, ServerFault> {
    let (coded, options) = match body.split_once('?') {
        Some((coded, options)) => (coded, options),
        None => (body, ""),
    };
    check_options(options)?;
    // An address alone: what stands before its @ is missing.
    let (place, _) = place_and_options(body);
    if place.contains(['.', '[']) && host_and_port(place).is_some() {
        return Err(ServerFault::Url(UrlPart::User));
    }
    let refused = ServerFault::Url(UrlPart::Server);
    // A slash may be part of base64 or the path's; the path is tried second.
    let text = decoded(coded).or_else(|| decoded(coded.trim_end_matches('/')));
    let text = text.ok_or(refused)?;
    // Some programs code the tag as well, which may hold an @ of its own.
    for needs_port in [true, false] {
        for (at, _) in text.rmatch_indices('@') {
            let place = text_after(&text, at);
            let (place, _tag) = place.split_once('#').unwrap_or((place, ""));
            if let Some((host, port)) = host_and_port(place)
                && (port.is_some() || !needs_port)
            {
                return parts(text_before(&text, at), host, port);
            }
        }
    }
    Err(refused)
}

fn parts(user: &str, host: &str, port: Option<&str>) -> Result<Parts, ServerFault> {
    let (method, password) = user
        .split_once(':')
        .ok_or(ServerFault::Url(UrlPart::User))?;
    let port = port.ok_or(ServerFault::NoPort)?;
    Ok(Parts {
        host: host.to_owned(),
        port: port.parse().map_err(|_| ServerFault::Port)?,
        method: method.to_owned(),
        password: Zeroizing::new(password.to_owned()),
    })
}

/// Parses `method:password`, plain with percent signs or in base64.
fn user_part(user: &str) -> Result<Zeroizing<String>, ServerFault> {
    let plain = percent_decode_str(user).decode_utf8();
    let plain = plain.map_err(|_| ServerFault::Url(UrlPart::User))?;
    if user.contains(':') {
        return Ok(Zeroizing::new(plain.into_owned()));
    }
    let refused = ServerFault::Url(UrlPart::User);
    let text = decoded(&plain).ok_or(refused)?;
    if text.contains(':') {
        Ok(text)
    } else {
        Err(refused)
    }
}

/// Splits `host:port`, without the path that some programs write, from the options.
fn place_and_options(server: &str) -> (&str, &str) {
    let (place, options) = server.split_once('?').unwrap_or((server, ""));
    (place.trim_end_matches('/'), options)
}

/// Splits host and port, if there is a port. `None` if the text is neither.
fn host_and_port(place: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = place.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let port = rest.strip_prefix(':').filter(|port| !port.is_empty());
        return (rest.is_empty() || rest.starts_with(':')).then_some((host, port));
    }
    let (host, port) = match place.split_once(':') {
        Some((host, port)) => (host, Some(port).filter(|port| !port.is_empty())),
        None => (place, None),
    };
    // Names in any script, so that one is refused as a name; a wrong port is refused as a port.
    let is_host = |letter: char| letter.is_alphanumeric() || "-._".contains(letter);
    let is_port = |port: &str| {
        port.bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    let fits = !host.is_empty() && host.chars().all(is_host) && port.is_none_or(is_port);
    fits.then_some((host, port))
}

fn check_options(options: &str) -> Result<(), ServerFault> {
    for option in options
        .split(['&', ';'])
        .filter(|option| !option.is_empty())
    {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        let key = percent_decode_str(key).decode_utf8_lossy();
        options::judge(&key, value)?;
    }
    Ok(())
}

/// Decodes text from base64 with either alphabet, with or without padding.
fn decoded(coded: &str) -> Option<Zeroizing<String>> {
    const LAX: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let alphabet = if coded.contains(['-', '_']) {
        URL_SAFE
    } else {
        STANDARD
    };
    let bytes = GeneralPurpose::new(&alphabet, LAX).decode(coded).ok()?;
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            // `echo` on a command line codes the end of its line, too.
            text.truncate(text.trim_end_matches(['\n', '\r']).len());
            Some(Zeroizing::new(text))
        }
        Err(error) => {
            error.into_bytes().zeroize();
            None
        }
    }
}

fn text_before(text: &str, at: usize) -> &str {
    text.get(..at).unwrap_or_default()
}

fn text_after(text: &str, at: usize) -> &str {
    text.get(at.saturating_add(1)..).unwrap_or_default()
}
