//! The colours can be told apart, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11).

use meter_fixtures::colours::contrast;
use onionmeter_ledger::pages::STYLES;
use std::collections::BTreeMap;

/// The colours of one block: from name to `#rrggbb`.
fn colours(block: &str) -> BTreeMap<&str, &str> {
    let lines = block
        .lines()
        .filter_map(|line| line.trim().split_once(": "));
    lines
        .filter_map(|(name, value)| Some((name.strip_prefix("--")?, value.strip_suffix(';')?)))
        .collect()
}

/// Light and dark.
fn schemes() -> [BTreeMap<&'static str, &'static str>; 2] {
    let mut blocks = STYLES.split(":root {").skip(1);
    [(); 2].map(|()| {
        let block = blocks.next().expect("two blocks of colours");
        colours(block.split_once('}').expect("an end").0)
    })
}

#[track_caller]
fn check(pairs: &[(&str, &str)], least: f64) {
    for scheme in schemes() {
        for (one, other) in pairs {
            let ratio = contrast(scheme[one], scheme[other]);
            assert!(ratio >= least, "{one} on {other}: {ratio:.2} of {least}");
        }
    }
}

#[test]
fn every_text_can_be_read_in_light_and_in_dark() {
    let plain = ["paper", "card", "off-soft", "track"];
    let mut pairs = vec![
        ("accent-text", "accent"),
        ("good", "good-soft"),
        ("warn", "warn-soft"),
        ("alarm", "alarm-soft"),
        ("off", "off-soft"),
        ("text", "alarm-soft"),
        ("alarm", "card"),
        ("accent", "paper"),
        ("accent", "card"),
    ];
    pairs.extend(plain.map(|ground| ("text", ground)));
    pairs.extend(plain.map(|ground| ("quiet", ground)));
    check(&pairs, 4.5);
}

#[test]
fn bars_edges_and_the_focus_can_be_seen_in_light_and_in_dark() {
    let pairs = [
        ("time", "card"),
        ("bytes", "card"),
        ("field", "card"),
        ("field", "paper"),
        ("accent", "paper"),
    ];
    check(&pairs, 3.0);
    // Both parts of a bar also differ in lightness, for people who do not see the hues.
    check(&[("time", "bytes")], 1.6);
}

#[test]
fn both_schemes_define_the_same_colours() {
    let [light, dark] = schemes();
    assert_eq!(
        light.keys().collect::<Vec<_>>(),
        dark.keys().collect::<Vec<_>>()
    );
    assert!(light.len() > 15);
}
