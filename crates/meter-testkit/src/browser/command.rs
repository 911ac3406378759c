//! WebDriver commands beyond the standard, as each driver documents them.

use fantoccini::wd::WebDriverCompatibleCommand;
use serde_json::Value;

/// A POST to a path under the session.
#[derive(Debug)]
pub(crate) struct Command {
    path: &'static str,
    body: Value,
}

impl Command {
    /// chromedriver: one command of the DevTools protocol.
    pub(crate) fn devtools(body: Value) -> Self {
        Self {
            path: "goog/cdp/execute",
            body,
        }
    }

    /// geckodriver: installs an add-on.
    pub(crate) fn install_addon(body: Value) -> Self {
        Self {
            path: "moz/addon/install",
            body,
        }
    }

    /// geckodriver: whether scripts run in the page or in Firefox itself.
    pub(crate) fn context(body: Value) -> Self {
        Self {
            path: "moz/context",
            body,
        }
    }
}

impl WebDriverCompatibleCommand for Command {
    fn endpoint(
        &self,
        base_url: &url::Url,
        session_id: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base_url.join(&format!(
            "session/{}/{}",
            session_id.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _request_url: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.body.to_string()))
    }
}
