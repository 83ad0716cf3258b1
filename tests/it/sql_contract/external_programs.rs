//! An application in Python, with nothing but its standard library and the page.

use std::process::Command;

use crate::sql_contract::page;
use crate::support::{SESSCTL, Sandbox, external_programs};

/// Runs a script of tests/python/, which fails if anything is not as it should
/// be. It gets the path of the command, the statements of the page, and the
/// variables whose names begin with `SESSCTL_TEST_`.
#[track_caller]
fn python(script: &str) {
    let sandbox = Sandbox::without_database();
    let statements = serde_json::to_string(&page::statements()).unwrap();
    let statements = sandbox.file("statements.json", statements);
    let output = Command::new("python3")
        .arg("-B")
        .arg(external_programs::script("python").join(script))
        .arg(SESSCTL)
        .arg(statements)
        .current_dir(sandbox.path(""))
        .env_remove("SESSCTL_DB")
        .env_remove("SESSCTL_CONFIG")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(output.status.success(), "{}{}", said[0], said[1]);
    // What it measured, for those who run it with --nocapture.
    std::io::Write::write_all(&mut std::io::stdout(), said[0].as_bytes()).unwrap();
}

#[test]
#[ignore = "needs python3"]
fn w1_w7_an_application_of_several_processes_loses_nothing_to_the_purge() {
    python("contract_beside.py");
}

/// 20,000 sessions; the variable `SESSCTL_TEST_SESSIONS` sets another number. The seed
/// that is printed runs it again as `SESSCTL_TEST_SEED`.
#[test]
#[ignore = "needs python3"]
fn t1_to_t5_r2_w2_w9_who_survives_purges_is_known_beforehand() {
    python("contract_survivors.py");
}

#[test]
#[ignore = "needs python3"]
fn t2_r2_w2_w3_w11_a_touch_in_sql_is_a_touch_of_the_command() {
    python("contract_touch.py");
}
