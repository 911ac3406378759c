//! What every backend promises.

use crate::{
    World,
    setting::{Setting, soon},
};
use meter_testkit::socks::Refused;
use meter_tor::TorState;
use tokio::task::JoinSet;

pub(crate) async fn all(world: &World, mut setting: Setting) {
    a_start_goes_forward_only(&setting).await;
    sites_are_reached_by_name_and_by_address(world, &setting).await;
    a_name_that_does_not_exist_is_refused_as_such(&setting).await;
    an_onion_service_is_reached_and_a_mistyped_one_told(world, &setting).await;
    a_new_identity_disturbs_nothing(world, &setting).await;
    a_killed_tor_comes_back(world, &mut setting).await;
    twenty_stops_and_starts_leave_nothing(world, &setting).await;
    many_starts_make_one_tor(&setting).await;
    setting.end().await;
}

async fn a_start_goes_forward_only(setting: &Setting) {
    let mut status = setting.tor.status();
    let (percents, started) = tokio::join!(
        soon(async {
            let mut percents = Vec::new();
            loop {
                let state = status.borrow_and_update().state.clone();
                match state {
                    TorState::Bootstrapping(at) => percents.push(at.percent),
                    TorState::Ready => return percents,
                    _ => {}
                }
                status.changed().await.expect("the actor lives");
            }
        }),
        soon(retried(setting)),
    );
    assert_eq!(started, Ok(()));
    assert!(percents.is_sorted(), "{percents:?}");
    let status = setting.tor.status().borrow().clone();
    assert_eq!(status.backend, Some(setting.kind.backend()));
    assert!(status.version.is_some());
}

/// A Tor of another program takes a moment until it listens; the search for it repeats by itself.
async fn retried(setting: &Setting) -> Result<(), meter_tor::TorProblem> {
    let started = setting.tor.start().await;
    if setting.kind.is_theirs() && started.is_err() {
        setting.until(|state| *state == TorState::Ready).await;
        return Ok(());
    }
    started
}

async fn sites_are_reached_by_name_and_by_address(world: &World, setting: &Setting) {
    for host in ["site.test", "127.0.0.1"] {
        page(world, setting, Some("alice"), host).await;
        page(world, setting, None, host).await;
    }
}

async fn page(world: &World, setting: &Setting, user: Option<&str>, host: &str) {
    let fetched = setting.fetch(user, host, world.site.port(), "/bytes/150000");
    let fetched = soon(fetched).await.expect("a page");
    assert_eq!(fetched.body.len(), 150_000);
}

async fn a_name_that_does_not_exist_is_refused_as_such(setting: &Setting) {
    let refused = soon(setting.fetch(None, "nowhere.invalid", 80, "/")).await;
    assert_eq!(reply(refused), 4);
}

async fn an_onion_service_is_reached_and_a_mistyped_one_told(world: &World, setting: &Setting) {
    let address = world.onion.address();
    // The descriptor reaches one directory after the other.
    let fetched = soon(async {
        loop {
            if let Ok(fetched) = setting.fetch(Some("o"), address, 80, "/bytes/1000").await {
                return fetched;
            }
        }
    });
    assert_eq!(fetched.await.body.len(), 1_000);
    let mistyped = format!("a{address}");
    let refused = soon(setting.fetch(None, &mistyped, 80, "/")).await;
    assert_eq!(reply(refused), 0xF6);
}

fn reply<T: std::fmt::Debug>(outcome: anyhow::Result<T>) -> u8 {
    let error = outcome.expect_err("nothing is there");
    let refused = error.downcast_ref::<Refused>();
    refused.unwrap_or_else(|| panic!("{error:?}")).reply
}

async fn a_new_identity_disturbs_nothing(world: &World, setting: &Setting) {
    setting.tor.new_identity();
    page(world, setting, Some("alice"), "site.test").await;
    assert_eq!(setting.tor.status().borrow().state, TorState::Ready);
}

async fn a_killed_tor_comes_back(world: &World, setting: &mut Setting) {
    setting.kill(&world.network).await;
    setting.until(|state| *state == TorState::Ready).await;
    page(world, setting, Some("alice"), "site.test").await;
}

async fn twenty_stops_and_starts_leave_nothing(world: &World, setting: &Setting) {
    for _ in 0..20 {
        assert_eq!(soon(setting.tor.stop()).await, Ok(()));
        assert_eq!(setting.tor.status().borrow().state, TorState::Off);
        assert_eq!(setting.processes(), [0_u32; 0]);
        assert_eq!(soon(setting.tor.start()).await, Ok(()));
    }
    setting.until(|state| *state == TorState::Ready).await;
    page(world, setting, Some("alice"), "site.test").await;
}

async fn many_starts_make_one_tor(setting: &Setting) {
    assert_eq!(soon(setting.tor.stop()).await, Ok(()));
    let mut starts = JoinSet::new();
    for _ in 0..100 {
        let tor = setting.tor.clone();
        starts.spawn(async move { tor.start().await });
    }
    for started in soon(starts.join_all()).await {
        assert_eq!(started, Ok(()));
    }
    let ours = usize::from(!setting.kind.is_theirs());
    assert_eq!(setting.processes().len(), ours);
}
