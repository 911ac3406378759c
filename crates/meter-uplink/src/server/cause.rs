//! The same reasons as words of a closed set, for a client that speaks another language.

use super::fault::{ServerFault, UrlPart};

/// Lists the words once, and gives each reason its own.
macro_rules! causes {
    ($($reason:pat => $word:literal,)+) => {
        impl ServerFault {
            /// Every word that [`Self::cause`] may begin with.
            pub const CAUSES: &[&str] = &[$($word),+];

            const fn word(&self) -> Option<&'static str> {
                match self {
                    $($reason => Some($word),)+
                    // What is wrong with a document, and what is rare, is told in a sentence only.
                    Self::Document(_) | Self::SecondKey => None,
                }
            }
        }
    };
}

causes! {
    Self::Empty => "server_empty",
    Self::NotOneLine => "server_lines",
    Self::Several => "server_several",
    Self::Character(_) => "server_character",
    Self::Unknown => "server_unknown",
    Self::TextBefore => "server_text_before",
    Self::Other(_) => "server_other",
    Self::Subscription => "server_subscription",
    Self::Dynamic => "server_dynamic",
    Self::Url(UrlPart::User) => "server_url_user",
    Self::Url(UrlPart::Server) => "server_url_server",
    Self::Twice(_) => "server_twice",
    Self::Name => "server_name",
    Self::Unspecified => "server_unspecified",
    Self::Address => "server_address",
    Self::Port => "server_port",
    Self::NoPort => "server_no_port",
    Self::NoMethod => "server_no_method",
    Self::NoEncryption => "server_no_encryption",
    Self::Method => "server_method",
    Self::NoPassword => "server_no_password",
    Self::Hash => "server_hash",
    Self::KeyEncoding => "server_key_encoding",
    Self::KeyLength { .. } => "server_key_length",
    Self::Plugin => "server_plugin",
    Self::Option(_) => "server_option",
    Self::Way(_) => "server_way",
    Self::UnknownOption(_) => "server_unknown_option",
    Self::UdpOnly => "server_udp",
}

impl ServerFault {
    /// The reason as a word; behind a space each the values that its sentence names. `None` where
    /// only the sentence says it.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        let word = self.word()?;
        Some(match self {
            Self::Character(letter) => format!("{word} U+{:04X}", u32::from(*letter)),
            Self::Option(name) | Self::Way(name) => format!("{word} {name}"),
            Self::KeyLength { bytes, wanted } => format!("{word} {bytes} {wanted}"),
            Self::UnknownOption(name) | Self::Twice(name) => match name.name() {
                Some(name) => format!("{word} {name}"),
                // The name may be a secret.
                None => return None,
            },
            _ => word.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::Server;

    #[test]
    fn a_reason_is_a_word_with_the_values_that_its_sentence_names() {
        for (text, cause) in [
            ("", Some("server_empty")),
            ("vmess://x", Some("server_other")),
            ("{", None),
            ("ss://YWVzLTI1Ni1nY206eA@a.example:1", Some("server_name")),
            ("ss://YWVzLTI1Ni1nY206eA@192.0.2.7", Some("server_no_port")),
        ] {
            let fault = Server::parse(text).expect_err(text);
            assert_eq!(fault.cause().as_deref(), cause, "{text}: {fault}");
        }
    }
}
