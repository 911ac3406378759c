//! What a crash of background or daemon changes: nothing that was counted, and nothing leaks.

use super::{LIMIT, Show};
use checks::popup::Popup;
use meter_core::credits_short;
use meter_testkit::browser::Landed;
use meter_wire::{Status, TorState};

impl Show {
    /// The service worker or event page ends ten times in a row.
    pub(super) async fn a_dead_background_changes_nothing(&self) {
        let sum = self.stage.reports().unwrap().sum().unwrap();
        for _ in 0..10 {
            self.browser.stop_background().await.unwrap();
            let again = Popup::open(&self.browser).await.unwrap();
            again
                .wait_for_state(&self.browser, LIMIT, "protected")
                .await
                .unwrap();
            let balance = again.text(&self.browser, "balance").await.unwrap();
            assert_eq!(balance, credits_short(sum));
            self.browser.close_tab(&self.popup.tab).await.unwrap();
        }
        assert_eq!(self.visit("/").await, Landed::Page);
    }

    pub(super) async fn a_killed_daemon_loses_nothing_and_leaks_nothing(&self) {
        self.all_signed().await;
        let before = self.stage.reports().unwrap();
        // 1,000 bytes every 20 ms at the fastest.
        self.begin_download("/slow/2000000/20").await;
        let flowing = |status: &Status| {
            status
                .session
                .as_ref()
                .is_some_and(|session| session.bytes_down.0 > 100_000)
        };
        let last_seen = self.stage.wait_for(LIMIT, flowing).await.unwrap();

        let away = self.stage.kill_daemon().unwrap();
        self.browser
            .wait_until(LIMIT, "return window.torn")
            .await
            .expect("a torn download must not look whole");
        let arrived = self
            .browser
            .call("return window.arrived", vec![])
            .await
            .unwrap();
        let asked = self.stage.site.totals().connections;
        for path in ["/", "/bytes/10", "/"] {
            let landed = self.visit(path).await;
            assert!(matches!(landed, Landed::NetworkError(_)), "{landed:?}");
        }
        self.popup
            .wait_for_state(&self.browser, LIMIT, "blocked")
            .await
            .unwrap();
        assert_eq!(
            self.stage.site.totals().connections,
            asked,
            "nothing reached the site"
        );
        // On a slow machine a session closes while the download goes on.
        let signed = self.stage.reports().unwrap();
        let all = u64::try_from(signed.list.len()).unwrap();
        assert!(all >= last_seen.reports.0, "nothing signed was lost");
        assert!(signed.list.starts_with(&before.list));
        drop(away);

        self.restart().await;
        let back = |status: &Status| status.tor.state == TorState::Ready;
        self.stage.wait_for(LIMIT, back).await.unwrap();
        self.popup
            .wait_for_state(&self.browser, LIMIT, "protected")
            .await
            .unwrap();
        self.all_signed().await;
        let reports = self.stage.reports().unwrap();
        let next = &reports.list[signed.list.len()];
        assert!(next.resumed, "the open session went on");
        if all == last_seen.reports.0 {
            let (counted, seen) = (next.bytes_down.get(), last_seen.session.unwrap().bytes_down);
            assert!(counted >= seen.0, "{counted} after {}", seen.0);
        }
        // The body that arrived and the heads of two answers, minus at most one second of counting.
        // Half a second more for a tick that comes late on a busy machine.
        let arrived = arrived.as_u64().unwrap();
        let since = &reports.list[before.list.len()..=signed.list.len()];
        let counted: u64 = since.iter().map(|report| report.bytes_down.get()).sum();
        assert!(counted + 75_000 >= arrived, "{counted} of {arrived}");
    }

    /// Presses "Restart". The extension also starts the host again by itself. If it was faster, the
    /// button is gone.
    pub(super) async fn restart(&self) {
        drop(self.popup.press(&self.browser, "action").await);
    }
}
