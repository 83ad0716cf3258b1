//! Advice on the errors of the library, in terms of the command line.

use crate::domain::error::{Absence, ForeignContent};
use crate::domain::profile::{DetectionDoubt, ProfileChoice};

pub fn for_absence(why: &Absence) -> Option<String> {
    match why {
        Absence::File => Some("create one with `sessctl init`".to_owned()),
        Absence::ApplicationFile => Some("give the path of the application's file".to_owned()),
        Absence::Other(_) => None,
    }
}

pub fn for_content(content: &ForeignContent) -> Option<String> {
    match content {
        ForeignContent::Nothing => Some("initialize it with `sessctl init`".to_owned()),
        ForeignContent::Outdated => Some("upgrade it with `sessctl init`".to_owned()),
        ForeignContent::Tables { mismatch, candidates } => {
            let found = match mismatch {
                Some(profile) => profile_check(profile),
                None => "`sessctl show profiles` lists the tables that it recognizes".to_owned(),
            };
            let options = candidates.iter().map(|name| format!("--profile {name}"));
            let options: Vec<String> = options.collect();
            Some(if options.is_empty() {
                found
            } else {
                format!("{found}; to select a table, pass {}", options.join(" or "))
            })
        }
        ForeignContent::Other => None,
    }
}

pub fn profile_check(profile: &str) -> String {
    format!("`sessctl profile check {profile}` shows the values")
}

pub fn for_doubt(doubt: &DetectionDoubt) -> String {
    let option = |ProfileChoice { name, parameters, condition }: &ProfileChoice| {
        let parameters =
            parameters.iter().map(|asked| format!(" --param {}={}", asked.name, asked.example));
        format!("--profile {name}{} if {condition}", parameters.collect::<String>())
    };
    doubt.choices.iter().map(option).collect::<Vec<_>>().join("; ")
}
