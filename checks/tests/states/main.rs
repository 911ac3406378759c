//! Every state that Tor can be in, made with real programs and shown in the popup of a real
//! browser. Leaves a light and a dark picture of each in `dist/checks`.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a check fails, helpers included"
)]

mod making;
mod screen;

use checks::host::Host;
use making::{Making, Relayed, starts_until_it_is_a_loop};
use meter_testkit::tor_network::TorNetwork;
use meter_wire::{ErrorCode, Status, TorState};
use screen::Screen;
use std::time::Duration;

/// Only an upper bound: nothing takes this long when it works.
const LIMIT: Duration = Duration::from_secs(180);

/// One network and one browser for all states. The states that take a minute run side by side,
/// because starting and waiting take most of the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_state_is_made_for_real_and_told_in_the_popup() {
    let folder = tempfile::Builder::new().prefix("om").tempdir_in("/tmp");
    let folder = folder.unwrap();
    let network = TorNetwork::boot(&folder.path().join("network"))
        .await
        .unwrap();
    let making = Making::new(&network, folder.path());
    let mut slow = Slow::begin(&making);

    let (old, _theirs) = making.too_old().await;
    let screen = Screen::open(&old).await;
    screen.shows_advice("too_old", ErrorCode::TorTooOld).await;
    drop(old);

    slow.come_as_far_as_they_can().await;
    network.pause().unwrap();
    slow.fall_silent();
    let mut blocked = making.in_the_network();
    screen.shows_connecting(&blocked, "connecting").await;

    what_shows_at_once(&making, &screen).await;
    slow.stand(&screen).await;
    until(&mut blocked, ErrorCode::TorBlocked, stands).await;
    screen
        .shows(&blocked, "blocked", ErrorCode::TorBlocked)
        .await;
    screen.close().await;
}

/// States in which Tor stays for a minute before they become a problem.
struct Slow {
    behind: Host,
    ahead: Host,
    stalled: Host,
    refused: Host,
    offline: Host,
    ready: Host,
    relayed: Relayed,
}

impl Slow {
    fn begin(making: &Making<'_>) -> Self {
        let ready = making.in_the_network();
        Self {
            behind: making.with_clock(-3),
            ahead: making.with_clock(3),
            stalled: making.without_exits(),
            refused: making.refused(),
            offline: making.offline(),
            relayed: Relayed::new(&ready),
            ready,
        }
    }

    async fn come_as_far_as_they_can(&mut self) {
        until(&mut self.ready, None, |status| status.tor.is_usable()).await;
        for (host, code) in [
            (&mut self.behind, ErrorCode::TorClockWrong),
            (&mut self.ahead, ErrorCode::TorClockWrong),
            (&mut self.stalled, ErrorCode::TorStalled),
        ] {
            until(host, code, |_| true).await;
        }
    }

    /// A page is requested, and no answer comes.
    fn fall_silent(&mut self) {
        self.relayed.asks();
    }

    async fn stand(&mut self, screen: &Screen) {
        use ErrorCode::{TorClockWrong, TorOffline, TorRefused, TorSilent, TorStalled};
        let all = [
            (&mut self.offline, "offline", TorOffline),
            (&mut self.behind, "clock_behind", TorClockWrong),
            (&mut self.refused, "refused", TorRefused),
            (&mut self.ahead, "clock_ahead", TorClockWrong),
            (&mut self.stalled, "stalled", TorStalled),
            (&mut self.ready, "silent", TorSilent),
        ];
        for (host, name, code) in all {
            until(host, code, stands).await;
            screen.shows(host, name, code).await;
        }
    }
}

async fn what_shows_at_once(making: &Making<'_>, screen: &Screen) {
    use ErrorCode::{
        BridgeProgramMissing, NotTor, PortTaken, ShadowsocksRefused, ShadowsocksSilent,
        ShadowsocksUnreachable, TorCrashLoop, TorFolderUnusable, TorMissing, TorNotRunning,
        TorSilent,
    };
    let (taken, _squatter) = making.port_taken().await;
    screen.shows(&taken, "port_taken", PortTaken).await;
    let (silent, _listener) = making.silent();
    let mut looping = making.crashing();
    starts_until_it_is_a_loop(&mut looping).await;
    let quick = [
        (making.missing(), "missing", TorMissing),
        (looping, "crash_loop", TorCrashLoop),
        (
            making.folder_damaged().await,
            "folder_damaged",
            TorFolderUnusable,
        ),
        (making.not_tor(), "not_tor", NotTor),
        (silent, "silent_socks_port", TorSilent),
        (making.not_running(), "not_running", TorNotRunning),
        (
            making.transport_missing(),
            "bridge_program_missing",
            BridgeProgramMissing,
        ),
        (
            making.shadowsocks_refused(),
            "shadowsocks_refused",
            ShadowsocksRefused,
        ),
    ];
    for (host, name, code) in quick {
        screen.shows(&host, name, code).await;
    }
    let (unreachable, silent) = making.shadowsocks();
    let (silent, _server) = silent;
    screen
        .shows(
            &unreachable,
            "shadowsocks_unreachable",
            ShadowsocksUnreachable,
        )
        .await;
    screen
        .shows(&silent, "shadowsocks_silent", ShadowsocksSilent)
        .await;
}

/// Whether it has become a problem and is no longer a wait.
fn stands(status: &Status) -> bool {
    let trouble = status.tor.trouble.as_ref();
    status.tor.state == TorState::Ready || trouble.is_some_and(|trouble| trouble.stands())
}

/// Waits until a daemon has this trouble and `wanted` is true.
async fn until(
    host: &mut Host,
    code: impl Into<Option<ErrorCode>>,
    wanted: impl Fn(&Status) -> bool,
) {
    let code = code.into();
    let found = |status: &Status| {
        let trouble = status.tor.trouble.as_ref();
        code.is_none_or(|code| trouble.is_some_and(|trouble| trouble.problem.code == code))
    };
    let waited = host.wait_for(LIMIT, |status| found(status) && wanted(status));
    waited
        .await
        .unwrap_or_else(|error| panic!("{code:?}: {error}"));
}
