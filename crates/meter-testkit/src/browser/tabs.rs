//! Tabs: opening, switching, closing.

use anyhow::{Context, Result, bail};
use fantoccini::wd::WindowHandle;

use super::{Browser, Landed};

/// A tab of a [`Browser`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tab(WindowHandle);

impl Browser {
    /// The tab that commands go to.
    ///
    /// # Errors
    /// It was closed, or the driver failed.
    pub async fn current_tab(&self) -> Result<Tab> {
        Ok(Tab(self.client.window().await?))
    }

    /// All tabs of all windows.
    ///
    /// # Errors
    /// The driver failed.
    pub async fn tabs(&self) -> Result<Vec<Tab>> {
        Ok(self.client.windows().await?.into_iter().map(Tab).collect())
    }

    /// Opens an empty tab and makes it current.
    ///
    /// # Errors
    /// The driver failed.
    pub async fn open_tab(&self) -> Result<Tab> {
        let tab = Tab(self.client.new_window(true).await?.handle);
        self.switch_to(&tab).await?;
        Ok(tab)
    }

    /// Makes a tab current.
    ///
    /// # Errors
    /// It was closed, or the driver failed.
    pub async fn switch_to(&self, tab: &Tab) -> Result<()> {
        Ok(self.client.switch_to_window(tab.0.clone()).await?)
    }

    /// Closes the current tab and makes `next` current. Closing the last one ends the browser.
    ///
    /// # Errors
    /// `next` was closed, or the driver failed.
    pub async fn close_tab(&self, next: &Tab) -> Result<()> {
        self.client.close_window().await?;
        self.switch_to(next).await
    }

    /// Opens a page of the extension in a new tab and makes that tab current. `path` is relative to
    /// the extension's folder.
    ///
    /// # Errors
    /// There is no extension, it has no such page, or the driver failed.
    pub async fn open_extension_page(&self, path: &str) -> Result<Tab> {
        let url = format!("{}/{path}", self.extension_origin()?);
        let tab = self.open_tab().await?;
        match self.goto(&url).await? {
            Landed::Page => Ok(tab),
            Landed::NetworkError(reason) => bail!("the extension has no page {path}: {reason}"),
        }
    }

    /// `chrome-extension://…` or `moz-extension://…`, without a slash at the end.
    ///
    /// # Errors
    /// The browser was started without an extension.
    pub fn extension_origin(&self) -> Result<&str> {
        self.extension_origin
            .as_deref()
            .context("the browser was started without an extension")
    }
}
