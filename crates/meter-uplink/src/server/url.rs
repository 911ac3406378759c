//! Parses `ss://` URLs as the programs that exist write them, not only as the standard says: SIP002
//! with method and password in any base64 or plain, and the older form, which is base64 as a whole.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use percent_encoding::percent_decode_str;
use zeroize::{Zeroize as _, Zeroizing};

use super::{ServerFault, UrlPart, fault::changing, parts::Parts};

/// Options that do not change the sent bytes.
const HARMLESS: &[&str] = &[
    "outline",
    "group",
    "remarks",
    "remark",
    "tag",
    "name",
    "tfo",
    "fast-open",
    "mptcp",
    "udp",
];

/// Parses the text after `ss://`.
pub(super) fn parts_of(rest: &str) -> Result<Parts, ServerFault> {
    // The tag is a name for people and may contain anything.
    let body = rest.split_once('#').map_or(rest, |(body, _tag)| body);
    let body = body.trim();
    if body.contains(|letter: char| letter.is_control() || letter.is_whitespace())
        || lists_more(rest)
    {
        return Err(ServerFault::NotOneLine);
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
            if let Some((host, port)) = host_and_port(place)
                && (port.is_some() || !needs_port)
            {
                check_options(options)?;
                return parts(&user_part(user)?, host, port);
            }
        }
    }
    if body.contains('@') {
        return Err(ServerFault::Url(UrlPart::Server));
    }
    whole(body)
}

/// Whether another URL follows the tag.
fn lists_more(rest: &str) -> bool {
    rest.contains(['\n', '\r'])
}

/// Parses the older form: `base64(method:password@host:port)`, with options outside.
fn whole(body: &str) -> Result<Parts, ServerFault> {
    let (coded, options) = match body.split_once('?') {
        Some((coded, options)) => (coded, options),
        None => (body, ""),
    };
    check_options(options)?;
    let refused = ServerFault::Url(UrlPart::Server);
    // A slash can be part of the base64 or the URL's path. The second is tried if the first fails.
    let text = decoded(coded).or_else(|| decoded(coded.trim_end_matches('/')));
    let text = text.ok_or(refused)?;
    let (user, place) = text.rsplit_once('@').ok_or(refused)?;
    let (host, port) = host_and_port(place).ok_or(refused)?;
    parts(user, host, port)
}

fn parts(user: &str, host: &str, port: Option<&str>) -> Result<Parts, ServerFault> {
    let (method, password) = user
        .split_once(':')
        .ok_or(ServerFault::Url(UrlPart::User))?;
    let port = port.ok_or(ServerFault::NoPort)?;
    Ok(Parts {
        host: host.to_owned(),
        port: port
            .parse()
            .map_err(|_| ServerFault::Url(UrlPart::Server))?,
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
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let fits = !host.is_empty() && host.bytes().all(is_host) && port.is_none_or(is_port);
    fits.then_some((host, port))
}

fn check_options(options: &str) -> Result<(), ServerFault> {
    for option in options.split('&').filter(|option| !option.is_empty()) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        if key.eq_ignore_ascii_case("plugin") {
            if !value.is_empty() {
                return Err(ServerFault::Plugin);
            }
            continue;
        }
        let is_harmless = HARMLESS.iter().any(|name| key.eq_ignore_ascii_case(name));
        match changing(key, value) {
            Some(judged) => judged?,
            None if is_harmless || value.is_empty() => {}
            None => return Err(ServerFault::UnknownOption),
        }
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
        Ok(text) => Some(Zeroizing::new(text)),
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
