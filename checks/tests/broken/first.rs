//! The first build that spoke protocol 1, beside this one: what its extension asked, asked of the
//! real program; and its daemon, at the real extension in a browser.

#[path = "../../../crates/meter-wire/tests/first_version/first.rs"]
mod readers;

use crate::Show;
use checks::host::Host;
use meter_testkit::browser::Landed;
use meter_wire::{RelayStatus, Status};
use std::{
    io::{Read as _, Write as _},
    process::{Child, Stdio},
};

#[tokio::test]
async fn the_first_extension_gets_from_the_program_what_it_can_read() {
    let no_tor = "[tor]\nbackend = \"managed\"\nprogram = \"/nowhere/tor\"\n";
    let mut home = Host::start(no_tor).unwrap();
    let listens = |status: &Status| matches!(status.relay, RelayStatus::Listening { .. });
    home.wait_for(crate::LIMIT, listens).await.unwrap();
    let origin = format!(
        "chrome-extension://{}/",
        checks::stage::extension_id().unwrap()
    );
    let mut command = home.command(&[&origin]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut bridge = command.spawn().unwrap();
    for (id, request) in (1..).zip(readers::REQUESTS) {
        send(&mut bridge, request.as_bytes());
        let outcome = answer(&mut bridge, id);
        match (id, outcome) {
            (1, readers::Outcome::Ok(readers::Success::Hello(hello))) => {
                assert_eq!(hello.protocol, 1);
                assert!(hello.key.is_some() && hello.chain.is_some());
            }
            (2, readers::Outcome::Ok(readers::Success::Status(status))) => {
                let port = home.relay().port();
                assert_eq!(status.relay, readers::RelayStatus::Listening { port });
            }
            (3, readers::Outcome::Ok(readers::Success::Reports(page))) => {
                assert_eq!(page.total, "0");
            }
            // No Tor is there to be started.
            (4, readers::Outcome::Error(problem)) => {
                assert_eq!(problem.code, "tor_missing");
                assert!(problem.message.ends_with('.'), "{}", problem.message);
            }
            (5..=9, readers::Outcome::Ok(readers::Success::Done)) => {}
            (_, other) => panic!("{request}: {other:?}"),
        }
    }
    drop(bridge.stdin.take());
    assert!(bridge.wait().unwrap().success());
}

fn send(bridge: &mut Child, frame: &[u8]) {
    let stdin = bridge.stdin.as_mut().unwrap();
    let length = u32::try_from(frame.len()).unwrap();
    stdin.write_all(&length.to_ne_bytes()).unwrap();
    stdin.write_all(frame).unwrap();
}

/// The outcome for a request. Every notice before it is read, too, as the first extension did.
fn answer(bridge: &mut Child, id: u32) -> readers::Outcome {
    loop {
        let stdout = bridge.stdout.as_mut().unwrap();
        let mut length = [0; 4];
        stdout.read_exact(&mut length).unwrap();
        let mut frame = vec![0; u32::from_ne_bytes(length).try_into().unwrap()];
        stdout.read_exact(&mut frame).unwrap();
        let text = String::from_utf8_lossy(&frame).into_owned();
        // A kind of notice that the first extension did not know was nothing to it.
        match serde_json::from_slice(&frame) {
            Ok(readers::FromDaemon::Reply(reply)) if reply.id == Some(id) => return reply.outcome,
            Ok(readers::FromDaemon::Notice(_)) => {}
            Ok(other) => panic!("{other:?}"),
            Err(error) => assert!(
                text.starts_with("{\"notice\":{\"floor\""),
                "{error}: {text}"
            ),
        }
    }
}

impl Show {
    /// Pages go through its relay, and what it has signed is verified and counted. It cannot show
    /// that pages go through Tor, so nothing is green, and a sentence says which side to update.
    pub(crate) async fn the_first_daemon_is_worked_with(&self) {
        self.place.be_first(true);
        self.anew().await;
        self.problem("witness_unknown").await;
        let said = self
            .run("return document.querySelector('#problem').innerText")
            .await;
        assert!(said.as_str().unwrap().contains("too old"), "{said}");
        let state = "return document.querySelector('[data-testid=state]').dataset.state";
        assert_ne!(self.run(state).await, "protected");
        let before = self.place.arrivals();
        self.browser.switch_to(&self.browsing).await.unwrap();
        let landed = self.browser.goto(&self.place.url()).await.unwrap();
        assert!(matches!(landed, Landed::NetworkError(_)), "{landed:?}");
        let after = self.place.arrivals();
        assert!(
            after.0 > before.0 && after.1 == before.1,
            "{before:?} {after:?}"
        );
        // A page that was open before would keep the badge from green.
        let landed = self.browser.goto("about:blank").await.unwrap();
        assert_eq!(landed, Landed::Page);
        self.press("switch").await;
        self.state("off").await;
        self.press("switch").await;
        self.problem("witness_unknown").await;
        self.place.be_first(false);
        self.anew().await;
        self.state("protected").await;
    }
}
