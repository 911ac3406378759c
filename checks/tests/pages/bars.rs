//! The bars of the dashboard: what they sum to, and where they begin.

use crate::fixture::Fixture;
use serde_json::json;

/// Bars, table and balance are one number. Amounts are compared as integers.
pub(crate) async fn sum_to_the_balance(fixture: &Fixture) {
    let sums = "const nano = (text) => {
            const [whole, part = ''] = text.replace(/[^0-9.]/g, '').split('.');
            return BigInt(whole + part.padEnd(9, '0'));
        };
        const result = [];
        for (const span of ['hours', 'days', 'weeks']) {
            document.querySelector(`input[value=${span}]`).click();
            const cells = [...document.querySelectorAll('[data-field=credits]')];
            const bars = cells.reduce((sum, cell) => sum + nano(cell.textContent), 0n);
            const words = document.getElementById('picture-sum').textContent;
            const before = /with ([0-9.,]+) before/.exec(words)?.[1] ?? '0';
            const shown = /^([0-9.,]+) credits/.exec(words)[1];
            const balance = nano(document.getElementById('balance').title);
            result.push(nano(shown) === bars, bars + nano(before) === balance, bars > 0n);
        }
        document.querySelector('input[value=days]').click();
        return result";
    assert_eq!(fixture.run(sums).await, json!(vec![true; 9]));
    let zone = "return document.getElementById('picture-zone').textContent
        .endsWith(`${Intl.DateTimeFormat().resolvedOptions().timeZone}.`)";
    assert_eq!(fixture.run(zone).await, true);
}

/// On the days on which the clock is put forward and back, too.
pub(crate) async fn are_hours_and_days_of_the_zone(fixture: &Fixture) {
    let lengths = "const { edges } = await import('/dashboard/calendar.js');
        const lengths = (span, now) => {
            const all = edges(span, 'en', now);
            return all.slice(1).map((end, place) => (end - all[place]) / 3_600_000);
        };
        const only = (all, length) => all.every((each) => each === length);
        const count = (all, length) => all.filter((each) => each === length).length;
        const result = [];
        for (const [month, day, odd] of [[2, 28, 23], [9, 31, 25]]) {
            const hours = lengths('hours', new Date(2027, month, day, 12, 34, 56, 789));
            const days = lengths('days', new Date(2027, month, day + 3));
            result.push(hours.length === 24, only(hours, 1));
            result.push(days.length === 30, count(days, odd) === 1, count(days, 24) === 29);
        }
        const [begun] = edges('hours', 'en', new Date(2027, 0, 15, 12, 34)).slice(-2);
        return [...result, begun === new Date(2027, 0, 15, 12).getTime()]";
    assert_eq!(fixture.run(lengths).await, json!(vec![true; 11]));
}
