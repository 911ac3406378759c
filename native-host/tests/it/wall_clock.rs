//! A clock of this computer that is far off.

use crate::{
    backup::home_with,
    said::{check, text},
};
use std::fs;

#[test]
fn a_clock_that_is_before_the_last_report_is_named_by_status_and_doctor() {
    let home = home_with(1);
    for command in ["status", "doctor"] {
        let said = text(&home.run(&[command]));
        assert!(
            !said.contains("the clock of this computer is wrong"),
            "{said}"
        );
    }
    let record = home.root().join("key/last-signed");
    let noted = fs::read_to_string(&record).expect("there");
    let (before, rest) = noted.rsplit_once(" 46000 ").expect("when it ended");
    let later = format!("{before} 4102444800000 {rest}");
    fs::write(&record, later).expect("ours");
    for (command, code) in [("status", 3), ("doctor", 1)] {
        let words = [
            "the clock of this computer is wrong",
            "the last report ended at 2100",
        ];
        check(&home, &[command], code, &words);
    }
}
