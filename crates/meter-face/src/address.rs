//! The one address of the server, and whether a request means it.

use axum::http::{HeaderMap, HeaderName, Uri, header};
use meter_wire::face::FaceCode;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};
use tokio::net::{TcpListener, TcpSocket};

/// The port unless another one is asked for.
pub const DEFAULT_PORT: u16 = 3001;

/// Connections that the kernel keeps until they are accepted; chosen arbitrarily, enough for a
/// browser and some scripts.
const BACKLOG: u32 = 64;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Listens on 127.0.0.1 and nowhere else.
///
/// # Errors
/// Another program listens there, or the system refuses.
pub fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    // The program can be started again while connections of the last one are still closing.
    socket.set_reuseaddr(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.listen(BACKLOG)
}

/// The origin of the page: `http://127.0.0.1:3001`.
#[must_use]
pub fn origin(port: u16) -> String {
    format!("http://{}", host(port))
}

fn host(port: u16) -> String {
    // A browser leaves out the port that its scheme implies.
    match port {
        80 => Ipv4Addr::LOCALHOST.to_string(),
        _ => format!("{}:{port}", Ipv4Addr::LOCALHOST),
    }
}

/// Checks that a request means this server and comes from no page of another site.
///
/// The check of `Host` keeps a page whose name was pointed at this computer (DNS rebinding) from
/// reading answers; the other two keep pages of other sites from acting.
pub(crate) fn check(port: u16, uri: &Uri, headers: &HeaderMap) -> Result<(), FaceCode> {
    if only(headers, &header::HOST) != Some(host(port).as_str()) {
        return Err(FaceCode::WrongHost);
    }
    // The form for proxies, whose host would be another one than that of the header.
    if uri.authority().is_some() {
        return Err(FaceCode::BadRequest);
    }
    let is_foreign = |name: &HeaderName, allowed: &[&str]| {
        headers.contains_key(name)
            && only(headers, name).is_none_or(|value| !allowed.contains(&value))
    };
    let own = origin(port);
    match is_foreign(&header::ORIGIN, &[&own])
        || is_foreign(&SEC_FETCH_SITE, &["same-origin", "none"])
    {
        true => Err(FaceCode::ForeignOrigin),
        false => Ok(()),
    }
}

/// The value of a header that must be there once.
pub(crate) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then(|| first.to_str().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_with(target: &str, headers: &[(&str, &str)], expected: Result<(), FaceCode>) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: HeaderName = name.parse().expect("a name");
            map.append(name, value.parse().expect("a value"));
        }
        let found = check(3001, &target.parse().expect("a target"), &map);
        assert_eq!(found, expected, "{target} {headers:?}");
    }

    #[test]
    fn h_01_only_the_one_host_is_answered() {
        check_with("/", &[("host", "127.0.0.1:3001")], Ok(()));
        for host in [
            "evil.example",
            "evil.example:3001",
            "127.0.0.1",
            "127.0.0.1:3002",
            "127.0.0.1.evil:3001",
            "127.0.0.1.evil",
            "localhost:3001",
            "[::1]:3001",
            "0.0.0.0:3001",
            "127.1:3001",
            "127.0.0.1:03001",
            "127.0.0.1.:3001",
            "",
        ] {
            check_with("/", &[("host", host)], Err(FaceCode::WrongHost));
        }
        check_with("/", &[], Err(FaceCode::WrongHost));
        let own = ("host", "127.0.0.1:3001");
        check_with("/", &[own, own], Err(FaceCode::WrongHost));
        check_with(
            "/",
            &[own, ("host", "evil.example")],
            Err(FaceCode::WrongHost),
        );
        let proxied = "http://127.0.0.1:3001/";
        check_with(proxied, &[own], Err(FaceCode::BadRequest));
    }

    #[test]
    fn h_02_a_page_of_another_origin_is_refused() {
        let own = ("host", "127.0.0.1:3001");
        check_with("/", &[own, ("origin", "http://127.0.0.1:3001")], Ok(()));
        for origin in [
            "https://evil",
            "null",
            "http://localhost:3000",
            "http://localhost:3001",
            "https://127.0.0.1:3001",
            "http://127.0.0.1",
            "http://127.0.0.1:3001/",
            "http://127.0.0.1:3001.evil",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "",
        ] {
            check_with(
                "/",
                &[own, ("origin", origin)],
                Err(FaceCode::ForeignOrigin),
            );
        }
        let twice = ("origin", "http://127.0.0.1:3001");
        check_with("/", &[own, twice, twice], Err(FaceCode::ForeignOrigin));
    }

    #[test]
    fn h_04_a_request_of_another_site_is_refused_by_what_its_browser_says() {
        let own = ("host", "127.0.0.1:3001");
        for site in ["same-origin", "none"] {
            check_with("/", &[own, ("sec-fetch-site", site)], Ok(()));
        }
        for site in ["cross-site", "same-site", "", "Same-Origin"] {
            let headers = [own, ("sec-fetch-site", site)];
            check_with("/", &headers, Err(FaceCode::ForeignOrigin));
        }
    }

    #[test]
    fn a_browser_leaves_out_port_80() {
        assert_eq!(origin(80), "http://127.0.0.1");
        assert_eq!(origin(3001), "http://127.0.0.1:3001");
    }
}
