//! Reasons why a URL or a document has no usable server.

use super::option_name::OptionName;

/// The reason; one variant for each thing that a person can correct.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ServerFault {
    /// The text is empty.
    #[error("there is nothing in it")]
    Empty,
    /// Text goes on after the first line.
    #[error(
        "it goes on after its first line; keep the line that begins with ss://, and that whole"
    )]
    NotOneLine,
    /// Several servers, of which none is the first by itself.
    #[error("it holds more than one ss:// link; keep the one to be used")]
    Several,
    /// What no URL has.
    #[error("it holds the character U+{:04X}, which no URL has", u32::from(*.0))]
    Character(char),
    /// The text is neither a URL nor JSON.
    #[error("it begins neither with ss:// nor with a brace")]
    Unknown,
    /// A link in the middle of something else.
    #[error("it has text before its ss:// link; keep the link alone")]
    TextBefore,
    /// A link or a file for another program.
    #[error("it is {0}, and only Shadowsocks servers can be used: an ss:// link or JSON")]
    Other(&'static str),
    /// Several links in base64, as providers hand them out.
    #[error(
        "it is a subscription, which is several links in base64; decode it, and keep one line that \
         begins with ss://"
    )]
    Subscription,
    /// Outline's dynamic key: an address from which the server would have to be downloaded, outside
    /// of Tor.
    #[error(
        "ssconf:// is not a server but an address to fetch one from, which would be a request past \
         Tor; \
         ask for the key that begins with ss://"
    )]
    Dynamic,
    /// The text is not a URL, or parts are missing.
    #[error("the part of the URL that names {0} cannot be read")]
    Url(UrlPart),
    /// The JSON contains no server.
    #[error("its JSON cannot be used: {0}")]
    Document(&'static str),
    /// An object of the JSON has the same member twice. Programs differ in which of the two they
    /// take.
    #[error("its JSON has the same member twice ({0}); keep one of the two")]
    Twice(OptionName),
    /// The server is given by name. Resolving it would be a request outside of Tor.
    #[error(
        "its server is a name; put in the server's IP address, because no name is looked up here"
    )]
    Name,
    /// The address is the one by which a server's own configuration says "listen on every address".
    #[error(
        "its server is 0.0.0.0 or ::, on which a server listens; put in the server's public IP \
         address"
    )]
    Unspecified,
    /// The address or the port cannot be a real one.
    #[error("its server's address cannot be one; write it like 192.0.2.7 or [2001:db8::7]")]
    Address,
    /// A number that is no port.
    #[error("its server's port is not a number from 1 to 65535")]
    Port,
    /// The port is missing. It is never guessed.
    #[error("it names no port for its server; add it")]
    NoPort,
    /// It names no cipher.
    #[error("it names no method; add \"method\"")]
    NoMethod,
    /// Everybody on the way could read along.
    #[error("its method does not encrypt; ask for a server with another")]
    NoEncryption,
    /// No cipher is given, or one that is known to be broken.
    #[error(
        "its method is not one of aes-128-gcm, aes-256-gcm, chacha20-ietf-poly1305 and the three \
         of 2022"
    )]
    Method,
    /// The password is empty.
    #[error("it has no password")]
    NoPassword,
    /// A sign that begins the tag of a URL.
    #[error("it has a # before its @; in a password, # is written %23")]
    Hash,
    /// The key is not base64.
    #[error("its password is not base64, which its method needs")]
    KeyEncoding,
    /// Several keys, as a server with several users hands them out, for a method that takes one.
    #[error(
        "its password is several keys with colons between them, and its method takes one; ask for \
         a password that is one key"
    )]
    SecondKey,
    /// The key does not have the length that the method needs.
    #[error("its password has {bytes} bytes after base64, its method wants {wanted}")]
    KeyLength {
        /// Length of the given key.
        bytes: usize,
        /// Length that the method needs.
        wanted: usize,
    },
    /// The server needs a plugin, which is a program that the URL would make us run.
    #[error("it wants a plugin, and no plugin is run here")]
    Plugin,
    /// The server has an option that changes the sent bytes.
    #[error(
        "its option \"{0}\" changes what is sent, and that is not supported; ask for a server \
         without it"
    )]
    Option(&'static str),
    /// The server has an option that says by which way it is reached. Onionmeter would take
    /// another.
    #[error(
        "its option \"{0}\" says by which way the server is reached, and that is not supported; \
         remove it if any way will do"
    )]
    Way(&'static str),
    /// The server has an option that is not known here.
    #[error(
        "it has an option that is not known here ({0}), and what it changes cannot be told; remove \
         it if it may go"
    )]
    UnknownOption(OptionName),
    /// The server does not accept TCP.
    #[error("it is for UDP alone, and Tor needs TCP")]
    UdpOnly,
}

/// A part of an `ss://` URL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UrlPart {
    /// The part before the `@`.
    User,
    /// The part after the `@`.
    Server,
}

impl std::fmt::Display for UrlPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::User => "method and password",
            Self::Server => "address and port",
        })
    }
}
