//! Encodes and strictly decodes the 200 bytes of a body. Numbers are big-endian. Each report has
//! exactly one encoding.

use super::{ChainId, LinkHash, RunningTotals, SessionReport};
use crate::{
    Amount, ByteCount, DeviceKey, DurationMs, Signable, SignedKind, Tariff, TariffId, UnixMs,
};

/// Length of a session report's body.
pub const SESSION_REPORT_BODY_BYTES: usize = 200;

const MAGIC: [u8; 4] = *b"OMSR";
const VERSION: u8 = 1;
const KIND_SESSION: u8 = 1;
const FLAG_RESUMED: u16 = 1;

/// Why a body is not a session report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BodyError {
    /// The body does not have 200 bytes.
    #[error("the body has {0} bytes instead of 200")]
    Length(usize),
    /// The body does not begin with `OMSR`.
    #[error("the body is not a session report")]
    Magic,
    /// The body has another version of the format.
    #[error("version {0} of the report format is not known here")]
    Version(u8),
    /// The body is another kind of report.
    #[error("report kind {0} is not known here")]
    Kind(u8),
    /// A flag outside those of version 1, or a reserved byte that is not zero.
    #[error("a reserved bit or byte is not zero")]
    Reserved,
    /// A number above 2⁶³ − 1.
    #[error("{0} exceeds 2^63 - 1")]
    Range(&'static str),
    /// Sequence numbers start at 1.
    #[error("the sequence number is 0")]
    SequenceZero,
    /// The session ends before it starts.
    #[error("the session ends before it starts")]
    EndBeforeStart,
    /// This program does not know the tariff.
    #[error("tariff {0} is not known here")]
    Tariff(u32),
    /// The amount differs from the result of the tariff.
    #[error("the amount is not what the tariff gives for these totals")]
    Amount,
    /// A running total is smaller than this session's value, or differs from it in the first
    /// report.
    #[error("a running total does not contain this session")]
    Totals,
}

impl Signable for SessionReport {
    const KIND: SignedKind = SignedKind::SessionReport;
    type Key = DeviceKey;
    type Body = [u8; SESSION_REPORT_BODY_BYTES];
    type Error = BodyError;

    fn to_body(&self) -> [u8; SESSION_REPORT_BODY_BYTES] {
        encode(self)
    }

    fn from_body(body: &[u8]) -> Result<Self, BodyError> {
        decode(body)
    }

    fn signer(&self) -> DeviceKey {
        self.key
    }
}

fn encode(report: &SessionReport) -> [u8; SESSION_REPORT_BODY_BYTES] {
    let flags = if report.resumed { FLAG_RESUMED } else { 0 };
    let totals = &report.totals;
    let mut writer = Writer {
        body: [0; SESSION_REPORT_BODY_BYTES],
        at: 0,
    };
    writer.put(&MAGIC);
    writer.put(&[VERSION, KIND_SESSION]);
    writer.put(&flags.to_be_bytes());
    writer.put(&report.chain.0);
    writer.put(&report.key.0);
    writer.put(&report.sequence.to_be_bytes());
    writer.put(&report.previous.0);
    for number in [
        report.started_at.get(),
        report.ended_at.get(),
        report.duration.get(),
        report.bytes_up.get(),
        report.bytes_down.get(),
        report.amount.get(),
        totals.duration.get(),
        totals.bytes_up.get(),
        totals.bytes_down.get(),
        totals.amount.get(),
    ] {
        writer.put(&number.to_be_bytes());
    }
    writer.put(&report.tariff.0.to_be_bytes());
    writer.put(&[0; 20]);
    debug_assert_eq!(
        writer.at, SESSION_REPORT_BODY_BYTES,
        "every byte is written"
    );
    writer.body
}

fn decode(body: &[u8]) -> Result<SessionReport, BodyError> {
    let body: &[u8; SESSION_REPORT_BODY_BYTES] =
        body.try_into().map_err(|_| BodyError::Length(body.len()))?;
    let mut reader = Reader { rest: body };
    let flags = header(&mut reader)?;
    let report = SessionReport {
        resumed: flags & FLAG_RESUMED != 0,
        chain: ChainId(reader.take()),
        key: DeviceKey(reader.take()),
        sequence: reader.number("the sequence number")?,
        previous: LinkHash(reader.take()),
        started_at: reader.unit("the start time", UnixMs::new)?,
        ended_at: reader.unit("the end time", UnixMs::new)?,
        duration: reader.unit("the duration", DurationMs::new)?,
        bytes_up: reader.unit("bytes up", ByteCount::new)?,
        bytes_down: reader.unit("bytes down", ByteCount::new)?,
        amount: reader.unit("the amount", Amount::new)?,
        totals: RunningTotals {
            duration: reader.unit("the total duration", DurationMs::new)?,
            bytes_up: reader.unit("total bytes up", ByteCount::new)?,
            bytes_down: reader.unit("total bytes down", ByteCount::new)?,
            amount: reader.unit("the total amount", Amount::new)?,
        },
        tariff: TariffId(u32::from_be_bytes(reader.take())),
    };
    if reader.take::<20>() != [0; 20] {
        return Err(BodyError::Reserved);
    }
    check(&report)?;
    Ok(report)
}

fn header(reader: &mut Reader<'_>) -> Result<u16, BodyError> {
    if reader.take() != MAGIC {
        return Err(BodyError::Magic);
    }
    let [version, kind] = reader.take();
    if version != VERSION {
        return Err(BodyError::Version(version));
    }
    if kind != KIND_SESSION {
        return Err(BodyError::Kind(kind));
    }
    let flags = u16::from_be_bytes(reader.take());
    if flags & !FLAG_RESUMED != 0 {
        return Err(BodyError::Reserved);
    }
    Ok(flags)
}

/// Checks the rules that need only this body and no other report of its chain.
fn check(report: &SessionReport) -> Result<(), BodyError> {
    if report.sequence == 0 {
        return Err(BodyError::SequenceZero);
    }
    if report.ended_at < report.started_at {
        return Err(BodyError::EndBeforeStart);
    }
    let tariff = Tariff::by_id(report.tariff).ok_or(BodyError::Tariff(report.tariff.0))?;
    let bytes = report
        .bytes_up
        .checked_add(report.bytes_down)
        .ok_or(BodyError::Amount)?;
    let award = tariff
        .award(report.duration, bytes)
        .map_err(|_| BodyError::Amount)?;
    if award.total != report.amount {
        return Err(BodyError::Amount);
    }
    let pairs = [
        (report.totals.duration.get(), report.duration.get()),
        (report.totals.bytes_up.get(), report.bytes_up.get()),
        (report.totals.bytes_down.get(), report.bytes_down.get()),
        (report.totals.amount.get(), report.amount.get()),
    ];
    let contains = |&(total, addend): &(u64, u64)| {
        if report.sequence == 1 {
            total == addend
        } else {
            total >= addend
        }
    };
    if pairs.iter().all(contains) {
        Ok(())
    } else {
        Err(BodyError::Totals)
    }
}

struct Writer {
    body: [u8; SESSION_REPORT_BODY_BYTES],
    at: usize,
}

impl Writer {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.at.saturating_add(bytes.len());
        let place = self
            .body
            .get_mut(self.at..end)
            .expect("the fields add up to the length");
        place.copy_from_slice(bytes);
        self.at = end;
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self
            .rest
            .split_first_chunk()
            .expect("the length was checked first");
        self.rest = rest;
        *field
    }

    fn unit<T>(
        &mut self,
        field: &'static str,
        new: impl Fn(u64) -> Option<T>,
    ) -> Result<T, BodyError> {
        new(u64::from_be_bytes(self.take())).ok_or(BodyError::Range(field))
    }

    fn number(&mut self, field: &'static str) -> Result<u64, BodyError> {
        self.unit(field, |number| {
            i64::try_from(number).is_ok().then_some(number)
        })
    }
}
