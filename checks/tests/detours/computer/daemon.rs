//! The daemon on a computer that can sleep.

use super::{ADDRESS, Computer, LOOPBACK_OF_PLACE};
use crate::{
    LIMIT, World,
    place::{Place, Way, reload},
};
use checks::reports::Reports;
use meter_core::Backend;
use meter_wire::{ReportsFile, Status};
use serde::de::DeserializeOwned;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// A daemon, named by its backend.
pub(crate) struct Daemon(pub(crate) Backend);

impl Daemon {
    fn home(&self) -> String {
        format!("/home/{}", self.0.name())
    }

    fn relay(&self) -> u16 {
        9_149 + self.0 as u16
    }

    /// The port at which its relay can be reached from outside; the relay itself listens for the
    /// computer only.
    pub(crate) fn port(&self) -> u16 {
        9_000 + self.0 as u16
    }

    /// Makes its home, with a `config.toml` that has these lines and what its Tor needs here.
    pub(crate) async fn settle(
        &self,
        computer: &Computer,
        (world, place): (&World, &Place),
        config: &str,
    ) {
        let door = place.door.replace("127.0.0.1", LOOPBACK_OF_PLACE);
        let tor = Place::config(world, self.0, Way::Bridge, &door);
        // Tor is told which address it may connect from. It is not loopback here.
        let from = |address| format!("OutboundBindAddress {address}");
        let tor = tor.replace(&from("127.0.0.1"), &from(ADDRESS));
        let (home, relay) = (self.home(), self.relay());
        let script = format!(
            "mkdir -m 700 {home}
cat >{home}/config.toml <<'END'
{config}[relay]
port = {relay}
{tor}
END"
        );
        assert_eq!(computer.shell(&script).await, "");
    }

    pub(crate) async fn start(&self, computer: &Computer) {
        let (home, relay, port) = (self.home(), self.relay(), self.port());
        let script = format!(
            "ONIONMETER_HOME={home} HOME=/root onionmeter daemon </dev/null >{home}.said 2>&1 &
nc -ll -p {port} -e nc 127.0.0.1 {relay} </dev/null >/dev/null 2>&1 &"
        );
        assert_eq!(computer.shell(&script).await, "");
    }

    /// Waits until a status is as wanted, and returns it.
    pub(crate) async fn until(
        &self,
        computer: &Computer,
        wanted: impl Fn(&Status) -> bool,
    ) -> Status {
        let found = async {
            loop {
                let status = self.tells(computer, "status").await;
                if let Some(status) = status.filter(&wanted) {
                    break status;
                }
                sleep(POLL).await;
            }
        };
        match timeout(LIMIT, found).await {
            Ok(status) => status,
            Err(_) => panic!("{}", self.log(computer).await),
        }
    }

    pub(crate) async fn browse(&self, computer: &Computer, world: &World) {
        reload(&computer.socket(self.port()), &world.site, PATIENCE).await;
    }

    pub(crate) async fn log(&self, computer: &Computer) -> String {
        let home = self.home();
        computer
            .shell(&format!("cat {home}.said {home}/log/onionmeter.log"))
            .await
    }

    /// Lowers the thresholds, so that the open session closes when it has lasted ten seconds.
    pub(crate) async fn lets_sessions_close(&self, computer: &Computer) {
        // A command gives up soon on a daemon that does not answer, and this computer is slow.
        let changed = async {
            loop {
                let answer = self.tells(computer, "thresholds --min-duration 10s").await;
                let answer: Option<serde_json::Value> = answer;
                if answer.is_some_and(|object| object["state"] == "in_force") {
                    break;
                }
                sleep(POLL).await;
            }
        };
        timeout(LIMIT, changed)
            .await
            .expect("the thresholds change");
    }

    /// All reports, each verified here.
    pub(crate) async fn reports(&self, computer: &Computer) -> Reports {
        let object: serde_json::Value = self.tells(computer, "reports").await.unwrap();
        if object["state"] == "no_reports" {
            return Reports::none();
        }
        let file: ReportsFile = serde_json::from_value(object).unwrap();
        Reports::verify(&file).unwrap()
    }

    async fn tells<T: DeserializeOwned>(&self, computer: &Computer, what: &str) -> Option<T> {
        let home = self.home();
        let script = format!("ONIONMETER_HOME={home} HOME=/root onionmeter {what} --json");
        serde_json::from_str(&computer.shell(&script).await).ok()
    }
}

/// An emulated computer beside other work is slow to load a page, and a new request ends the one
/// before it.
const PATIENCE: Duration = Duration::from_secs(40);

/// The time between two questions; each starts a program on a slow computer.
pub(crate) const POLL: Duration = Duration::from_millis(500);
