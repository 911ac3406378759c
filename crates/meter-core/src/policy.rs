//! The policy: the numbered rules by which a ledger awards, signed by the ledger, 128 bytes.
//!
//! Layout, limits and test vectors: `docs/spec/policy.md`.

use crate::{
    Amount, Award, ByteCount, DurationMs, LedgerKey, Signable, SignedKind, Tariff, TariffId,
    UnixMs,
    layout::{FormError, Reader, Writer},
};

/// Length of a policy's body.
pub const POLICY_BODY_BYTES: usize = 128;

const MAGIC: &str = "OMPO";

/// Number of a policy, from 1. A ledger never gives one number to two policies.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PolicyNumber(pub u32);

/// Who may open an account.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EnrolmentRule {
    /// Everybody.
    Open,
    /// Who has an invitation.
    ByInvitation,
}

/// The rules of a ledger.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    /// Who may open an account.
    pub enrolment: EnrolmentRule,
    /// The key that signs it.
    pub ledger: LedgerKey,
    /// Its number.
    pub number: PolicyNumber,
    /// The tariff of every award.
    pub tariff: TariffId,
    /// From this time of the ledger's clock on it applies.
    pub effective_at: UnixMs,
    /// The longest time that an account may claim at once, since the last time that it was awarded.
    pub time_backlog: DurationMs,
    /// Bytes that an account may claim for one day of the ledger's clock.
    pub bytes_per_day: ByteCount,
    /// The longest time whose bytes an account may claim at once.
    pub byte_backlog: DurationMs,
    /// The longest session that is awarded whole.
    pub session_cap: DurationMs,
    /// Most devices of one account at a time.
    pub devices_per_account: u32,
    /// Most chains that one device may begin in one day.
    pub chains_per_day: u32,
    /// Most reports that one device may submit in one minute.
    pub reports_per_minute: u32,
}

/// Why a body is not a policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// The bytes do not have the form of a policy.
    #[error("{0}")]
    Form(#[from] FormError),
    /// The byte for open or by invitation has another value.
    #[error("enrolment rule {0} is not known here")]
    Enrolment(u8),
    /// Policies are numbered from 1.
    #[error("the number of the policy is 0")]
    NumberZero,
    /// This program does not know the tariff.
    #[error("tariff {0} is not known here")]
    Tariff(u32),
    /// A limit of 0 would let nobody in.
    #[error("{0} is 0; the least is 1")]
    LimitZero(&'static str),
    /// The most that an account earns in a day would exceed 2⁶³ − 1 nanocredits.
    #[error("the most of one day exceeds 2^63 - 1 nanocredits")]
    Amount,
}

impl Policy {
    /// The policy of a new ledger, the first one that it signs. Its numbers are the mission's:
    /// whatever it claims, an account earns at most 9,640 credits a day.
    #[must_use]
    pub const fn first(ledger: LedgerKey, enrolment: EnrolmentRule, effective_at: UnixMs) -> Self {
        Self {
            enrolment,
            ledger,
            number: PolicyNumber(1),
            tariff: Tariff::V1.id(),
            effective_at,
            time_backlog: DurationMs::from_u32(7 * 86_400_000),
            bytes_per_day: ByteCount::from_u32(2_000_000_000),
            byte_backlog: DurationMs::DAY,
            session_cap: DurationMs::from_u32(7_200_000),
            devices_per_account: 10,
            chains_per_day: 20,
            reports_per_minute: 120,
        }
    }

    /// The most that an account earns for one day of the ledger's clock, whatever its devices
    /// claim: the whole day, and the day's allowance of bytes. Zero if the tariff is unknown or the
    /// sum exceeds the limit; neither occurs in a decoded policy.
    #[must_use]
    pub fn most_per_day(&self) -> Award {
        self.of_one_day().unwrap_or_default()
    }

    /// What an account earns for one day in which nothing was transferred.
    #[must_use]
    pub fn idle_per_day(&self) -> Amount {
        self.most_per_day().time
    }

    fn of_one_day(&self) -> Result<Award, PolicyError> {
        let tariff = Tariff::by_id(self.tariff).ok_or(PolicyError::Tariff(self.tariff.0))?;
        let award = tariff.award(DurationMs::DAY, self.bytes_per_day);
        award.map_err(|_| PolicyError::Amount)
    }

    fn check(&self) -> Result<(), PolicyError> {
        if self.number.0 == 0 {
            return Err(PolicyError::NumberZero);
        }
        let most = self.of_one_day();
        if let Err(PolicyError::Tariff(_)) = most {
            return Err(PolicyError::Tariff(self.tariff.0));
        }
        for (limit, name) in [
            (
                self.devices_per_account,
                "the number of devices of an account",
            ),
            (self.chains_per_day, "the number of chains of a day"),
            (self.reports_per_minute, "the number of reports of a minute"),
        ] {
            if limit == 0 {
                return Err(PolicyError::LimitZero(name));
            }
        }
        most.map(|_| ())
    }
}

impl Signable for Policy {
    const KIND: SignedKind = SignedKind::Policy;
    type Key = LedgerKey;
    type Body = [u8; POLICY_BODY_BYTES];
    type Error = PolicyError;

    fn to_body(&self) -> [u8; POLICY_BODY_BYTES] {
        let enrolment = match self.enrolment {
            EnrolmentRule::Open => 1,
            EnrolmentRule::ByInvitation => 2,
        };
        Writer::new(MAGIC, enrolment)
            .put(&[0; 2])
            .put(&self.ledger.0)
            .number_32(self.number.0)
            .number_32(self.tariff.0)
            .number(self.effective_at.get())
            .number(self.time_backlog.get())
            .number(self.bytes_per_day.get())
            .number(self.byte_backlog.get())
            .number(self.session_cap.get())
            .number_32(self.devices_per_account)
            .number_32(self.chains_per_day)
            .number_32(self.reports_per_minute)
            .put(&[0; 28])
            .finish()
    }

    fn from_body(body: &[u8]) -> Result<Self, PolicyError> {
        let (mut reader, enrolment) = Reader::open::<POLICY_BODY_BYTES>(body, MAGIC)?;
        let enrolment = match enrolment {
            1 => EnrolmentRule::Open,
            2 => EnrolmentRule::ByInvitation,
            other => return Err(PolicyError::Enrolment(other)),
        };
        reader.zeros::<2>()?;
        let policy = Self {
            enrolment,
            ledger: LedgerKey(reader.take()),
            number: PolicyNumber(reader.number_32()),
            tariff: TariffId(reader.number_32()),
            effective_at: reader.unit("the time from which it applies", UnixMs::new)?,
            time_backlog: reader.unit("the backlog of time", DurationMs::new)?,
            bytes_per_day: reader.unit("the bytes of a day", ByteCount::new)?,
            byte_backlog: reader.unit("the backlog of bytes", DurationMs::new)?,
            session_cap: reader.unit("the longest session", DurationMs::new)?,
            devices_per_account: reader.number_32(),
            chains_per_day: reader.number_32(),
            reports_per_minute: reader.number_32(),
        };
        reader.zeros::<28>()?;
        policy.check()?;
        Ok(policy)
    }

    fn signer(&self) -> LedgerKey {
        self.ledger
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::first(LedgerKey([1; 32]), EnrolmentRule::Open, UnixMs::from_u32(5))
    }

    #[track_caller]
    fn check(change: impl Fn(&mut Policy), expected: Result<(), PolicyError>) {
        let mut policy = policy();
        change(&mut policy);
        let decoded = Policy::from_body(&policy.to_body());
        assert_eq!(decoded, expected.map(|()| policy));
    }

    #[test]
    fn a_lie_earns_at_most_9_640_credits_a_day_and_idling_8_640() {
        let most = policy().most_per_day();
        assert_eq!(most.total.get(), 9_640_000_000_000);
        assert_eq!(most.bytes.get(), 1_000_000_000_000);
        assert_eq!(policy().idle_per_day().get(), 8_640_000_000_000);
    }

    #[test]
    fn a_policy_that_could_not_be_kept_is_refused() {
        check(|_| (), Ok(()));
        check(
            |policy| policy.enrolment = EnrolmentRule::ByInvitation,
            Ok(()),
        );
        let number = |policy: &mut Policy| policy.number = PolicyNumber(0);
        check(number, Err(PolicyError::NumberZero));
        let tariff = |policy: &mut Policy| policy.tariff = TariffId(2);
        check(tariff, Err(PolicyError::Tariff(2)));
        let devices = |policy: &mut Policy| policy.devices_per_account = 0;
        let limit = |name| Err(PolicyError::LimitZero(name));
        check(devices, limit("the number of devices of an account"));
        let chains = |policy: &mut Policy| policy.chains_per_day = 0;
        check(chains, limit("the number of chains of a day"));
        let reports = |policy: &mut Policy| policy.reports_per_minute = 0;
        check(reports, limit("the number of reports of a minute"));
        // (2⁶³ − 1 − 8,640 · 10⁹) / 500 bytes are the most that can be promised.
        let most = (i64::MAX.unsigned_abs() - 8_640_000_000_000) / 500;
        let bytes = |bytes| {
            move |policy: &mut Policy| {
                policy.bytes_per_day = ByteCount::new(bytes).expect("fits");
            }
        };
        check(bytes(most), Ok(()));
        check(bytes(most + 1), Err(PolicyError::Amount));
    }

    #[test]
    fn bytes_without_the_form_of_a_policy_are_refused() {
        let body = policy().to_body();
        let length = |found| {
            PolicyError::Form(FormError::Length {
                found,
                expected: 128,
            })
        };
        assert_eq!(Policy::from_body(&body[..127]), Err(length(127)));
        assert_eq!(Policy::from_body(&[0; 129]), Err(length(129)));
        let range = |name| FormError::Range(name).into();
        let mut rows: Vec<(usize, u8, PolicyError)> = vec![
            (0, b'P', FormError::Magic("OMPO").into()),
            (4, 2, FormError::Version(2).into()),
            (5, 0, PolicyError::Enrolment(0)),
            (5, 3, PolicyError::Enrolment(3)),
            (48, 0x80, range("the time from which it applies")),
            (56, 0x80, range("the backlog of time")),
            (64, 0x80, range("the bytes of a day")),
            (72, 0x80, range("the backlog of bytes")),
            (80, 0x80, range("the longest session")),
        ];
        let reserved = (6..8).chain(100..128);
        rows.extend(reserved.map(|at| (at, 1, FormError::Reserved.into())));
        for (at, byte, error) in rows {
            let mut body = body;
            body[at] = byte;
            assert_eq!(Policy::from_body(&body), Err(error), "byte {at}");
        }
    }
}
