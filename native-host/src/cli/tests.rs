//! The command line as a whole: it is sound, and each command explains itself.

use super::*;

#[test]
fn the_command_line_is_sound() {
    Arguments::command().debug_assert();
}

/// Every command, including subcommands, by its names from the top.
fn every_command() -> Vec<(Vec<String>, clap::Command)> {
    fn below(names: &[String], command: &clap::Command) -> Vec<(Vec<String>, clap::Command)> {
        let visible = command
            .get_subcommands()
            .filter(|command| !command.is_hide_set());
        visible
            .flat_map(|command| {
                let names = [names, &[command.get_name().to_owned()]].concat();
                let mut all = below(&names, command);
                all.push((names, command.clone()));
                all
            })
            .collect()
    }
    below(&[], &Arguments::command())
}

#[test]
fn every_help_names_its_exit_statuses_and_every_status_is_one_of_the_list() {
    for (names, command) in every_command() {
        if command.get_name() == "help" {
            continue;
        }
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(help.contains("Exit status"), "{names:?}: {help}");
        let statuses = help.split("Exit status:").nth(1).unwrap_or_default();
        let words = statuses.split(|end: char| !end.is_ascii_alphanumeric());
        let numbers = words.filter_map(|word| word.parse::<u8>().ok());
        for number in numbers.filter(|number| *number != 120) {
            assert!(
                exit::ALL.iter().any(|(known, ..)| *known == number),
                "{names:?}: {number}"
            );
        }
    }
}

/// Taken for an option, it would get a sentence about options.
#[test]
fn a_number_below_zero_reaches_the_check_of_its_option() {
    let mut seen = 0;
    for (names, command) in every_command() {
        let numbers = command.get_arguments().filter(|argument| {
            let value = argument.get_value_names().and_then(<[_]>::first);
            value.is_some_and(|value| NUMBERS.contains(&value.as_str()))
        });
        for argument in numbers {
            let (id, takes) = (argument.get_id(), argument.is_allow_hyphen_values_set());
            assert!(takes, "{names:?}: {id}");
            seen += 1;
        }
    }
    assert!(seen >= 8, "{seen}");
}

const NUMBERS: [&str; 5] = ["BYTES", "DURATION", "NUMBER", "PORT", "TIME"];

#[test]
fn every_command_has_a_line_of_help() {
    for (names, command) in every_command() {
        assert!(command.get_about().is_some(), "{names:?}");
        for argument in command.get_arguments() {
            let help = argument.get_help().is_some() || argument.get_id() == "help";
            assert!(help, "{names:?}: {}", argument.get_id());
        }
    }
}

#[test]
fn help_is_asked_for_by_its_own_name_and_below_groups_alone() {
    for (words, expected) in [
        ("help --help", true),
        ("help tor start -h", true),
        ("tor help start --help", true),
        ("tor help", true),
        ("tor start help", false),
        ("circuit help --help", false),
        ("brew help", false),
        ("tor --wait help", false),
        ("--help", false),
        ("", false),
    ] {
        let names: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        assert_eq!(asks_for_help(names.iter()), expected, "{words}");
    }
}
