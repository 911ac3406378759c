//! What lets somebody see an account: challenges, and links for signing in.
//!
//! Of every secret the ledger keeps the hash only. While the database takes nothing, links carry
//! what they are for, and this process remembers what was used:
//! docs/decisions/0033-signing-in-without-a-write.md.

use super::{
    Ledger,
    enrol::use_challenge,
    link::LinkToken,
    memory::{Remembered, WebSession},
    sealed::{Said, Seal},
    token::{Token, two_words},
    web::is_device,
};
use crate::store::{Db, FromStore, Row, StoreError, Value, statements};
use meter_core::{AccountId, DeviceKey, DurationMs, UnixMs};

/// How long a link for signing in holds.
const LOGIN_MS: u32 = 60_000;
/// How long a browser stays signed in.
const WEB_SESSION_MS: u32 = 12 * 3_600_000;
/// How long a used or expired link is remembered, so that it can be told from an unknown one.
const LOGIN_KEPT: DurationMs = DurationMs::DAY;

/// A link for signing in, for a device or for the operator.
#[derive(Debug)]
pub struct Login {
    /// The secret in the link.
    pub token: LinkToken,
    /// Two words that the page must show as well.
    pub words: String,
    /// When the link ends.
    pub expires: UnixMs,
}

/// What the page of a link shows before anything happens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LoginView {
    /// The account; none for the operator.
    pub account: Option<AccountId>,
    /// The name of the device that made the link.
    pub device: Option<String>,
    /// The two words.
    pub words: String,
}

/// Why a link does not sign in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It was used, or is older than a minute.
    #[error("this link was used already or is older than a minute; ask for another one")]
    Over,
    /// There is no such link.
    #[error("there is no such link")]
    Unknown,
}

impl FromStore for LoginError {
    fn is_lost(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_lost())
    }
}

impl Ledger {
    /// Uses a challenge that was checked and holds until `expires`. Whether it was not used before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn use_challenge(&self, challenge: [u8; 32], expires: UnixMs) -> Result<bool, StoreError> {
        let Some(claim) = self.memory.claim(challenge, expires, self.now()?) else {
            return Ok(false);
        };
        match self.store.write(|db| use_challenge(db, challenge, expires)) {
            // Nothing that the device asks for now can change anything but this memory.
            Err(error) if error.is_unavailable() => {
                let is_used = self.store.read(|db| was_used(db, challenge))?;
                if !is_used {
                    claim.keep();
                }
                Ok(!is_used)
            }
            answer => answer,
        }
    }

    /// Makes a link for signing in: for the account of `device`, or for the operator.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn new_login(&self, of: Option<(AccountId, DeviceKey)>) -> Result<Login, StoreError> {
        let token = Token::random()?;
        let [a, b, c, d, ..] = *Token::random()?.bytes();
        let words = two_words([a, b, c, d]);
        let stored = self.store.write(|db| store_login(db, &token, of, &words));
        match stored {
            Err(error) if error.is_unavailable() => {
                let expires = end_of_link(self.now()?);
                let (sealed, words) = self.seal().seal(of, expires)?;
                Ok(Login {
                    token: LinkToken::Sealed(Box::new(sealed)),
                    words,
                    expires,
                })
            }
            stored => Ok(Login {
                token: LinkToken::Stored(token),
                words,
                expires: stored?,
            }),
        }
    }

    /// What a link is for. Looking changes nothing.
    ///
    /// # Errors
    /// When the link is not known, was used or is too old.
    pub fn look_at_login(&self, token: &LinkToken) -> Result<LoginView, LoginError> {
        if self.memory.was_used(&token.name()) {
            return Err(LoginError::Over);
        }
        self.store.read(|db| {
            let said = self.read_link(db, token)?;
            let of = said.of.map(|(_, key)| [Value::from(key.0)]);
            let device = of.map(|of| db.rows(statements::DEVICE, &of)).transpose()?;
            let name = |mut row: Row| {
                row.bytes()?;
                row.text()
            };
            let device = device.and_then(|rows| rows.into_iter().next());
            Ok(LoginView {
                account: said.of.map(|(account, _)| account),
                device: device.map(name).transpose()?,
                words: said.words,
            })
        })
    }

    /// Signs a browser in, once for each link. Returns the secret for its cookie.
    ///
    /// # Errors
    /// When the link is not known, was used or is too old.
    pub fn use_login(&self, token: &LinkToken) -> Result<(Token, WebSession), LoginError> {
        let (secret, now) = (Token::random()?, self.now()?);
        let far = end_of_link(now);
        let claim = self.memory.claim(token.name(), far, now);
        let claim = claim.ok_or(LoginError::Over)?;
        match self.store.write(|db| self.sign_in(db, token, &secret)) {
            Err(LoginError::Store(error)) if error.is_unavailable() => {
                let new = self.store.read(|db| {
                    let said = self.read_link(db, token)?;
                    Ok::<_, LoginError>(remembered(said.of, db.now()?))
                })?;
                if !self.memory.sign_in(secret.name(), new) {
                    return Err(error.into());
                }
                claim.keep();
                Ok((secret, new.session))
            }
            signed_in => signed_in.map(|session| (secret, session)),
        }
    }

    fn sign_in(
        &self,
        db: &mut dyn Db,
        token: &LinkToken,
        secret: &Token,
    ) -> Result<WebSession, LoginError> {
        let said = self.read_link(db, token)?;
        let account = said.of.map(|(account, _)| account);
        db.lock_accounts(account.as_slice())?;
        let now = db.now()?;
        let is_first = match token {
            LinkToken::Stored(token) => {
                let used = [Value::Int(now.get_signed()), token.hash()];
                db.run(statements::USE_LOGIN, &used)? == 1
            }
            LinkToken::Sealed(sealed) => use_challenge(db, sealed.name(), said.expires)?,
        };
        if !is_first {
            return Err(LoginError::Over);
        }
        db.run(
            statements::FORGET_WEB_SESSIONS,
            &[Value::Int(now.get_signed())],
        )?;
        let new = remembered(said.of, now);
        let row = [
            secret.hash(),
            account.map(|id| id.0).into(),
            new.device.map(|key| key.0).into(),
            Value::Int(now.get_signed()),
            Value::Int(new.session.expires.get_signed()),
        ];
        db.run(statements::ADD_WEB_SESSION, &row)?;
        Ok(new.session)
    }

    /// What a link is for, if it can be used now as far as the database knows.
    fn read_link(&self, db: &mut dyn Db, token: &LinkToken) -> Result<Said, LoginError> {
        let sealed = match token {
            LinkToken::Stored(token) => return read_login(db, token),
            LinkToken::Sealed(sealed) => sealed,
        };
        let said = self.seal().open(sealed).ok_or(LoginError::Unknown)?;
        if let Some((account, device)) = said.of
            && !is_device(db, account, device)?
        {
            return Err(LoginError::Unknown);
        }
        match said.expires <= db.now()? || was_used(db, sealed.name())? {
            true => Err(LoginError::Over),
            false => Ok(said),
        }
    }

    fn seal(&self) -> Seal {
        Seal::new(&self.signer.derived_secret("onionmeter/login-key/v1"))
    }
}

fn end_of_link(now: UnixMs) -> UnixMs {
    now.saturating_add(UnixMs::from_u32(LOGIN_MS))
}

/// A browser that is signed in from `now` on.
fn remembered(of: Option<(AccountId, DeviceKey)>, now: UnixMs) -> Remembered {
    Remembered {
        session: WebSession {
            account: of.map(|(account, _)| account),
            expires: now.saturating_add(UnixMs::from_u32(WEB_SESSION_MS)),
        },
        device: of.map(|(_, device)| device),
        began: now,
    }
}

fn was_used(db: &mut dyn Db, name: [u8; 32]) -> Result<bool, StoreError> {
    let found = db.rows(statements::USED_CHALLENGE, &[name.into()])?;
    Ok(!found.is_empty())
}

/// Stores a link, and returns when it ends.
fn store_login(
    db: &mut dyn Db,
    token: &Token,
    of: Option<(AccountId, DeviceKey)>,
    words: &str,
) -> Result<UnixMs, StoreError> {
    let account = of.map(|(account, _)| account);
    db.lock_accounts(account.as_slice())?;
    let now = db.now()?;
    let old = now.get().saturating_sub(LOGIN_KEPT.get());
    let old = Value::Int(i64::try_from(old).unwrap_or(0));
    db.run(statements::FORGET_LOGINS, &[old])?;
    let expires = end_of_link(now);
    let row = [
        token.hash(),
        account.map(|account| account.0).into(),
        of.map(|(_, device)| device.0).into(),
        words.into(),
        Value::Int(expires.get_signed()),
    ];
    db.run(statements::ADD_LOGIN, &row)?;
    Ok(expires)
}

fn read_login(db: &mut dyn Db, token: &Token) -> Result<Said, LoginError> {
    let now = db.now()?;
    let found = db.rows(statements::LOGIN, &[token.hash()])?;
    let mut row = found.into_iter().next().ok_or(LoginError::Unknown)?;
    let (account, device) = (row.bytes_or_null()?, row.bytes_or_null()?);
    let words = row.text()?;
    let expires = row.unit(UnixMs::new)?;
    if row.time_or_null()?.is_some() || expires <= now {
        return Err(LoginError::Over);
    }
    let damaged = |_| StoreError::Damaged("a link for signing in".to_owned());
    let account = account
        .map(TryInto::try_into)
        .transpose()
        .map_err(damaged)?;
    let device = device.map(TryInto::try_into).transpose().map_err(damaged)?;
    let of = match (account, device) {
        (None, None) => None,
        (Some(account), Some(device)) => Some((AccountId(account), DeviceKey(device))),
        // Nobody becomes the operator by half a row.
        _ => return Err(StoreError::Damaged("a link for signing in".to_owned()).into()),
    };
    Ok(Said { of, expires, words })
}
