//! An onion service inside the network.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, bail};

use super::{client::TorClient, last_words};

/// A running service. Dropping it ends the process.
#[derive(Debug)]
pub struct OnionService {
    address: String,
    _client: TorClient,
}

impl OnionService {
    /// Waits until clients can find the service of `client`. `folder` holds its keys.
    pub(super) async fn published(mut client: TorClient, folder: &Path) -> Result<Self> {
        client.wait_until_ready(LIMIT).await?;
        let address = fs::read_to_string(folder.join("hostname"))?;
        let address = address.trim().to_owned();
        let key = address.strip_suffix(".onion").context("an onion address")?;
        let waited = tokio::time::timeout(LIMIT, async {
            // `tor` has no counter for this that could be queried; only its log shows it.
            while log(&client).matches(UPLOADED).count() < UPLOADS {
                tokio::time::sleep(POLL).await;
            }
        });
        if waited.await.is_err() {
            bail!(
                "{key} is not up after {LIMIT:?}:\n{}",
                last_words(client.folder())
            );
        }
        Ok(Self {
            address,
            _client: client,
        })
    }

    /// Its name, including `.onion`. It answers on port 80.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }
}

/// The lines that make a client also a service.
pub(super) fn torrc(folder: &Path, port: u16) -> String {
    let folder = folder.display();
    format!(
        "HiddenServiceDir {folder}\nHiddenServicePort 80 127.0.0.1:{port}\nLog [rend]info stdout\n"
    )
}

fn log(client: &TorClient) -> String {
    fs::read_to_string(client.folder().join(super::LOG)).unwrap_or_default()
}

/// Name of the folder for its keys, below the folder of its `tor`.
pub(super) const FOLDER: &str = "service";
/// Two descriptors, for this period and the next, to each authority. Before all are uploaded, a
/// client may ask an authority that has none yet, and then does not ask it again for minutes.
const UPLOADS: usize = 2 * super::AUTHORITIES;
const LIMIT: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(100);
/// tor 0.4, `dirclient.c`.
const UPLOADED: &str = "Uploading hidden service descriptor: finished with status 200";
