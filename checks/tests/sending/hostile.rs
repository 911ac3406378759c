//! Rows G-22 and G-23 of the list of attacks on a ledger and its hosts.

use crate::place::{CONFIG, LIMIT, Person, Place, adds_up};
use checks::{
    between::{Rule, Step},
    earner::Earner,
    host::Host,
};
use meter_core::{
    Amount, ByteCount, DurationMs, LedgerSigner, PolicyNumber, Reason, Reasons, Receipt,
    SessionReport, Tariff, UnixMs, Verified,
};
use meter_wire::{
    ErrorCode, Sending, Status,
    ledger::{Answer, Answers, Outcome, WireSigned},
};
use std::time::Instant;

/// A receipt that awards all of a report.
fn whole(ledger: &LedgerSigner, report: &Verified<SessionReport>) -> Receipt {
    let value = report.value();
    Receipt {
        reasons: Reasons::NONE,
        ledger: ledger.key(),
        device: value.key,
        chain: value.chain,
        sequence: value.sequence,
        link: value.link(),
        at: UnixMs::from_u32(9),
        awarded_duration: value.duration,
        awarded_bytes: value.bytes(),
        amount: value.amount,
        awarded_total: value.totals.amount,
        policy: PolicyNumber(1),
        tariff: Tariff::V1.id(),
    }
}

/// What a ledger sends back for one report, with this receipt.
fn answer(receipt: &Receipt, by: &LedgerSigner) -> Vec<u8> {
    let signed = by.sign(receipt).unwrap();
    let outcomes = vec![Answer {
        outcome: Outcome::Accepted,
        receipt: Some(WireSigned::try_from(signed.signed()).unwrap()),
        head: None,
        code: None,
    }];
    let body = serde_json::to_string(&Answers { outcomes }).unwrap();
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
    format!("{head} {length}\r\n\r\n{body}").into_bytes()
}

fn contradicts(status: &Status, kind: &str) -> bool {
    let ledger = status.ledger.as_ref().unwrap();
    matches!(&ledger.sending, Sending::Stopped(problem)
        if problem.code == ErrorCode::LedgerContradicts
            && problem.detail.as_ref().is_some_and(|detail| detail.contains(kind)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_22_l_03_l_04_a_receipt_that_does_not_hold_is_a_contradiction_and_counts_nothing() {
    type Lie = fn(&LedgerSigner, [&Verified<SessionReport>; 2]) -> Vec<u8>;
    let lies: [(&str, Lie); 2] = [
        ("other_report", |ledger, [first, _]| {
            answer(&whole(ledger, first), ledger)
        }),
        ("order", |ledger, [_, second]| {
            // A total of nothing is smaller than the one before.
            let nothing = Receipt {
                reasons: Reasons::NONE
                    .with(Reason::TimeBudget)
                    .with(Reason::ByteBudget),
                awarded_duration: DurationMs::ZERO,
                awarded_bytes: ByteCount::ZERO,
                amount: Amount::ZERO,
                awarded_total: Amount::ZERO,
                ..whole(ledger, second)
            };
            answer(&nothing, ledger)
        }),
    ];
    for (kind, lie) in lies {
        let mut place = Place::new().await;
        let ledger = LedgerSigner::from_seed(&place.ledger.key_seed().unwrap());
        let first = place.person.earns(1).remove(0);
        let before = place.person.is_answered().await;
        place.between.rule(Rule::Closed);
        let second = place.person.earns(1).remove(0);
        place.between.lie(Some(lie(&ledger, [&first, &second])));
        place.between.rule(Rule::Pass);
        let status = place.person.sees(|status| contradicts(status, kind)).await;
        let credited = |status: &Status| status.ledger.as_ref().unwrap().credited;
        assert_eq!(credited(&status), credited(&before), "{kind}");
        adds_up(&status);
        // The next daemon knows it too, and sends nothing to a ledger that tells the truth again.
        place.between.lie(None);
        place.person.dies().await;
        let status = place.person.sees(|status| contradicts(status, kind)).await;
        assert_eq!(status.ledger.unwrap().waiting_reports.0, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_22_an_answer_with_a_wrong_signature_accuses_nobody_and_is_tried_again() {
    let mut place = Place::new().await;
    let ledger = LedgerSigner::from_seed(&place.ledger.key_seed().unwrap());
    place.person.earns(1);
    let before = place.person.is_answered().await;
    place.between.rule(Rule::Closed);
    let second = place.person.earns(1).remove(0);
    // A digit of the signature is another one than the ledger's.
    let answer = String::from_utf8(answer(&whole(&ledger, &second), &ledger)).unwrap();
    let (before_it, signature) = answer.split_once(r#""signature":""#).unwrap();
    let digit = if signature.starts_with('0') { '1' } else { '0' };
    let rest = signature.get(1..).unwrap();
    let forged = format!(r#"{before_it}"signature":"{digit}{rest}"#).into_bytes();
    place.between.lie(Some(forged));
    place.between.rule(Rule::Pass);
    let said = place.person.host.run(&["ledger", "send", "--json"]);
    let said = said.unwrap_err().to_string();
    assert!(said.contains("ledger_unreadable"), "{said}");
    assert!(
        said.contains("was not signed by the ledger's key"),
        "{said}"
    );
    let status = place.person.status();
    let ledger = status.ledger.as_ref().unwrap();
    assert_eq!(ledger.credited, before.ledger.as_ref().unwrap().credited);
    assert!(ledger.sending.sentence().contains("nothing of it counts"));
    let said = place.person.host.run(&["ledger"]).unwrap();
    assert!(said.contains("The last try failed: "), "{said}");
    let file = place.person.host.folder().join("all.json");
    let file = file.to_str().unwrap();
    place.person.host.run(&["export", file]).unwrap();
    let proven = place.person.host.run(&["verify", file]).unwrap();
    assert!(!proven.contains("contradicts itself"), "{proven}");
    // The ledger itself answers again.
    place.between.lie(None);
    let said = place
        .person
        .host
        .run(&["ledger", "send", "--json"])
        .unwrap();
    assert!(said.contains(r#""sent""#), "{said}");
    place.person.is_answered().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_22_an_answer_that_is_none_is_tried_again_and_the_daemon_goes_on() {
    let mut place = Place::new().await;
    place.person.earns(1);
    place.settles().await;
    let told = "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n";
    let gigabyte = [told.as_bytes(), &[b' '; 1 << 20]].concat();
    let redirect = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\n\
                     Content-Length: 0\r\n\r\n";
    for lie in [gigabyte, redirect.to_vec()] {
        place.between.lie(Some(lie));
        place.person.earns(1);
        let waits = |status: &Status| {
            let ledger = status.ledger.as_ref().unwrap();
            ledger.waiting_reports.0 == 1 && matches!(ledger.sending, Sending::Waiting { .. })
        };
        place.person.sees(waits).await;
        place.between.lie(None);
        place.settles().await;
    }
    // An answer that never comes: the daemon answers at once meanwhile, and signs more reports.
    place.between.rule(Rule::Stop(Step::AfterSending));
    place.person.earns(1);
    place.between.applied(LIMIT).await.unwrap();
    let begun = Instant::now();
    let status = place.person.status();
    assert_eq!(status.ledger.unwrap().sending, Sending::Sending);
    assert!(begun.elapsed() < LIMIT);
    place.person.earns(1);
    place.between.rule(Rule::Pass);
    place.settles().await;
    place.has_receipts(5);
}

/// The copy goes on from the same place with other reports.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn g_23_of_two_daemons_with_one_home_each_goes_on_with_a_chain_of_its_own() {
    let begun = Instant::now();
    let mut place = Place::new().await;
    place.person.earns(2);
    place.settles().await;
    place.person.host.end().unwrap();
    let mut host = Host::copy_of(&place.person.host, CONFIG).unwrap();
    place.person.host.start_again().unwrap();
    for host in [&mut host, &mut place.person.host] {
        host.wait_for(LIMIT, |_| true).await.unwrap();
    }
    let mut copy = Person {
        earner: Earner::of(&host).unwrap(),
        account: place.person.account.clone(),
        host,
    };
    // Both know where the ledger has the chain before one of them sends.
    copy.earner.bytes += 1;
    place.between.rule(Rule::Stop(Step::BeforeSending));
    copy.earns(1);
    place.between.applied(LIMIT).await.unwrap();
    place.between.rule(Rule::Pass);
    place.person.earns(1);
    place.person.is_answered().await;
    // Another report with the same number: the ledger freezes the chain, and the copy leaves it.
    copy.send();
    let left = |status: &Status| {
        let ledger = status.ledger.as_ref();
        ledger.is_some_and(|ledger| ledger.chain_end.as_deref() == Some("frozen"))
    };
    copy.sees(left).await;
    // So does the first one, when it sends the next time.
    place.person.earns(1);
    place.person.sees(left).await;
    for person in [&mut place.person, &mut copy] {
        person.earner = Earner::of(&person.host).unwrap();
        person.earns(2);
        person.is_answered().await;
    }
    assert_ne!(place.person.status().chain, copy.status().chain);
    place.ledger.run(&["audit"]).unwrap();
    // The time of two daemons passes once.
    let told = place
        .ledger
        .run(&["account", "show", &copy.account, "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told.unwrap()).unwrap();
    let elapsed = u64::try_from(begun.elapsed().as_millis()).unwrap();
    let most = elapsed * 100_000 + 500 * 7 * 100_001;
    let credits = nanocredits(told["credits"].as_str().unwrap());
    assert!((1..=most).contains(&credits), "{credits} of {most}");
}

/// An exact decimal number of credits.
fn nanocredits(text: &str) -> u64 {
    let (whole, part) = text.split_once('.').unwrap();
    format!("{}{part:0<9}", whole.replace(',', ""))
        .parse()
        .unwrap()
}
