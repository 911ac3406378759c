//! Encodes and strictly decodes the 200 bytes of a body. Each report has exactly one encoding.

use super::{ChainId, LinkHash, RunningTotals, SessionReport};
use crate::{
    Amount, ByteCount, DeviceKey, DurationMs, Signable, SignedKind, Tariff, TariffId, UnixMs,
    layout::{FormError, Reader, Writer},
};

/// Length of a session report's body.
pub const SESSION_REPORT_BODY_BYTES: usize = 200;

const MAGIC: &str = "OMSR";
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

impl From<FormError> for BodyError {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Length { found, .. } => Self::Length(found),
            FormError::Magic(_) => Self::Magic,
            FormError::Version(version) => Self::Version(version),
            FormError::Kind(kind) => Self::Kind(kind),
            FormError::Reserved => Self::Reserved,
            FormError::Range(field) => Self::Range(field),
        }
    }
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
    let mut writer = Writer::new(MAGIC, KIND_SESSION)
        .put(&flags.to_be_bytes())
        .put(&report.chain.0)
        .put(&report.key.0)
        .number(report.sequence)
        .put(&report.previous.0);
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
        writer = writer.number(number);
    }
    writer.number_32(report.tariff.0).put(&[0; 20]).finish()
}

fn decode(body: &[u8]) -> Result<SessionReport, BodyError> {
    let (mut reader, kind) = Reader::open::<SESSION_REPORT_BODY_BYTES>(body, MAGIC)?;
    if kind != KIND_SESSION {
        return Err(BodyError::Kind(kind));
    }
    let flags = u16::from_be_bytes(reader.take());
    if flags & !FLAG_RESUMED != 0 {
        return Err(BodyError::Reserved);
    }
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
        tariff: TariffId(reader.number_32()),
    };
    reader.zeros::<20>()?;
    check(&report)?;
    Ok(report)
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
