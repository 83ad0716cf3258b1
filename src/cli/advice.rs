//! Advice on the errors of the library, in terms of the command line.

use crate::domain::error::{Absence, Denial, ForeignContent};
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
        ForeignContent::Tables { is_known, mismatches, candidates } => {
            let mut advice: Vec<String> =
                mismatches.iter().map(|name| profile_check(name)).collect();
            if !is_known {
                advice.push("`sessctl show profiles` lists the supported tables".to_owned());
            }
            advice.extend(for_candidates(candidates));
            (!advice.is_empty()).then(|| advice.join("; "))
        }
        ForeignContent::Other => None,
    }
}

fn for_candidates(candidates: &[(String, String)]) -> Option<String> {
    let option = |(table, profile): &(String, String)| format!("--profile {profile} (for {table})");
    let options = candidates.iter().map(option).collect::<Vec<_>>().join(" or ");
    match candidates {
        [] => None,
        [_] => Some(format!("to use it, pass {options}")),
        _ => Some(format!("to use one of these, pass {options}")),
    }
}

/// Advice on nodes of a cluster that deny requests.
pub fn for_denial(denial: Denial) -> Option<String> {
    match denial {
        Denial::CredentialsRequired => Some("pass --credentials FILE".to_owned()),
        Denial::UnknownAuthority => Some("pass --ca-file FILE".to_owned()),
        Denial::Other => None,
    }
}

/// Advice on users of whom one has the id that is the name of the others.
pub fn for_users(name: Option<&str>, ids: &[String]) -> String {
    let others = ids.iter().map(String::as_str);
    let options = name.into_iter().chain(others).map(|user| format!("--user {user:?}"));
    format!("select one with {}", options.collect::<Vec<_>>().join(" or "))
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
