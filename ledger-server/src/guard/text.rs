//! The form of the file: lines of fixed length, so that one can be replaced where it stands.

use super::record::{Instance, Mark, Record, WRITERS_MAX};
use meter_core::UnixMs;

const HEAD: &str = "onionmeter-ledger rollback guard, version 1. It stays beside the database and \
                    out of every backup.\n";
const IN_USE: &str = "state in-use  \n";
const RESTORED: &str = "state restored\n";
/// `instance ` and 32 hexadecimal digits.
const INSTANCE_BYTES: usize = 9 + 32 + 1;
/// See [`line`].
const LINE_BYTES: usize = 59;

/// The whole text.
pub(super) fn of(record: &Record) -> String {
    let mut text = HEAD.to_owned();
    text += &format!("instance {}\n", hex::encode(record.instance.0));
    text += if record.restored { RESTORED } else { IN_USE };
    for (writer, mark) in record.marks.iter().enumerate() {
        text += &line_of(writer, *mark);
    }
    text
}

/// The line of a thread, and its place in the file.
pub(super) fn line(writer: usize, mark: Mark) -> Option<(String, u64)> {
    let before = HEAD.len() + INSTANCE_BYTES + IN_USE.len();
    let place = u64::try_from(before + writer * LINE_BYTES).ok()?;
    (writer < WRITERS_MAX).then(|| (line_of(writer, mark), place))
}

fn line_of(writer: usize, mark: Mark) -> String {
    let (receipts, at) = (mark.receipts, mark.at.get());
    format!("{writer:02} receipts {receipts:020} last {at:020}\n")
}

/// Reads the whole text; `None` if it is anything else than [`of`] writes.
pub(super) fn parse(text: &str) -> Option<Record> {
    let rest = text.strip_prefix(HEAD)?;
    let (instance, rest) = rest.strip_prefix("instance ")?.split_once('\n')?;
    let mut id = [0; 16];
    hex::decode_to_slice(instance, &mut id).ok()?;
    let (restored, rest) = match rest.strip_prefix(RESTORED) {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix(IN_USE)?),
    };
    let mut marks = [Mark::default(); WRITERS_MAX];
    let mut lines = rest.lines();
    for mark in &mut marks {
        let (_, numbers) = lines.next()?.split_once(" receipts ")?;
        let (receipts, at) = numbers.split_once(" last ")?;
        *mark = Mark {
            receipts: receipts.parse().ok()?,
            at: UnixMs::new(at.parse().ok()?)?,
        };
    }
    let record = Record {
        instance: Instance(id),
        restored,
        marks,
    };
    (of(&record) == text).then_some(record)
}
