//! The colours can be told apart, in light and in dark (WCAG 2.2, 1.4.3 and 1.4.11).

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

/// WCAG 2.2: contrast ratio of two colours by their relative luminance.
fn contrast(one: &str, other: &str) -> f64 {
    let luminance = |colour: &str| {
        let channel = |at: usize| {
            let digits = colour.get(at..at + 2).expect("#rrggbb");
            let share = f64::from(u8::from_str_radix(digits, 16).expect("hex")) / 255.0;
            match share <= 0.040_45 {
                true => share / 12.92,
                false => ((share + 0.055) / 1.055).powf(2.4),
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
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
