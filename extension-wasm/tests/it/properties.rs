//! For every sequence of events: "Protected" is never shown unless every condition holds, only the
//! person clears the proxy settings, and nothing panics.

mod onlooker;

use crate::scene::status;
use meter_wire::{ErrorCode, Problem, RelayStatus, Status, TorState};
use onionmeter::{
    proxy_value::{ProxyRefusal, Reading},
    update::{Intent, PrivateWindows},
};
use onlooker::Onlooker;
use proptest::prelude::*;

/// A possible event.
#[derive(Clone, Debug)]
enum Step {
    /// A reply to the hello of the current connection, or of an earlier one.
    Hello {
        late: bool,
    },
    /// A status as a notice.
    Status {
        late: bool,
        status: Box<Status>,
    },
    Garbage(String),
    Closed {
        late: bool,
        reason: &'static str,
    },
    Proxy {
        late: bool,
        answer: Result<Reading, ProxyRefusal>,
    },
    Flood {
        late: bool,
    },
    Timer(u8, u32),
    /// The browser tells about its private windows.
    Private(PrivateWindows),
    /// The next thing that a witness waits for: its name, its end in the browser, the host's
    /// answer.
    Witness {
        late: bool,
        arrived: bool,
    },
    Intent(Intent),
    Plain(u8),
    Death,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let late = || prop::bool::weighted(0.15);
    let port = || prop_oneof![Just(0_u16), Just(80), Just(3_000), Just(2_000)];
    let problem = || Just(Problem::new(ErrorCode::PortTaken));
    let relay = prop_oneof![
        4 => port().prop_map(|port| RelayStatus::Listening { port }),
        1 => Just(RelayStatus::Stopped),
        1 => problem().prop_map(RelayStatus::Failed),
    ];
    let tor = prop_oneof![
        4 => Just(TorState::Ready),
        1 => Just(TorState::Off),
        1 => Just(TorState::Starting),
        1 => problem().prop_map(TorState::Failed),
    ];
    let statuses = (relay, tor).prop_map(|(relay, tor)| {
        let mut status = status();
        (status.relay, status.tor.state) = (relay, tor);
        Box::new(status)
    });
    let answer = prop_oneof![
        4 => port().prop_map(|port| Ok(Reading::Ours { port })),
        1 => Just(Ok(Reading::OursOther)),
        2 => Just(Ok(Reading::Free)),
        1 => Just(Ok(Reading::Kept)),
        1 => Just(Ok(Reading::OtherExtension)),
        1 => Just(Ok(Reading::NotControllable)),
        1 => Just(Err(ProxyRefusal::PrivateWindows)),
    ];
    let reason = prop_oneof![
        Just("Native host has exited."),
        Just("Specified native messaging host not found.")
    ];
    let step = prop_oneof![
        4 => late().prop_map(|late| Step::Hello { late }),
        6 => (late(), statuses).prop_map(|(late, status)| Step::Status { late, status }),
        1 => "\\PC{0,20}".prop_map(Step::Garbage),
        1 => (late(), reason).prop_map(|(late, reason)| Step::Closed { late, reason }),
        1 => late().prop_map(|late| Step::Flood { late }),
        8 => (late(), answer).prop_map(|(late, answer)| Step::Proxy { late, answer }),
        2 => (0..4_u8, 0..8_u32).prop_map(|(kind, number)| Step::Timer(kind, number)),
        4 => private().prop_map(Step::Private),
        12 => (late(), prop::bool::weighted(0.8))
            .prop_map(|(late, arrived)| Step::Witness { late, arrived }),
        2 => prop::sample::select(Intent::ALL.to_vec()).prop_map(Step::Intent),
        3 => (0..10_u8).prop_map(Step::Plain),
        1 => Just(Step::Death),
    ];
    prop::collection::vec(step, 1..60)
}

fn private() -> impl Strategy<Value = PrivateWindows> {
    prop_oneof![
        Just(PrivateWindows::NotAllowed),
        Just(PrivateWindows::Allowed(Reading::Free)),
        Just(PrivateWindows::Allowed(Reading::Ours { port: 3_000 })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2_000)
    })]

    #[test]
    fn protected_is_said_only_when_everything_holds(steps in steps()) {
        let mut onlooker = Onlooker::new();
        for step in steps {
            onlooker.take(step);
        }
    }
}

#[test]
fn the_onlooker_does_see_protection() {
    let mut onlooker = Onlooker::new();
    let mut ready = status();
    ready.relay = RelayStatus::Listening { port: 3_000 };
    onlooker.take(Step::Hello { late: false });
    onlooker.take(Step::Proxy {
        late: false,
        answer: Ok(Reading::Free),
    });
    onlooker.take(Step::Status {
        late: false,
        status: Box::new(ready),
    });
    assert!(!onlooker.extension.state().is_protected());
    onlooker.take(Step::Proxy {
        late: false,
        answer: Ok(Reading::Ours { port: 3_000 }),
    });
    for _ in 0..3 {
        assert!(!onlooker.extension.state().is_protected());
        onlooker.take(Step::Witness {
            late: false,
            arrived: true,
        });
    }
    assert!(!onlooker.extension.state().is_protected());
    onlooker.take(Step::Private(PrivateWindows::NotAllowed));
    assert!(onlooker.extension.state().is_protected());
}
