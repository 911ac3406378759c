//! The end of the demo: two hosts, one ledger that is an onion service, and one number that is read
//! in five places.

use crate::{
    enrol,
    face::Face,
    host::Host,
    ledger::Ledger,
    popup::Popup,
    stage::{QUICK, Stage, tor_section},
};
use anyhow::{Context as _, Result, ensure};
use meter_core::{Amount, Backend, credits_exact};
use meter_testkit::{
    browser::{Browser, Kind, LaunchOptions, Size},
    ports::HeldPort,
    socks,
    tor_network::{ClientPorts, OnionService, TorClient},
};
use meter_wire::{Sending, Status};
use std::{path::Path, process::Command, time::Duration};

/// Enough relays for clients of onion services.
pub const RELAYS: usize = 4;
/// The settings of a host: short sessions, which are sent at once.
#[must_use]
pub fn settings() -> String {
    format!("{QUICK}[ledger]\ndelay_max_s = 0\n")
}

const LIMIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(500);
const PAGE: Size = Size {
    width: 1_000,
    height: 900,
};

/// A ledger, and two hosts that are enrolled there: the stage's, and one without a browser.
pub struct Credit {
    ledger: Ledger,
    onion: OnionService,
    account: String,
    second: Host,
    /// A Tor that neither of the hosts uses, for the browser that looks at the ledger.
    reader: TorClient,
}

/// One number as five places show it, in credits.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Numbers {
    /// What the popup shows.
    pub popup: String,
    /// What the ledger's own page shows.
    pub page: String,
    /// `GET /api/sessions/balance/ID` of the ledger.
    pub balance: String,
    /// The sum of the sessions in the ledger's CSV, added up here.
    pub csv: String,
    /// The ledger's books, after `audit` has recomputed them.
    pub audit: String,
}

impl Numbers {
    /// Each with the name of its place.
    #[must_use]
    pub fn named(&self) -> [(&'static str, &str); 5] {
        [
            ("the popup", &self.popup),
            ("the ledger's page", &self.page),
            ("GET /api/sessions/balance/ID", &self.balance),
            ("the sum of the CSV", &self.csv),
            ("audit", &self.audit),
        ]
    }

    /// Whether all are the same.
    #[must_use]
    pub fn agree(&self) -> bool {
        self.named().iter().all(|(_, number)| *number == self.popup)
    }
}

impl Credit {
    /// Starts the ledger and the second host, and enrols both hosts. The stage's Tor must be ready.
    ///
    /// # Errors
    /// Something does not start, or the ledger is not reached.
    pub async fn begin(stage: &Stage) -> Result<Self> {
        let port = HeldPort::take()?;
        let onion = stage.network.start_onion_service(port.number()).await?;
        let name = onion.address().to_owned();
        let ledger = Ledger::start(port, &[format!("http://{name}")])?;
        let reader = stage.network.start_client(ClientPorts::hold()?)?;
        let (tor, _) = tor_section(&stage.network, Backend::Managed)?;
        let mut second = Host::start(&format!("{}{tor}", settings()))?;
        second.wait_until_ready(LIMIT).await?;
        let enrol = ["enroll", &name, "--yes", "--json", "--key", ledger.vkey()];
        enrol::until_reached(|| second.run(&enrol))?;
        let enrolled = enrol::until_reached(|| stage.run(&enrol))?;
        let enrolled: serde_json::Value = serde_json::from_str(&enrolled)?;
        let account = enrolled["account"].as_str().context("no account")?;
        Ok(Self {
            account: account.to_owned(),
            ledger,
            onion,
            second,
            reader,
        })
    }

    /// The second host browses until one session is signed and credited.
    ///
    /// # Errors
    /// It is not in time.
    pub async fn second_earns(&mut self, stage: &Stage) -> Result<String> {
        let port = stage.site.port();
        let stream = socks::connect(self.second.relay(), "site.test", port).await?;
        socks::get(stream, "site.test", "/bytes/150000").await?;
        let status = self.second.run(&["status", "--json"])?;
        let mut last: Status = serde_json::from_str(&status)?;
        let deadline = tokio::time::Instant::now() + LIMIT;
        while last.reports.0 == 0 || !is_credited(&last) {
            ensure!(tokio::time::Instant::now() < deadline, "{last:?}");
            tokio::time::sleep(POLL).await;
            last = serde_json::from_str(&self.second.run(&["status", "--json"])?)?;
        }
        credited(&last)
    }

    /// Waits until nothing of the stage's host waits, and reads its number in five places. Pictures
    /// of the ledger's page and of the local dashboard go to `folder`.
    ///
    /// # Errors
    /// A place does not show it, or `audit` finds something.
    pub async fn numbers(
        &mut self,
        stage: &Stage,
        browser: &Browser,
        popup: &Popup,
        folder: &Path,
    ) -> Result<Numbers> {
        let settled = |status: &Status| status.session.is_none() && is_credited(status);
        let status = stage.wait_for(LIMIT, settled).await?;
        let daemon = credited(&status)?;
        let popup = in_popup(browser, popup, &daemon).await?;
        self.dashboard(stage, folder).await?;
        self.reader.wait_until_ready(LIMIT).await?;
        let [page, balance, csv] = self.in_ledger(stage, folder).await?;
        self.ledger.run(&["audit"])?;
        let told = self
            .ledger
            .run(&["account", "show", &self.account, "--json"])?;
        let told: serde_json::Value = serde_json::from_str(&told)?;
        let audit = told["credits"].as_str().context("no credits")?.to_owned();
        Ok(Numbers {
            popup,
            page,
            balance,
            csv,
            audit,
        })
    }

    /// Signs a browser without the extension in at the ledger, through Tor, and reads its page.
    async fn in_ledger(&self, stage: &Stage, folder: &Path) -> Result<[String; 3]> {
        let profile = stage.user().join("reader");
        let mut options = LaunchOptions::new(&stage.user(), &profile);
        options.socks_proxy = Some(self.reader.socks());
        let browser = Browser::launch(Kind::Chromium, &options).await?;
        let login: serde_json::Value = serde_json::from_str(&stage.run(&["login", "--json"])?)?;
        let link = login["link"].as_str().context("no link")?;
        browser.goto(link).await?;
        let words = login["words"].to_string();
        let shown = browser.text().await?;
        let words_shown = words
            .split(['"', '[', ']', ',', ' '])
            .all(|word| shown.contains(word));
        ensure!(words_shown, "not the words {words}: {shown}");
        let press = "document.querySelector('form button.primary').click()";
        browser.call(press, Vec::new()).await?;
        let figure = "const figure = document.querySelector('.hero .figure data');
            return figure && figure.value";
        let page = browser.wait_until(LIMIT, figure).await?;
        browser.screenshot(&folder.join("ledger.png"), PAGE).await?;
        let cookie = cookie(&browser).await?;
        browser.close().await;
        let balance = format!("/api/sessions/balance/{}", self.account);
        let balance: serde_json::Value = serde_json::from_str(&self.get(&balance, &cookie)?)?;
        let balance = balance["credited"]
            .as_str()
            .context("no balance")?
            .parse()?;
        let csv = self.get("/sessions.csv", &cookie)?;
        Ok([
            page.as_str().unwrap_or_default().to_owned(),
            credits(balance)?,
            credits(sum_of_csv(&csv)?)?,
        ])
    }

    /// What the ledger answers to who is signed in, through Tor.
    fn get(&self, target: &str, cookie: &str) -> Result<String> {
        let output = Command::new("curl")
            .args(["--silent", "--show-error", "--fail", "--max-time", "90"])
            .args(["--socks5-hostname", &self.reader.socks().to_string()])
            .args(["--header", &format!("Cookie: {cookie}")])
            .arg(format!("http://{}{target}", self.onion.address()))
            .output()?;
        let error = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{target}: {error}");
        Ok(String::from_utf8(output.stdout)?)
    }

    /// A picture of the local dashboard of `onionmeter serve`, in a browser without the extension.
    async fn dashboard(&self, stage: &Stage, folder: &Path) -> Result<()> {
        let face = Face::start(&stage.home(), &stage.user())?;
        let port = face.port().to_string();
        let link = stage.run(&["serve", "--link", "--port", &port, "--json"])?;
        let link: serde_json::Value = serde_json::from_str(&link)?;
        let profile = stage.user().join("dashboard");
        let options = LaunchOptions::new(&stage.user(), &profile);
        let browser = Browser::launch(Kind::Chromium, &options).await?;
        browser
            .goto(link["link"].as_str().context("no link")?)
            .await?;
        let drawn = "return !document.getElementById('dashboard').hidden
            && document.querySelectorAll('[data-testid=session-row]').length > 0";
        browser
            .wait_until(LIMIT, drawn)
            .await
            .context("the program has no page; docs/testing.md says how to build it with one")?;
        browser
            .screenshot(&folder.join("dashboard.png"), PAGE)
            .await?;
        browser.close().await;
        Ok(())
    }
}

/// The cookie of a browser that is signed in. No script of a page gets it.
async fn cookie(browser: &Browser) -> Result<String> {
    let all = browser
        .cdp("Network.getCookies", serde_json::json!({}))
        .await?;
    let all = all["cookies"].as_array().context("no cookies")?;
    let named = |one: &&serde_json::Value| {
        one["name"]
            .as_str()
            .is_some_and(|name| name.contains("onionmeter-"))
    };
    let one = all
        .iter()
        .find(named)
        .context("the browser is not signed in")?;
    let (name, value) = (one["name"].as_str(), one["value"].as_str());
    Ok(format!(
        "{}={}",
        name.context("a name")?,
        value.context("a value")?
    ))
}

/// What the popup shows as credited, once that is what the daemon says.
async fn in_popup(browser: &Browser, popup: &Popup, daemon: &str) -> Result<String> {
    let shows = format!(
        "const node = document.querySelector('[data-testid=ledger-credited]');
         return node.title.startsWith('{daemon}') && node.title"
    );
    let shown = popup.wait_until(browser, LIMIT, &shows).await?;
    let shown = shown.as_str().unwrap_or_default();
    Ok(shown.split(' ').next().unwrap_or_default().to_owned())
}

fn is_credited(status: &Status) -> bool {
    status.ledger.as_ref().is_some_and(|ledger| {
        ledger.waiting_reports.0 == 0 && ledger.sending == Sending::Idle && ledger.credited.0 > 0
    })
}

fn credited(status: &Status) -> Result<String> {
    let ledger = status.ledger.as_ref().context("not enrolled")?;
    credits(ledger.credited.0)
}

fn credits(nanocredits: u64) -> Result<String> {
    Ok(credits_exact(Amount::new(nanocredits).context("too much")?))
}

/// Adds the credited amounts of all sessions, and compares them with the file's own sum.
fn sum_of_csv(text: &str) -> Result<u64> {
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| {
            let line = line.strip_prefix('"').unwrap_or(line);
            let line = line.strip_suffix('"').unwrap_or(line);
            line.split("\",\"").collect()
        })
        .collect();
    let [head, sessions @ .., sum] = rows.as_slice() else {
        anyhow::bail!("no sessions: {text}");
    };
    let column = head.iter().position(|name| name.starts_with("credited"));
    let column = column.context("no such column")?;
    let read = |row: &Vec<&str>| nanocredits(row.get(column).copied().unwrap_or_default());
    let added = sessions.iter().map(read).sum::<Result<u64>>()?;
    ensure!(
        added == read(sum)?,
        "the file's own sum is another one: {text}"
    );
    Ok(added)
}

/// An exact decimal number of credits, in nanocredits.
fn nanocredits(text: &str) -> Result<u64> {
    let (whole, part) = text.split_once('.').context("no point")?;
    ensure!(part.len() <= 9, "{text}");
    Ok(format!("{whole}{part:0<9}").parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_a_csv_is_added_up_from_its_sessions() {
        let text = "\"received\",\"credited (credits)\",\"reasons\"\r\n\
                    \"2026\",\"4.575\",\"\"\r\n\"2026\",\"0.000000001\",\"\"\r\n\
                    \"sum\",\"4.575000001\",\"\"\r\n";
        assert_eq!(sum_of_csv(text).ok(), Some(4_575_000_001));
        assert!(sum_of_csv(&text.replace("4.575000001", "4.6")).is_err());
    }
}
