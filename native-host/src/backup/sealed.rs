//! The outside of a backup: the age format (<https://age-encryption.org/v1>) with a passphrase.
//!
//! Only this file names the crate `age`.

use crate::system::limits;
use age::{DecryptError, Decryptor, Encryptor, scrypt, secrecy::SecretString};
use std::{
    io::{self, ErrorKind, Read, Write as _},
    iter,
};
use zeroize::Zeroizing;

/// First bytes of a file in the age format, whatever its version.
pub(crate) const AGE: &[u8] = b"age-encryption.org/";
/// First bytes of such a file as text.
pub(crate) const ARMOR: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";

/// The work for one try of a passphrase, as a power of two: that of the program `age`, which needs
/// 256 MiB and about a second.
const WORK: u8 = 18;
/// The most work that is accepted: 1 GiB. A larger number in a file would stop this computer.
const WORK_MAX: u8 = 20;
/// Room beside that of a try.
const MEMORY_BESIDE: usize = 16 << 20;
/// Most bytes that are decrypted: the reports of some centuries.
const CONTENT_MAX: usize = 1 << 30;

/// The reason why a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealedError {
    /// It is wrong.
    #[error(
        "this is not its passphrase; try the one that was chosen when it was made; nothing was \
        changed"
    )]
    Passphrase,
    /// Its recipient is a key.
    #[error(
        "it is encrypted for a key and not with a passphrase, so `onionmeter backup` did not \
        make it; nothing was changed"
    )]
    ForKey,
    /// It demands too much work.
    #[error(
        "it demands 2^{0} steps of work to try a passphrase, and at most 2^{WORK_MAX} are \
        accepted; `onionmeter backup` demands 2^{WORK}; nothing was changed"
    )]
    Work(u8),
    /// The memory for one try cannot be had.
    #[error(
        "to try a passphrase {0} MiB of memory are needed, and the system does not give them; \
        end some programs, or raise the limit (`ulimit -v`); nothing was changed"
    )]
    Memory(usize),
    /// A later version of the age format.
    #[error(
        "it has a version of the age format that this program does not know; update \
        Onionmeter; nothing was changed"
    )]
    Version,
    /// It is cut off, or was changed. A piece that is cut looks like one that was changed.
    #[error(
        "its end is missing or a part of it was changed; copy it again from where it was made; \
        nothing was changed here"
    )]
    Damaged,
    /// It is too large.
    #[error(
        "it holds more than {CONTENT_MAX} bytes, so `onionmeter backup` did not make it; \
        nothing was changed"
    )]
    Large,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(io::Error),
}

/// Encrypts.
///
/// # Errors
/// There is too little memory.
pub(super) fn seal(content: &[u8], passphrase: &str) -> Result<Vec<u8>, SealedError> {
    check_memory(WORK, content.len())?;
    written(content, passphrase).map_err(SealedError::Io)
}

/// Bytes that one try of a passphrase needs.
const fn memory(work: u8) -> usize {
    1024 << work
}

/// Checks that there is memory for one try, and for so much more.
fn check_memory(work: u8, more: usize) -> Result<(), SealedError> {
    let bytes = memory(work) + more + MEMORY_BESIDE;
    limits::check_memory(bytes).map_err(|_| SealedError::Memory(bytes >> 20))
}

fn written(content: &[u8], passphrase: &str) -> io::Result<Vec<u8>> {
    let mut recipient = scrypt::Recipient::new(SecretString::from(passphrase.to_owned()));
    recipient.set_work_factor(WORK);
    let recipient: &dyn age::Recipient = &recipient;
    let encryptor = Encryptor::with_recipients(iter::once(recipient));
    let encryptor = encryptor.map_err(|_| io::Error::other("one recipient is enough for age"))?;
    let mut writer = encryptor.wrap_output(Vec::new())?;
    writer.write_all(content)?;
    writer.finish()
}

/// Decrypts.
///
/// # Errors
/// One sentence for each reason.
pub(super) fn open(sealed: impl Read, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, SealedError> {
    let decryptor = Decryptor::new(sealed).map_err(of_header)?;
    if !decryptor.is_scrypt() {
        return Err(SealedError::ForKey);
    }
    let mut identity = scrypt::Identity::new(SecretString::from(passphrase.to_owned()));
    let possible = (0..=WORK_MAX)
        .rev()
        .find(|work| check_memory(*work, 0).is_ok());
    identity.set_max_work_factor(possible.unwrap_or_default());
    let identity: &dyn age::Identity = &identity;
    let reader = decryptor.decrypt(iter::once(identity));
    let mut reader = reader.map_err(of_passphrase)?;
    let mut content = Zeroizing::new(Vec::new());
    let mut page = Zeroizing::new(vec![0; 64 * 1024]);
    loop {
        let length = match reader.read(&mut page) {
            Ok(0) => return Ok(content),
            Ok(length) => length,
            Err(error) => return Err(of_reading(error)),
        };
        if content.len() + length > CONTENT_MAX {
            return Err(SealedError::Large);
        }
        content.extend_from_slice(&page[..length]);
    }
}

fn of_header(error: DecryptError) -> SealedError {
    match error {
        DecryptError::UnknownFormat => SealedError::Version,
        DecryptError::Io(error) => of_reading(error),
        _ => SealedError::Damaged,
    }
}

fn of_reading(error: io::Error) -> SealedError {
    match error.kind() {
        ErrorKind::UnexpectedEof | ErrorKind::InvalidData => SealedError::Damaged,
        _ => SealedError::Io(error),
    }
}

fn of_passphrase(error: DecryptError) -> SealedError {
    match error {
        DecryptError::ExcessiveWork { required, .. } if required > WORK_MAX => {
            SealedError::Work(required)
        }
        DecryptError::ExcessiveWork { required, .. } => {
            SealedError::Memory((memory(required) + MEMORY_BESIDE) >> 20)
        }
        DecryptError::InvalidHeader | DecryptError::InvalidMac => SealedError::Damaged,
        DecryptError::Io(error) => SealedError::Io(error),
        _ => SealedError::Passphrase,
    }
}
