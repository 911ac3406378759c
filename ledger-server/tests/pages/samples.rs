//! Every page in every state, from invented values.

// By its path from here: the example takes this file from another folder.
#[path = "samples/operator.rs"]
pub(crate) mod operator;

use meter_core::{
    Amount, Award, ByteCount, ChainId, DeviceKey, DurationMs, EnrolmentRule, LedgerKey, Policy,
    Reason, Reasons, Tariff, TariffId, UnixMs,
};
use onionmeter_ledger::pages::{
    AccountPage, ChainHealth, Claim, Credits, Day, DayTotals, Device, DevicesPage, Frame,
    FreshCode, History, Invitation, Landing, Overview, PolicyPage, ProblemPage, Range,
    RemovedDevice, Session, SessionsPage, SignIn, SignInPage, Tab, UnderAudit, Who, html,
};

/// 2026-11-28T21:03:45Z, a Saturday.
pub(crate) const NOW: u64 = 1_795_899_825_000;
pub(crate) const DAY: u64 = 86_400_000;
const MINUTE: u64 = 60_000;
const VKEY: &str = "onionmeter-ledger+9f1c33a7+AZ2fKx0vQ8m1nYb4Jq7rT5dW3uE6hG8sL0pC2aV9iR4k";

pub(crate) fn at(ms: u64) -> UnixMs {
    UnixMs::new(ms).expect("fits")
}

pub(crate) fn frame(who: Who, tab: Option<Tab>) -> Frame {
    Frame {
        ledger: "127.0.0.1:3443".to_owned(),
        now: at(NOW),
        who,
        tab,
        under_audit: None,
    }
}

pub(crate) fn person(tab: Tab) -> Frame {
    frame(Who::Account("Account 3f2a-9c41".to_owned()), Some(tab))
}

pub(crate) fn award(ms: u64, bytes: u64) -> Award {
    let ms = DurationMs::new(ms).expect("fits");
    let bytes = ByteCount::new(bytes).expect("fits");
    Tariff::V1.award(ms, bytes).expect("fits")
}

fn sum(amounts: impl Iterator<Item = Amount>) -> Amount {
    amounts.fold(Amount::ZERO, Amount::saturating_add)
}

/// Numbers without a pattern that the eye finds, the same in every run.
fn noise(seed: u64) -> u64 {
    let mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33
}

/// Sessions on most of the last `days` days.
pub(crate) fn history(days: u64) -> History {
    let today = Day::of(at(NOW));
    let all: Vec<_> = (0..days)
        .filter(|back| !noise(*back).is_multiple_of(6) || *back < 2)
        .map(|back| DayTotals {
            day: today.minus(back),
            sessions: 3 + noise(back) % 40,
            award: award(
                900_000 + noise(back * 3) % 14_000_000,
                noise(back * 7) % 1_700_000_000,
            ),
        })
        .collect();
    History {
        began: at(today.minus(days - 1).start().get() + 9 * 3_600_000),
        awarded: sum(all.iter().map(|totals| totals.award.total)),
        moved: 0,
        sessions: all.iter().map(|totals| totals.sessions).sum(),
        days: all,
        last_report: Some((at(NOW - 6 * MINUTE), "Quiet Heron".to_owned())),
    }
}

pub(crate) fn empty_history() -> History {
    History {
        began: at(NOW - 20 * MINUTE),
        awarded: Amount::ZERO,
        moved: 0,
        sessions: 0,
        days: Vec::new(),
        last_report: None,
    }
}

/// A session that was credited whole, `minutes` ago.
pub(crate) fn session(minutes: u64, (ms, up, down): (u64, u64, u64)) -> Session {
    let claimed = award(ms, up + down).total;
    Session {
        received: at(NOW - minutes * MINUTE),
        device: "Quiet Heron".to_owned(),
        chain: ChainId([0x3f; 16]),
        sequence: 4_000 - minutes,
        claim: Some(Claim {
            duration: DurationMs::new(ms).expect("fits"),
            up: ByteCount::new(up).expect("fits"),
            down: ByteCount::new(down).expect("fits"),
            amount: claimed,
        }),
        awarded_duration: DurationMs::new(ms).expect("fits"),
        awarded_bytes: ByteCount::new(up + down).expect("fits"),
        credited: claimed,
        reasons: Reasons::NONE,
        tariff: TariffId(1),
        policy: 1,
    }
}

/// The same session, credited with less.
pub(crate) fn lowered(
    mut session: Session,
    (ms, bytes): (u64, u64),
    reasons: &[Reason],
) -> Session {
    session.awarded_duration = DurationMs::new(ms).expect("fits");
    session.awarded_bytes = ByteCount::new(bytes).expect("fits");
    session.credited = award(ms, bytes).total;
    session.reasons = reasons.iter().copied().collect();
    session
}

pub(crate) fn sessions() -> Vec<Session> {
    let mut amber = session(34, (600_000, 1_204_113, 48_220_310));
    amber.device = "Amber Kestrel".to_owned();
    let mut pruned = session(3_000, (412_250, 90_000, 4_400_128));
    pruned.claim = None;
    let both = [Reason::TimeBudget, Reason::ByteBudget];
    let early = [Reason::BeforeEnrolment, Reason::SessionCap];
    vec![
        session(6, (45_000, 12_000, 138_000)),
        session(17, (600_000, 804_113, 18_220_311)),
        lowered(amber, (312_400, 49_424_423), &both[..1]),
        session(51, (188_250, 41_020, 997_001)),
        lowered(
            session(70, (600_000, 9_120_000, 1_990_880_000)),
            (540_000, 1_400_000_000),
            &both,
        ),
        lowered(
            session(95, (9_000_000, 300_000, 700_000)),
            (7_200_000, 1_000_000),
            &early[1..],
        ),
        session(122, (30_000, 3_000, 97_000)),
        lowered(
            session(150, (600_000, 88_000, 512_000)),
            (0, 0),
            &early[..1],
        ),
        pruned,
    ]
}

pub(crate) fn device(name: &str, byte: u8, credited: u64, health: ChainHealth) -> Device {
    let is_used = health != ChainHealth::Unused;
    Device {
        name: name.to_owned(),
        key: DeviceKey([byte; 32]),
        enrolled: at(NOW - 75 * DAY + u64::from(byte) * 7_777_777),
        last_report: is_used.then(|| at(NOW - u64::from(byte) * MINUTE)),
        sessions: credited / 2_000_000_000,
        credited: Amount::new(credited).expect("fits"),
        health,
    }
}

pub(crate) fn devices() -> DevicesPage {
    let frozen = ChainHealth::Frozen {
        sequence: 412,
        seen: at(NOW - 3 * DAY),
    };
    let devices = vec![
        device("Quiet Heron", 6, 3_911_250_118_500, ChainHealth::Good),
        device("Amber Kestrel", 34, 1_204_000_000_500, frozen),
        device("Patient Wren", 90, 0, ChainHealth::Unused),
    ];
    let removed = vec![RemovedDevice {
        name: "Late Plover".to_owned(),
        removed: at(NOW - 12 * DAY),
        sessions: 77,
        credited: Amount::new(412_575_000_000).expect("fits"),
    }];
    let credited = devices.iter().map(|device| device.credited);
    let credited = sum(credited.chain(removed.iter().map(|device| device.credited)));
    DevicesPage {
        frame: person(Tab::Devices),
        credited: credited.into(),
        devices,
        removed,
        devices_max: 10,
    }
}

pub(crate) fn account() -> AccountPage {
    let sign_in = |hours: u64, is_this| SignIn {
        began: at(NOW - hours * 3_600_000),
        ends: at(NOW - hours * 3_600_000 + DAY / 2),
        is_this,
    };
    AccountPage {
        frame: person(Tab::Account),
        account: "3f2a9c4107d5e88092b1c4aa57e0d316".to_owned(),
        began: at(NOW - 75 * DAY),
        credited: Credits(5_527_825_119_000),
        recovery: None,
        invitation: None,
        sign_ins: vec![sign_in(0, true), sign_in(5, false)],
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

pub(crate) fn policy(enrolment: EnrolmentRule) -> Policy {
    Policy::first(LedgerKey([7; 32]), enrolment, at(NOW - 80 * DAY))
}

pub(crate) fn landing(has_signed_out: bool) -> Landing {
    Landing {
        frame: frame(Who::Nobody, Some(Tab::Overview)),
        has_signed_out,
        enrol_command: "onionmeter enroll http://127.0.0.1:3443".to_owned(),
        vkey: VKEY.to_owned(),
        policy: policy(EnrolmentRule::Open),
    }
}

pub(crate) fn sign_in(who: Who) -> SignInPage {
    SignInPage {
        frame: frame(who, None),
        token: "b7e151628aed2a6abf7158809cf4f3c7".to_owned(),
        account: "Account 3f2a-9c41".to_owned(),
        device: Some("Quiet Heron".to_owned()),
        words: words("copper lantern"),
    }
}

pub(crate) fn sessions_page(
    sessions: &[Session],
    cursors: (Option<&str>, Option<&str>),
) -> SessionsPage {
    let total = (Credits(5_527_825_119_000), 1_034);
    SessionsPage::new(person(Tab::Sessions), total, sessions, cursors)
}

pub(crate) fn overview(history: &History, range: Range) -> Overview {
    Overview::new(person(Tab::Overview), history, range).expect("balanced")
}

/// Name and text of every page in every state.
pub(crate) fn all() -> Vec<(String, String)> {
    let mut pages = of_a_person();
    let mut add = |name: &str, text| pages.push((name.to_owned(), text));
    add("landing", html(&landing(false)));
    add("signed-out", html(&landing(true)));
    let invited = Landing {
        policy: policy(EnrolmentRule::ByInvitation),
        ..landing(false)
    };
    add("landing-by-invitation", html(&invited));
    add("sign-in", html(&sign_in(Who::Nobody)));
    let other = Who::Account("Account 77b0-01fe".to_owned());
    add("sign-in-replaces", html(&sign_in(other)));
    let operators = SignInPage {
        account: "Operator, read only".to_owned(),
        device: None,
        ..sign_in(Who::Nobody)
    };
    add("sign-in-operator", html(&operators));
    let policy_page = |who, days| PolicyPage {
        frame: frame(who, Some(Tab::Policy)),
        policy: policy(EnrolmentRule::Open),
        vkey: VKEY.to_owned(),
        keep_reports_days: days,
    };
    add(
        "policy",
        html(&policy_page(
            Who::Account("Account 3f2a-9c41".to_owned()),
            None,
        )),
    );
    add("policy-open", html(&policy_page(Who::Nobody, Some(90))));
    pages.extend(operator::all());
    let mut add = |name: &str, text| pages.push((name.to_owned(), text));
    let doubted = ProblemPage::under_audit("127.0.0.1:3443");
    add("problem-under-audit", html(&doubted));
    for status in [400, 403, 404, 405, 408, 410, 413, 421, 429, 500, 503] {
        let page = ProblemPage::new("127.0.0.1:3443", status);
        pages.push((format!("problem-{status}"), html(&page)));
    }
    pages
}

fn of_a_person() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let mut add = |name: &str, text| pages.push((name.to_owned(), text));
    let long = history(400);
    for range in Range::ALL {
        let name = format!("overview-{}", range.days());
        add(&name, html(&overview(&long, range)));
    }
    add(
        "overview-young",
        html(&overview(&history(12), Range::Month)),
    );
    let mut corrected = history(12);
    corrected.moved = -12_500_000_000;
    add(
        "overview-corrected",
        html(&overview(&corrected, Range::Week)),
    );
    add(
        "overview-empty",
        html(&overview(&empty_history(), Range::Month)),
    );
    add(
        "sessions",
        html(&sessions_page(
            &sessions(),
            (None, Some("1795890000000-7-41")),
        )),
    );
    add(
        "sessions-last",
        html(&sessions_page(&sessions()[6..], (Some("1-1-1"), None))),
    );
    add("sessions-empty", html(&sessions_page(&[], (None, None))));
    add("devices", html(&devices()));
    let none = DevicesPage {
        devices: Vec::new(),
        removed: Vec::new(),
        credited: Credits::default(),
        ..devices()
    };
    add("devices-none", html(&none));
    add("account", html(&account()));
    let code =
        "abandon ribbon copper lantern orbit velvet museum fabric tornado cushion glove zero";
    let recovery = AccountPage {
        recovery: Some(FreshCode { words: words(code) }),
        ..account()
    };
    add("account-recovery", html(&recovery));
    let invitation = Invitation {
        command: format!("onionmeter enroll http://127.0.0.1:3443 --code \"{code}\""),
        expires: at(NOW + DAY),
    };
    let invited = AccountPage {
        invitation: Some(invitation),
        ..account()
    };
    add("account-invitation", html(&invited));
    pages.extend(under_audit());
    pages
}

fn under_audit() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let mut add = |name: &str, text| pages.push((name.to_owned(), text));
    let doubted = |tab, under_audit| Frame {
        under_audit: Some(under_audit),
        ..person(tab)
    };
    let overview = Overview {
        frame: doubted(Tab::Overview, UnderAudit::Account),
        ..overview(&history(12), Range::Month)
    };
    add("overview-under-audit", html(&overview));
    let account = AccountPage {
        frame: doubted(Tab::Account, UnderAudit::Ledger),
        ..account()
    };
    add("account-under-audit", html(&account));
    pages
}
