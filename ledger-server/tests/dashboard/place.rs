//! A ledger with its dashboard, and a browser that keeps a cookie.

use crate::client::{Answer, ask};
use meter_core::{
    AccountId, Challenge, CodeHash, EnrolmentRule, LedgerSigner, SessionReport, UnixMs, Verified,
};
use meter_testkit::{device::Device, loopback};
use onionmeter_ledger::{
    committer::Answer as Taken,
    dashboard::{Facts, Site, routes},
    http::{CookieName, Http, Limits, Origin, Origins, Transport, listen},
    ledger::{Claimed, Ledger, Outcome},
    store::{Place as Database, Store},
};
use std::{net::SocketAddr, path::PathBuf, sync::Arc};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) struct Place {
    pub(crate) to: SocketAddr,
    pub(crate) ledger: Arc<Ledger>,
    folder: TempDir,
    end: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::on(TempDir::new().expect("a folder"), None)
    }

    /// The same ledger after its end and another start; `held` says why it only reads.
    pub(crate) async fn restarted(self, held: Option<&str>) -> Self {
        self.end.cancel();
        self.served.await.expect("no panic").expect("served");
        self.ledger.finish();
        Self::on(self.folder, held)
    }

    /// The database.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite3")
    }

    fn on(folder: TempDir, held: Option<&str>) -> Self {
        let file = Database::File(folder.path().join("ledger.sqlite3"));
        let store = Store::open(&file).expect("a database");
        let store = match held {
            Some(why) => store.hold(why.to_owned()),
            None => store,
        };
        let signer = LedgerSigner::from_seed(&[7; 32]);
        let ledger = Ledger::start(store, signer, EnrolmentRule::Open).expect("a ledger");
        let ledger = Arc::new(ledger);
        let listener = listen(loopback::address(0)).expect("a port");
        let to = listener.local_addr().expect("its address");
        let origin: Origin = format!("http://{to}").parse().expect("an origin");
        let facts = Facts {
            name: to.to_string(),
            enrol_command: format!("onionmeter enroll {origin}"),
            vkey: "a-vkey-line".to_owned(),
            keep_reports_days: None,
            audit_every_hours: Some(24),
        };
        let cookie = CookieName::new(&origin, ledger.key());
        let http = Http::new(Origins::new(vec![origin.clone()]), Limits::default());
        let (healthy, looked) = (ledger.clone(), ledger.clone());
        let root = folder.path().to_owned();
        let watch = http.watch(
            Arc::new(move || healthy.check_health().is_ok()),
            Arc::new(move || looked.vitals(&root)),
        );
        let api = http.api_routes(ledger.clone(), &origin);
        let pages = routes(Site::new(ledger.clone(), cookie, facts, watch.clone()));
        let pages = pages
            .merge(http.state_routes(watch))
            .merge(api.expect("a host for the vkey line"));
        let end = CancellationToken::new();
        let until = end.clone().cancelled_owned();
        #[expect(
            clippy::disallowed_methods,
            reason = "the test waits for it in `ended`"
        )]
        let served = tokio::spawn(async move {
            let transport = Transport::default();
            http.serve(listener, transport, pages, until).await
        });
        Self {
            to,
            ledger,
            folder,
            end,
            served,
        }
    }

    /// A device in a new account.
    pub(crate) fn enrolled(&self, number: u64) -> (Device, AccountId) {
        let device = Device::numbered(number);
        let account = self.enrol(&device);
        (device, account)
    }

    /// Another device in an account.
    pub(crate) fn joined(&self, number: u64, account: AccountId) -> Device {
        let device = Device::numbered(number);
        let code = self.ledger.invite(Some(account), 60_000).expect("a code").0;
        assert_eq!(self.enrol_with(&device, Some(code.hash())), account);
        device
    }

    fn enrol(&self, device: &Device) -> AccountId {
        self.enrol_with(device, None)
    }

    fn enrol_with(&self, device: &Device, code: Option<CodeHash>) -> AccountId {
        let mut challenge = [0; 32];
        getrandom::fill(&mut challenge).expect("random numbers");
        let statement = device.enrolment(self.ledger.key(), Challenge(challenge), code);
        let far = UnixMs::new(9_000_000_000_000).expect("a small time");
        self.ledger
            .enrol(&statement, far)
            .expect("enrolled")
            .account
    }

    /// Submits reports of which each is accepted.
    pub(crate) async fn take(&self, reports: &[Verified<SessionReport>]) {
        let claims = reports.iter().map(|report| Claimed {
            report: report.signed().clone(),
            receipt: None,
        });
        for outcome in self.ledger.submit(claims.collect(), |_| true).await {
            assert!(
                matches!(outcome, Outcome::Answered(Taken::Accepted(_))),
                "{outcome:?}"
            );
        }
    }

    /// The address of a new sign-in link.
    pub(crate) fn link(&self, of: Option<(AccountId, &Device)>) -> String {
        let of = of.map(|(account, device)| (account, device.key()));
        let login = self.ledger.new_login(of).expect("a link");
        format!("/login/{}", login.token.text())
    }

    /// A browser that is signed in.
    pub(crate) async fn signed_in(&self, of: Option<(AccountId, &Device)>) -> Browser {
        let mut browser = self.browser();
        let answer = browser.post(&self.link(of), "").await;
        assert_eq!(answer.status, 303);
        browser
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser {
            to: self.to,
            cookie: None,
        }
    }

    pub(crate) async fn ended(self) {
        self.end.cancel();
        self.served.await.expect("no panic").expect("served");
        self.ledger.finish();
    }
}

pub(crate) struct Browser {
    pub(crate) to: SocketAddr,
    pub(crate) cookie: Option<String>,
}

impl Browser {
    async fn ask(&mut self, method: &str, path: &str, body: Option<&str>) -> Answer {
        let to = self.to;
        let cookie = self
            .cookie
            .iter()
            .map(|cookie| format!("Cookie: {cookie}\r\n"));
        let cookie: String = cookie.collect();
        let form = body.map(|body| {
            format!(
                "Origin: http://{to}\r\nSec-Fetch-Site: same-origin\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
                body.len()
            )
        });
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {to}\r\nAccept: text/html,*/*;q=0.8\r\n\
             {cookie}{}\r\n{}",
            form.unwrap_or_default(),
            body.unwrap_or_default()
        );
        let answer = ask(to, head).await;
        if let Some(set) = answer.header("set-cookie") {
            let pair = set.split(';').next().unwrap_or_default();
            let is_kept = !pair.ends_with('=');
            self.cookie = is_kept.then(|| pair.to_owned());
        }
        answer
    }

    /// Submits one report as JSON.
    pub(crate) async fn submit(&mut self, body: &[u8], signature: &[u8]) -> Answer {
        let (body, signature) = (hex::encode(body), hex::encode(signature));
        let text = format!("{{\"body\":\"{body}\",\"signature\":\"{signature}\"}}");
        let head = format!(
            "POST /api/sessions/submit HTTP/1.1\r\nHost: {}\r\nContent-Type: \
             application/json\r\nContent-Length: {}\r\n\r\n{text}",
            self.to,
            text.len()
        );
        ask(self.to, head).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, None).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, Some(body)).await
    }

    /// A page that is there.
    pub(crate) async fn page(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        text(&answer)
    }
}

pub(crate) fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("UTF-8")
}
