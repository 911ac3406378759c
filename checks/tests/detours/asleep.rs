//! The whole daemon on a computer that sleeps, and wakes up in another network that gives it the same
//! address: most homes and cafes have 192.168.x.y.

use crate::{
    LIMIT, OURS, World,
    computer::{ADDRESS, Computer, LOOPBACK_OF_PLACE},
    network,
    place::{Place, Way, reload, restarts},
    soon,
};
use checks::{reports::Reports, stage::Backend};
use meter_core::SessionReport;
use meter_wire::{ReportsFile, Status};
use serde::de::DeserializeOwned;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};

/// It is still open when the computer falls asleep, and closes soon after.
const SESSION: &str =
    "[session]\nmin_bytes = 10000\nmin_duration_ms = 20000\nmax_duration_ms = 60000\n";
/// Sleeps of 30 s or less cut nothing off; to fall asleep and wake up takes some of it.
const SLEEP_S: u32 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_computer_that_sleeps_and_wakes_elsewhere_browses_on() {
    let world = World::boot().await;
    let place = Place::with_a_door_to(Way::Bridge.outlet(&world)).await;
    let folder = world.folder.path().join("computer");
    let daemons: Vec<Daemon> = OURS.iter().copied().map(Daemon).collect();
    let ports: Vec<u16> = daemons.iter().map(Daemon::port).collect();
    let mut computer = Computer::boot(&place, &folder, &ports).await.unwrap();
    for daemon in &daemons {
        daemon.start(&computer, &world, &place).await;
    }
    for daemon in &daemons {
        daemon.is_usable(&computer).await;
        daemon.browse(&computer, &world).await;
    }
    let moves = network::moves(place.process());
    computer.sleep(SLEEP_S, moves).await.unwrap();
    let woke_up = Instant::now();
    for daemon in &daemons {
        daemon.recovers(&computer).await;
        let lasted = woke_up.elapsed();
        println!("{:?}: usable {lasted:.0?} after the wake-up", daemon.0);
    }
    for daemon in &daemons {
        daemon.browse(&computer, &world).await;
        let log = daemon.log(&computer).await;
        assert_eq!(restarts(&log), 1, "{log}");
        daemon.awards_no_sleep(&computer).await;
    }
    computer.end().await.unwrap();
}

/// One on the computer, by the Tor it has.
struct Daemon(Backend);

impl Daemon {
    fn home(&self) -> String {
        format!("/home/{}", self.0.name())
    }

    fn relay(&self) -> u16 {
        9_149 + self.0 as u16
    }

    /// Where its relay is to be had from outside, which itself is for this computer alone.
    fn port(&self) -> u16 {
        9_000 + self.0 as u16
    }

    async fn start(&self, computer: &Computer, world: &World, place: &Place) {
        let door = place.door.replace("127.0.0.1", LOOPBACK_OF_PLACE);
        let config = Place::config(world, self.0, Way::Bridge, &door);
        // Tor is told where it may connect from, which here is not loopback.
        let from = |address| format!("OutboundBindAddress {address}");
        let config = config.replace(&from("127.0.0.1"), &from(ADDRESS));
        let (home, relay, port) = (self.home(), self.relay(), self.port());
        let script = format!(
            "mkdir -m 700 {home}
cat >{home}/config.toml <<'END'
{SESSION}[relay]
port = {relay}
{config}
END
ONIONMETER_HOME={home} HOME=/root onionmeter daemon </dev/null >{home}/said 2>&1 &
nc -ll -p {port} -e nc 127.0.0.1 {relay} </dev/null >/dev/null 2>&1 &"
        );
        assert_eq!(computer.shell(&script).await, "");
    }

    /// Before anybody browses.
    async fn recovers(&self, computer: &Computer) {
        let restarted = async {
            while restarts(&self.log(computer).await) == 0 {
                sleep(POLL).await;
            }
        };
        soon(restarted).await;
        self.is_usable(computer).await;
    }

    async fn is_usable(&self, computer: &Computer) {
        let usable = async {
            loop {
                let status: Option<Status> = self.tells(computer, "status").await;
                if status.is_some_and(|status| status.tor.is_usable()) {
                    break;
                }
                sleep(POLL).await;
            }
        };
        let waited = timeout(LIMIT, usable).await;
        assert!(waited.is_ok(), "{}", self.log(computer).await);
    }

    async fn browse(&self, computer: &Computer, world: &World) {
        reload(&computer.socket(self.port()), &world.site).await;
    }

    async fn log(&self, computer: &Computer) -> String {
        let home = self.home();
        computer
            .shell(&format!("cat {home}/said {home}/log/onionmeter.log"))
            .await
    }

    /// The session that was open meanwhile took longer by the clock on the wall than what it is worth.
    async fn awards_no_sleep(&self, computer: &Computer) {
        let slept = async {
            loop {
                let file: ReportsFile = self.tells(computer, "reports").await.unwrap();
                let reports = Reports::verify(&file).unwrap().list;
                if let Some(unpaid) = reports.iter().map(unpaid_ms).find(|ms| *ms > 0) {
                    return unpaid;
                }
                sleep(POLL).await;
            }
        };
        let slept = soon(slept).await;
        let expected = u64::from(SLEEP_S) * 1_000;
        assert!(slept.abs_diff(expected) < 5_000, "{slept}");
    }

    async fn tells<T: DeserializeOwned>(&self, computer: &Computer, what: &str) -> Option<T> {
        let home = self.home();
        let script = format!("ONIONMETER_HOME={home} HOME=/root onionmeter {what} --json");
        serde_json::from_str(&computer.shell(&script).await).ok()
    }
}

/// By how many milliseconds it lasted longer than it is worth.
fn unpaid_ms(report: &SessionReport) -> u64 {
    let lasted = report.ended_at.get() - report.started_at.get();
    // The two clocks are not read at the same moment.
    lasted.saturating_sub(report.duration.get() + 2_000)
}

const POLL: Duration = Duration::from_millis(500);
