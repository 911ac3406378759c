//! One number everywhere: what two places show of one thing is the same text.

use crate::{file::csv, samples};
use meter_core::{Reason, credits_exact};
use onionmeter_ledger::pages::{History, Range, html, plain};

/// The exact values of the amounts that a page shows, in order.
fn amounts(page: &str) -> Vec<&str> {
    let values = page.split("<data class=\"credits\" value=\"").skip(1);
    values.filter_map(|rest| rest.split('"').next()).collect()
}

fn nanocredits(text: &str) -> i64 {
    let (whole, decimals) = text.split_once('.').expect("a point");
    format!("{whole}{decimals:0<9}").parse().expect("digits")
}

/// The text between two marks.
fn part<'a>(page: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = page.split_once(from).expect(from);
    rest.split_once(to).expect(to).0
}

#[test]
fn the_table_sums_to_its_last_line_and_with_what_is_earlier_to_the_balance() {
    let history = samples::history(400);
    for range in Range::ALL {
        let page = html(&samples::overview(&history, range));
        let balance = credits_exact(history.awarded);
        assert_eq!(amounts(&page)[0], balance);
        let body = amounts(part(&page, "<tbody>", "</tbody>"));
        let total = |column: usize| -> i64 {
            let cells = body.iter().skip(column).step_by(3);
            cells.map(|text| nanocredits(text)).sum()
        };
        let last = amounts(part(&page, "<tfoot>", "</tfoot>"));
        let last: Vec<_> = last.into_iter().map(nanocredits).collect();
        assert_eq!(last, [total(0), total(1), total(2)]);
        assert_eq!(last[0] + last[1], last[2]);
        let sum = amounts(part(&page, "<dl class=\"sum\">", "</dl>"));
        let [earlier, shown, credited] = sum[..] else {
            panic!("{sum:?}")
        };
        assert_eq!(
            nanocredits(earlier) + nanocredits(shown),
            nanocredits(credited)
        );
        assert_eq!((nanocredits(shown), credited), (last[2], balance.as_str()));
        let legend = amounts(part(&page, "<ul class=\"legend\">", "</ul>"));
        assert_eq!(nanocredits(legend[0]) + nanocredits(legend[1]), last[2]);
    }
}

/// The picture, its text and the table are made of the same numbers.
#[test]
fn each_bar_says_the_number_that_the_table_has() {
    let history = samples::history(400);
    let overview = samples::overview(&history, Range::Month);
    let page = html(&overview);
    let titles: Vec<_> = page.split("<g class=\"slot\"><title>").skip(1).collect();
    assert_eq!(titles.len(), 30);
    for (title, row) in titles.iter().rev().zip(&overview.rows) {
        let amount = plain(meter_core::Amount::new(row.total.0.unsigned_abs()).expect("fits"));
        assert!(
            title.contains(&format!(": {amount} credits (time ")),
            "{amount}"
        );
    }
    assert!(page.contains(&format!(
        "together {} credits",
        plain(overview.chart.legend.total)
    )));
}

#[test]
fn devices_and_removed_devices_sum_to_the_balance() {
    let page = samples::devices();
    let texts = html(&page);
    let mut shown = amounts(&texts).into_iter().map(nanocredits);
    assert_eq!(shown.next(), Some(page.credited.0));
    assert_eq!(shown.sum::<i64>(), page.credited.0);
}

#[test]
fn a_page_without_a_session_says_what_to_do_and_shows_no_picture() {
    let empty = samples::empty_history();
    let page = html(&samples::overview(&empty, Range::Month));
    assert!(page.contains("No session yet") && page.contains("onionmeter status"));
    assert!(!page.contains("<svg"));
    let page = html(&samples::sessions_page(&[], (None, None)));
    assert!(page.contains("No session yet") && page.contains("onionmeter status"));
    assert!(!page.contains("CSV"));
}

#[test]
fn every_difference_between_claimed_and_credited_has_a_sentence_and_both_formulas() {
    let lowered = |reason| {
        let whole = samples::session(5, (45_000, 12_000, 138_000));
        let session = samples::lowered(whole, (30_000, 150_000), &[reason]);
        html(&samples::sessions_page(&[session], (None, None)))
    };
    for reason in Reason::ALL {
        let page = lowered(reason);
        assert!(page.contains("45.0 s × 0.1 + 0.15 MB × 0.5 = 4.575"));
        assert!(page.contains("30.0 s × 0.1 + 0.15 MB × 0.5 = 3.075"));
        let sentence = part(&page, "class=\"pill warn\">", "</li>");
        assert!(sentence.ends_with('.') && sentence.len() > 60, "{sentence}");
    }
    let whole = samples::session(5, (45_000, 12_000, 138_000));
    let page = html(&samples::sessions_page(&[whole], (None, None)));
    assert_eq!(page.matches("= 4.575").count(), 1);
    assert!(!page.contains("pill warn"));
}

/// A deleted report is not a session of zero bytes.
#[test]
fn what_the_ledger_deleted_is_said_to_be_deleted_and_not_zero() {
    let mut session = samples::session(5, (45_000, 12_000, 138_000));
    session.claim = None;
    let page = html(&samples::sessions_page(
        std::slice::from_ref(&session),
        (None, None),
    ));
    assert_eq!(page.matches("not kept").count(), 3);
    assert!(page.contains("the receipt stays"));
    assert!(csv(&[session], 0).contains(",\"\",\"\",\"\",\"\",\"45000\""));
}

#[test]
fn the_csv_file_has_the_pages_numbers_and_their_sum() {
    let sessions = samples::sessions();
    let sum = sessions
        .iter()
        .map(|session| session.credited.get_signed())
        .sum();
    let file = csv(&sessions, sum);
    let lines: Vec<_> = file.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), sessions.len() + 2);
    let column = |line: &str| line.split("\",\"").nth(10).map(nanocredits);
    let all = lines[1..=sessions.len()]
        .iter()
        .filter_map(|line| column(line));
    assert_eq!(Some(all.sum()), column(lines[sessions.len() + 1]));
    let page = html(&samples::sessions_page(&sessions, (None, None)));
    for session in &sessions {
        let exact = credits_exact(session.credited);
        assert!(page.contains(&format!("value=\"{exact}\"")) && file.contains(&exact));
    }
}

#[test]
fn the_policy_prints_the_price_of_a_lie() {
    let pages = samples::all();
    let sentence = "Whatever it claims, an account earns at most 9,640 credits a day; doing \
         nothing earns 8,640.";
    for name in ["policy", "policy-open", "landing"] {
        let page = pages.iter().find(|page| page.0 == name).expect(name);
        assert!(page.1.contains(sentence), "{name}");
    }
}

/// No number is shown that does not agree with the others.
#[test]
fn an_account_whose_numbers_disagree_has_no_overview() {
    let mut wrong: History = samples::history(30);
    wrong.awarded = meter_core::Amount::from_u32(1);
    let frame = samples::person(onionmeter_ledger::pages::Tab::Overview);
    assert!(onionmeter_ledger::pages::Overview::new(frame, &wrong, Range::Month).is_err());
}
