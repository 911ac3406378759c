//! The page for a person: files that hold no data and need no token.

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};

include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// One file of the page.
#[derive(Clone, Copy, Debug)]
pub struct PageFile {
    /// Its path below the server's root; empty for the page itself.
    pub path: &'static str,
    /// Its content.
    pub bytes: &'static [u8],
}

/// All files of the page; none in a program that was built without them.
#[derive(Clone, Copy, Debug)]
pub struct Page(pub &'static [PageFile]);

impl Page {
    /// The answer for a path, with its leading slash. `None`: it is no file of the page.
    pub(crate) fn answer(&self, path: &str) -> Option<Response> {
        let path = path.strip_prefix('/')?;
        let file = self.0.iter().find(|file| file.path == path);
        match file {
            Some(file) => Some(of_bytes(file.bytes, media_type(path))),
            None if path.is_empty() => Some(of_bytes(WITHOUT_PAGE.as_bytes(), media_type(path))),
            None => None,
        }
    }
}

fn of_bytes(bytes: &'static [u8], media_type: &'static str) -> Response {
    let headers: [(HeaderName, HeaderValue); 2] = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(OWN_FILES_ONLY),
        ),
    ];
    (StatusCode::OK, headers, Body::from(bytes)).into_response()
}

/// Only files of this server, and only requests to it. The last word lets the page compile its own
/// Wasm module; it allows no `eval`.
const OWN_FILES_ONLY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("wasm") => "application/wasm",
        Some("png") => "image/png",
        Some("svg") => "image/svg+xml",
        Some(_) | None => "text/html; charset=utf-8",
    }
}

const WITHOUT_PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
    <title>Onionmeter</title><p>This program was built without its page. \
    <code>./build.sh build</code> builds one that has it. Everything below <code>/api</code> \
    works.</p></html>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_the_page_says_so_and_gives_nothing_else() {
        let page = Page(&[]);
        assert!(page.answer("/").is_some());
        for path in ["", "/x", "//", "/../x", "/api"] {
            assert!(page.answer(path).is_none(), "{path}");
        }
    }
}
