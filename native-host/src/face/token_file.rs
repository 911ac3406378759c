//! The file of the bearer token: 64 hexadecimal digits, 0600, made once. Removing it makes the next
//! server have another token.

use crate::{
    files,
    home::Home,
    shell_word::shell_word,
    system::{files as system, user},
};
use meter_face::{Token, TokenError};
use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// Longest content that is read: a token, and room for whitespace.
const TEXT_BYTES_MAX: u64 = 128;

/// The reason why there is no usable token. Every text ends with the remedy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenFileError {
    /// It is a link, a folder or a pipe.
    #[error("{path} is not a plain file; move it away", path = .0.display())]
    NotAFile(PathBuf),
    /// It belongs to another user.
    #[error("{path} belongs to another user; run `chown {me} {word}` as root, or remove \
        it", path = .path.display(), word = shell_word(.path))]
    Owner {
        /// The file.
        path: PathBuf,
        /// Who should own it.
        me: u32,
    },
    /// Other users may read it, so it may be known to them.
    #[error("{path} has mode {mode:03o}, so others may know the token; remove it, and the next \
        `onionmeter serve` makes another", path = .path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It holds something else.
    #[error("{path} holds no token; remove it, and the next `onionmeter serve` makes \
        one", path = .0.display())]
    Form(PathBuf),
    /// It cannot be read or written.
    #[error("{path} cannot be used", path = .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// No token could be made.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// The token of a home. Of two processes that make one at once, one wins and both use its token.
///
/// # Errors
/// When the file's kind, owner, mode or content is wrong. Nothing is repaired silently.
pub(crate) fn load_or_make(home: &Home) -> Result<Token, TokenFileError> {
    let path = home.http_token();
    if let Some(token) = load(&path)? {
        return Ok(token);
    }
    let token = Token::random()?;
    let text = Zeroizing::new(format!("{}\n", token.text()));
    match files::create(&path, text.as_bytes(), 0o600) {
        Ok(()) => Ok(token),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            load(&path)?.ok_or(TokenFileError::Io(path, error))
        }
        Err(error) => Err(TokenFileError::Io(path, error)),
    }
}

/// Looks at the file and makes none.
///
/// # Errors
/// Those of [`load_or_make`]; a file that is not there is in order.
pub(crate) fn look(home: &Home) -> Result<(), TokenFileError> {
    load(&home.http_token()).map(drop)
}

/// `None`: there is no file.
fn load(path: &Path) -> Result<Option<Token>, TokenFileError> {
    let io = |error| TokenFileError::Io(path.to_path_buf(), error);
    let file = match system::open_itself(File::options().read(true)).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        // A link, or a socket, which cannot be opened at all.
        Err(error) if system::is_of_a_link(&error) || files::not_a_file(path).is_some() => {
            return Err(TokenFileError::NotAFile(path.to_path_buf()));
        }
        Err(error) => return Err(io(error)),
    };
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() {
        return Err(TokenFileError::NotAFile(path.to_path_buf()));
    }
    if !system::is_ours(&meta) {
        return Err(TokenFileError::Owner {
            path: path.to_path_buf(),
            me: user::effective(),
        });
    }
    let mode = system::mode(&meta);
    if mode & 0o177 != 0 {
        return Err(TokenFileError::Mode {
            path: path.to_path_buf(),
            mode,
        });
    }
    let mut text = Zeroizing::new(String::new());
    let read = file.take(TEXT_BYTES_MAX).read_to_string(&mut text);
    read.map_err(io)?;
    let token = Token::parse(&text).map_err(|_| TokenFileError::Form(path.to_path_buf()))?;
    Ok(Some(token))
}
