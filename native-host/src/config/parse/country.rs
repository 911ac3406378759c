//! `tor.exit_country`: the only country whose exits are used.

use super::reader::Reader;
use crate::config::ConfigError;
use meter_core::Backend;
use toml::Spanned;

/// Every country's code (ISO 3166-1 alpha-2), as in `iso3166.tab` of the time zone database.
const CODES: &str = "\
    ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj \
    bl bm bn bo bq br bs bt bv bw by bz ca cc cd cf cg ch ci ck cl cm cn co cr \
    cu cv cw cx cy cz de dj dk dm do dz ec ee eg eh er es et fi fj fk fm fo fr \
    ga gb gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu \
    id ie il im in io iq ir is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz \
    la lb lc li lk lr ls lt lu lv ly ma mc md me mf mg mh mk ml mm mn mo mp mq \
    mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf \
    pg ph pk pl pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si \
    sj sk sl sm sn so sr ss st sv sx sy sz tc td tf tg th tj tk tl tm tn to tr \
    tt tv tw tz ua ug um us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw";

/// What people write for a country whose code is another one, and what to write instead.
const TAKEN_FOR: [(&str, &str); 3] = [
    ("uk", "\"gb\" for the United Kingdom (Ukraine is \"ua\")"),
    ("el", "\"gr\" for Greece"),
    (
        "eu",
        "that of one country, since the European Union has none",
    ),
];

/// A country's code, and a Tor that can be kept to it: a Tor of somebody else chooses its own
/// exits, and the built-in one has no list of countries.
pub(super) fn country(
    country: Option<&Spanned<String>>,
    backend: Option<Backend>,
    reader: &Reader<'_>,
) -> Result<Option<String>, ConfigError> {
    let Some(country) = country.filter(|country| !country.get_ref().is_empty()) else {
        return Ok(None);
    };
    let refused = |cause: &str, limit: &str| {
        Err(reader.refuse_because(cause, "tor.exit_country", country, limit.to_owned()))
    };
    let letters = country.get_ref().to_ascii_lowercase();
    if let Some((_, instead)) = TAKEN_FOR.iter().find(|(taken, _)| *taken == letters) {
        return refused("country", instead);
    }
    if !CODES.split(' ').any(|code| code == letters) {
        let limit = "the two letters of a country (ISO 3166-1), such as \"de\", or empty";
        return refused("country", limit);
    }
    match backend {
        None | Some(Backend::Managed) => Ok(Some(letters)),
        Some(Backend::Existing) => refused(
            "country_existing",
            "empty with this tor.backend, since a Tor of somebody else chooses its own exits",
        ),
        Some(Backend::Embedded) => refused(
            "country_embedded",
            "empty with this tor.backend, since the built-in Tor has no list of countries",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{CODES, TAKEN_FOR};
    use crate::config::{Config, ConfigError, parse};
    use meter_core::Backend;
    use std::path::Path;

    fn of(rest: &str) -> Result<Config, ConfigError> {
        let text = format!("[tor]\nexit_country = {rest}\n");
        parse(&text, Path::new("config.toml"))
    }

    #[test]
    fn a_country_is_two_letters_and_only_for_a_tor_that_can_be_kept_to_it() {
        let kept = of("\"DE\"").expect("in order").tor;
        assert_eq!(kept.exit_country.as_deref(), Some("de"));
        assert!(kept.allows(Backend::Managed));
        assert!(!kept.allows(Backend::Existing) && !kept.allows(Backend::Embedded));
        assert_eq!(of("\"\"").expect("in order").tor.exit_country, None);
        for wrong in [
            "\"d\"",
            "\"deu\"",
            "\"{de}\"",
            "\"de,fr\"",
            "\"de fr\"",
            "\"d\\n\"",
            "\" \"",
            "\"ü\"",
            "\"de\"\nbackend = \"existing\"",
        ] {
            let said = of(wrong).expect_err("refused").to_string();
            assert!(
                said.contains("line 2: tor.exit_country is"),
                "{wrong}: {said}"
            );
        }
    }

    #[test]
    fn two_letters_that_are_no_country_are_refused_with_the_code_that_is_meant() {
        let codes: Vec<_> = CODES.split(' ').collect();
        assert_eq!(codes.len(), 249);
        assert!(codes.is_sorted(), "and none stands twice");
        let mut taken = 0;
        for letters in (b'a'..=b'z').flat_map(|one| (b'a'..=b'z').map(move |two| [one, two])) {
            let letters = String::from_utf8(letters.to_vec()).expect("letters");
            taken += usize::from(of(&format!("\"{letters}\"")).is_ok());
        }
        assert_eq!(taken, codes.len(), "of all pairs of letters");
        for (letters, instead) in TAKEN_FOR {
            assert!(!codes.contains(&letters));
            let said = of(&format!("\"{}\"", letters.to_uppercase())).expect_err("refused");
            assert!(said.to_string().ends_with(instead), "{said}");
        }
        let said = of("\"uk\"").expect_err("refused").to_string();
        assert_eq!(
            said,
            "config.toml, line 2: tor.exit_country is uk; it must be \"gb\" for the United Kingdom \
             (Ukraine is \"ua\")"
        );
    }
}
