//! Tells a page from the browser's own error page.

/// Where a navigation ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Landed {
    /// On a page that a server sent.
    Page,
    /// On the browser's error page. The reason is the browser's own name for it, such as
    /// `ERR_PROXY_CONNECTION_FAILED` or `proxyConnectFailure`.
    NetworkError(String),
}

/// Finds the browser's reason in the text with which its driver reports a failed navigation.
pub(crate) fn network_error(failure: &str) -> Option<String> {
    [CHROMIUM_FAILURE, FIREFOX_ERROR, FIREFOX_CERTIFICATE]
        .into_iter()
        .find_map(|before| {
            let (_, reason) = failure.split_once(before)?;
            let word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
            let reason: String = reason.chars().take_while(word).collect();
            (!reason.is_empty()).then_some(reason)
        })
}

/// The reason in the reply to [`WHAT_IS_SHOWN`].
pub(crate) fn shown_error(shown: &str) -> Option<String> {
    let reason = network_error(shown);
    // A Chromium error page without a reason is still an error page.
    reason.or_else(|| {
        shown
            .starts_with(CHROMIUM_ERROR_PAGE)
            .then(|| "unknown".to_owned())
    })
}

/// A script that returns the page's true address, and on Chromium's error page its reason.
pub(crate) const WHAT_IS_SHOWN: &str = "
    const code = document.querySelector('#main-frame-error .error-code')?.textContent ?? '';
    return document.documentURI + ' net::' + code.trim();
";

const CHROMIUM_ERROR_PAGE: &str = "chrome-error://";
/// chromedriver: "unknown error: net::ERR_…".
const CHROMIUM_FAILURE: &str = "net::";
/// geckodriver: "Reached error page: about:neterror?e=…".
const FIREFOX_ERROR: &str = "about:neterror?e=";
const FIREFOX_CERTIFICATE: &str = "about:certerror?e=";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read_from_both_drivers() {
        for (failure, reason) in [
            (
                "unknown error: net::ERR_PROXY_CONNECTION_FAILED\n  (Session",
                "ERR_PROXY_CONNECTION_FAILED",
            ),
            (
                "Reached error page: about:neterror?e=proxyConnectFailure&u=http",
                "proxyConnectFailure",
            ),
            (
                "Reached error page: about:certerror?e=nssBadCert&u=",
                "nssBadCert",
            ),
        ] {
            assert_eq!(network_error(failure).as_deref(), Some(reason));
        }
        assert_eq!(network_error("no such window"), None);
    }

    #[test]
    fn an_ordinary_page_shows_no_error() {
        assert_eq!(shown_error("http://site.test:1/ net::"), None);
        assert_eq!(
            shown_error("chrome-error://chromewebdata/ net::").as_deref(),
            Some("unknown")
        );
    }
}
