//! The operator's page: how the ledger runs, with the same numbers as `/metrics`.

use crate::place::{Place, text};
use meter_testkit::device::Device;
use onionmeter_ledger::audit;
use rusqlite::{Connection, TransactionBehavior};

/// The value of a line of `/metrics`.
fn value(metrics: &str, name: &str) -> String {
    let line = format!("onionmeter_ledger_{name} ");
    let found = metrics.lines().find_map(|text| text.strip_prefix(&line));
    found
        .unwrap_or_else(|| panic!("{name} in\n{metrics}"))
        .to_owned()
}

/// What a tile says: its number and the line below.
fn tile<'a>(page: &'a str, title: &str) -> &'a str {
    let start = format!("aria-labelledby=\"{title}-title\"");
    let (_, rest) = page.split_once(&start).expect("a tile");
    rest.split_once("</section>").expect("its end").0
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sees_the_numbers_of_the_metrics() {
    let place = Place::new();
    let (mut device, _) = place.enrolled(1);
    let reports: Vec<_> = (0..3).map(|_| device.report(45_000, 150_000)).collect();
    let mut browser = place.browser();
    for report in &reports {
        let (body, signature) = (report.signed().body(), report.signed().signature());
        let answer = browser.submit(body, signature).await;
        assert_eq!(answer.status, 201, "{}", text(&answer));
    }
    // One that was changed on its way, and one of a device that is not known.
    let mut changed = reports[0].signed().body().to_vec();
    *changed.last_mut().expect("a body") ^= 1;
    let answer = browser
        .submit(&changed, reports[0].signed().signature())
        .await;
    assert_eq!(answer.status, 422, "{}", text(&answer));
    let stranger = Device::numbered(9).report(1, 1);
    let signed = stranger.signed();
    let answer = browser.submit(signed.body(), signed.signature()).await;
    assert_eq!(answer.status, 403);
    browser.get("/nowhere").await;

    let mut operator = place.signed_in(None).await;
    let page = operator.page("/operator").await;
    assert!(tile(&page, "rate").contains("3 in the last minute, 3 in five"));
    assert!(tile(&page, "rate").contains(">0.01<"));
    assert!(tile(&page, "waiting").contains("no report waits for the database"));
    assert!(tile(&page, "audit").contains("None yet"));
    assert!(!tile(&page, "disk").contains("not known"));
    let refused = tile(&page, "refusals");
    for reason in ["unknown_device", "not_found"] {
        assert!(
            refused.contains(&format!("<code>{reason}</code>")),
            "{refused}"
        );
    }
    let metrics = text(&browser.get("/metrics").await);
    assert_eq!(value(&metrics, "recent_reports{minutes=\"5\"}"), "3");
    let strangers = "refusals_total{what=\"report\",reason=\"unknown_device\"}";
    assert_eq!(value(&metrics, strangers), "1");
    let size: u64 = value(&metrics, "store_bytes").parse().expect("bytes");
    let file = std::fs::metadata(place.file()).expect("there").len();
    assert!(size >= file, "{size} {file}");
    assert_ne!(value(&metrics, "free_bytes"), "0");
    assert_eq!(value(&metrics, "audit_findings"), "-1");
    place.ended().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sees_what_the_last_audit_found() {
    let place = Place::new();
    let (mut device, _) = place.enrolled(1);
    place.take(&[device.report(45_000, 150_000)]).await;
    let connection = Connection::open(place.file()).expect("ours");
    connection
        .execute("UPDATE reports SET policy = 7", [])
        .expect("ours");
    let found = audit::run(place.ledger.store(), &|| true).expect("an audit");
    let now = place.ledger.now().expect("a time");
    place.ledger.note_audit(&found, now);
    let page = place.signed_in(None).await.page("/operator").await;
    assert!(page.contains("1 row of the database is not as written."));
    assert!(tile(&page, "audit").contains("wrong row in 1 report, <time"));
    place.ended().await;
}

/// Another process has the file: a report waits, and the page says for how long.
#[tokio::test(flavor = "multi_thread")]
async fn the_operator_sees_that_a_report_waits_and_for_how_long() {
    let place = Place::new();
    let (mut device, _) = place.enrolled(1);
    let mut operator = place.signed_in(None).await;
    let mut connection = Connection::open(place.file()).expect("ours");
    let held = connection.transaction_with_behavior(TransactionBehavior::Immediate);
    let held = held.expect("the file");
    let report = device.report(45_000, 150_000);
    let (mut browser, signed) = (place.browser(), report.signed().clone());
    let submitted = browser.submit(signed.body(), signed.signature());
    let seen = async {
        while place.ledger.vitals(std::path::Path::new("/")).wait.reports == 0 {
            tokio::task::yield_now().await;
        }
        let mut oldest = 0.0;
        // It waits from a moment on, and for longer at each look.
        while oldest == 0.0 {
            let metrics = text(&operator.get("/metrics").await);
            assert_eq!(value(&metrics, "waiting_reports"), "1");
            let seconds = value(&metrics, "oldest_waiting_seconds").parse();
            oldest = seconds.expect("seconds");
        }
        drop(held);
        oldest
    };
    let (answer, oldest) = tokio::join!(submitted, seen);
    assert_eq!(answer.status, 201);
    assert!(oldest > 0.0);
    place.ended().await;
}
