//! What lets somebody see an account: challenges, links for signing in, sessions of a browser.
//!
//! Of every secret the ledger keeps the hash only.

use super::{Ledger, enrol::use_challenge};
use crate::store::{Db, FromStore, Row, StoreError, Value, statements};
use meter_core::{AccountId, CodeHash, DeviceKey, UnixMs};
use std::fmt;
use zeroize::Zeroizing;

/// How long a link for signing in holds.
const LOGIN_MS: u32 = 60_000;
/// How long a browser stays signed in.
const WEB_SESSION_MS: u32 = 12 * 3_600_000;
/// How long a used or expired link is remembered, so that it can be told from an unknown one.
const LOGIN_KEPT_MS: u64 = 86_400_000;

/// The words from which two are shown on both sides of a sign-in.
const WORDS: bip39::Language = bip39::Language::English;

/// A secret of 128 bits that whoever holds it may use.
pub struct Token(Zeroizing<[u8; 16]>);

/// A link for signing in, for a device or for the operator.
#[derive(Debug)]
pub struct Login {
    /// The secret in the link.
    pub token: Token,
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

/// A browser that is signed in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WebSession {
    /// The account; none for the operator.
    pub account: Option<AccountId>,
    /// When it ends.
    pub expires: UnixMs,
}

impl FromStore for LoginError {
    fn is_lost(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_lost())
    }
}

impl Token {
    /// A new secret.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, StoreError> {
        let mut token = Zeroizing::new([0; 16]);
        let filled = getrandom::fill(token.as_mut());
        filled.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self(token))
    }

    /// Reads 32 hexadecimal digits in lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut token = Zeroizing::new([0; 16]);
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
        let read = hex::decode_to_slice(text, token.as_mut());
        (is_lower && read.is_ok()).then_some(Self(token))
    }

    /// 32 hexadecimal digits.
    #[must_use]
    pub fn text(&self) -> String {
        hex::encode(self.0.as_ref())
    }

    pub(super) fn hash(&self) -> Value {
        CodeHash::of(&self.0).0.into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

impl Ledger {
    /// Uses a challenge that was checked and holds until `expires`. Whether it was not used before.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn use_challenge(&self, challenge: [u8; 32], expires: UnixMs) -> Result<bool, StoreError> {
        self.store.write(|db| use_challenge(db, challenge, expires))
    }

    /// Makes a link for signing in: for the account of `device`, or for the operator.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn new_login(&self, of: Option<(AccountId, DeviceKey)>) -> Result<Login, StoreError> {
        let token = Token::random()?;
        let words = two_words(&Token::random()?);
        let expires = self.store.write(|db| {
            let account = of.map(|(account, _)| account);
            db.lock_accounts(account.as_slice())?;
            let now = db.now()?;
            let old = now.get().saturating_sub(LOGIN_KEPT_MS);
            let old = Value::Int(i64::try_from(old).unwrap_or(0));
            db.run(statements::FORGET_LOGINS, &[old])?;
            let expires = now.saturating_add(UnixMs::from_u32(LOGIN_MS));
            let row = [
                token.hash(),
                of.map(|(account, _)| account.0).into(),
                of.map(|(_, device)| device.0).into(),
                words.as_str().into(),
                Value::Int(expires.get_signed()),
            ];
            db.run(statements::ADD_LOGIN, &row)?;
            Ok::<_, StoreError>(expires)
        })?;
        Ok(Login {
            token,
            words,
            expires,
        })
    }

    /// What a link is for. Looking changes nothing.
    ///
    /// # Errors
    /// When the link is not known, was used or is too old.
    pub fn look_at_login(&self, token: &Token) -> Result<LoginView, LoginError> {
        self.store.read(|db| {
            let login = read_login(db, token)?;
            let device = login
                .device
                .map(|key| db.rows(statements::DEVICE, &[key.into()]));
            let device = device.transpose()?.and_then(|rows| rows.into_iter().next());
            let name = |mut row: Row| {
                row.bytes()?;
                row.text()
            };
            Ok(LoginView {
                account: login.account,
                device: device.map(name).transpose()?,
                words: login.words,
            })
        })
    }

    /// Signs a browser in, once for each link. Returns the secret for its cookie.
    ///
    /// # Errors
    /// When the link is not known, was used or is too old.
    pub fn use_login(&self, token: &Token) -> Result<(Token, WebSession), LoginError> {
        let secret = Token::random()?;
        let session = self.store.write(|db| {
            let login = read_login(db, token)?;
            db.lock_accounts(login.account.as_slice())?;
            let now = db.now()?;
            let used = [Value::Int(now.get_signed()), token.hash()];
            if db.run(statements::USE_LOGIN, &used)? != 1 {
                return Err(LoginError::Over);
            }
            db.run(statements::FORGET_WEB_SESSIONS, &used[..1])?;
            let expires = now.saturating_add(UnixMs::from_u32(WEB_SESSION_MS));
            let row = [
                secret.hash(),
                login.account.map(|id| id.0).into(),
                login.device.into(),
                Value::Int(now.get_signed()),
                Value::Int(expires.get_signed()),
            ];
            db.run(statements::ADD_WEB_SESSION, &row)?;
            Ok(WebSession {
                account: login.account,
                expires,
            })
        })?;
        Ok((secret, session))
    }

    /// The session of a browser's cookie, while it lasts.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn web_session(&self, secret: &Token) -> Result<Option<WebSession>, StoreError> {
        self.store.read(|db| {
            let now = db.now()?;
            let found = [secret.hash(), Value::Int(now.get_signed())];
            let found = db.rows(statements::WEB_SESSION, &found)?;
            let session = |mut row: Row| {
                let account = row.bytes_or_null()?.map(|id| id.try_into().map(AccountId));
                let account = account.transpose();
                Ok(WebSession {
                    account: account.map_err(|_| StoreError::Damaged("an account".to_owned()))?,
                    expires: row.unit(UnixMs::new)?,
                })
            };
            found.into_iter().next().map(session).transpose()
        })
    }

    /// Signs a browser out.
    ///
    /// # Errors
    /// When the database does not answer.
    pub fn end_web_session(&self, secret: &Token) -> Result<(), StoreError> {
        let of = [secret.hash()];
        self.store
            .write(|db| db.run(statements::END_WEB_SESSION, &of))
            .map(drop)
    }
}

struct StoredLogin {
    account: Option<AccountId>,
    device: Option<[u8; 32]>,
    words: String,
}

fn read_login(db: &mut dyn Db, token: &Token) -> Result<StoredLogin, LoginError> {
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
    Ok(StoredLogin {
        account: account.map(AccountId),
        device,
        words,
    })
}

fn two_words(random: &Token) -> String {
    let list = WORDS.word_list();
    let [a, b, c, d, ..] = *random.0;
    let word = |bytes: [u8; 2]| {
        let number = usize::from(u16::from_be_bytes(bytes)) % list.len();
        list.get(number).copied().unwrap_or("onion")
    };
    format!("{} {}", word([a, b]), word([c, d]))
}
