//! A page that Firefox left open when it ended the extension to start it again, as it does to one
//! of some twenty that were just loading on a busy machine. That does not come on demand, so
//! Firefox is made to forget its side of a page.

use super::{LIMIT, Show};

/// In Firefox itself: it forgets its side of the options.
const FORGET: &str = "const { extension } = WebExtensionPolicy.getByHostname(args[0]);
    const left = [...extension.views].filter((view) => view.uri.spec.endsWith('/options.html'));
    for (const view of left) view.unload();
    return left.length";

const ANEW: &str = "return document.documentElement.dataset.left === undefined
    && !document.getElementById('options').hidden";

impl Show {
    pub(crate) async fn a_page_that_the_browser_left_behind_loads_itself_anew(&self) {
        let path = "options/options.html";
        self.browser.open_extension_page(path).await.unwrap();
        let mark = "document.documentElement.dataset.left = ''";
        self.browser.call(mark, vec![]).await.unwrap();
        let origin = self.browser.extension_origin().unwrap();
        let host = origin.trim_start_matches("moz-extension://");
        let forgot = self.browser.privileged(FORGET, vec![host.into()]).await;
        assert_eq!(forgot.unwrap(), 1);
        self.browser.wait_until(LIMIT, ANEW).await.unwrap();
        self.browser.close_tab(&self.popup.tab).await.unwrap();
    }
}
