//! Finding out which profile a file's table fits.

use std::ops::ControlFlow;
use std::path::Path;

use super::check::{in_words, misfits};
use super::open_file;
use super::rows::Reader;
use super::sample::Sampling;
use super::table::{self, Table};
use crate::domain::error::{Error, Result};
use crate::domain::profile::{
    Difference, Profile, Rule, RuleKind, UserForm, django_lasts, is_django_local,
};
use crate::store::Access;
use crate::store::Location;
use crate::store::transport::Transport;
use crate::store::transport::rqlite::Rqlite;
use crate::store::transport::sqlite::SqliteFile;

/// So many sessions tell of which clock their times are.
const LATEST: usize = 200;

/// Which of these profiles fits the one table of sessions in a file, by the names of its
/// columns and by the values in them.
///
/// # Errors
/// [`Error::NotOurs`] if none does, and [`Error::Ambiguous`] if several do, with what
/// was found.
pub fn detect(at: impl Into<Location>, profiles: Vec<Profile>) -> Result<Profile> {
    match at.into() {
        Location::File(path) => {
            if let Some(refusal) = strange(&path, &profiles) {
                return Err(refusal);
            }
            detect_in(&open_file(&path, Access::Read)?, profiles)
        }
        Location::Cluster(cluster) => detect_in(&Rqlite::new(&cluster, Access::Read), profiles),
    }
}

fn detect_in(database: &impl Transport, profiles: Vec<Profile>) -> Result<Profile> {
    let names = table::names(database)?;
    let mut found = Findings::default();
    for profile in profiles {
        if names.iter().any(|name| name.eq_ignore_ascii_case(&profile.table)) {
            found.look(database, profile)?;
        }
    }
    found.conclude(database.place(), &names)
}

/// Refuses a file that has tables, and none of the names of these, before anything
/// touches it. Where somebody uses a log, more may be in that, and nothing is said; nor of
/// what is being written at this moment.
fn strange(path: &Path, profiles: &[Profile]) -> Option<Error> {
    if SqliteFile::has_a_log_in_use(path) {
        return None;
    }
    let file = SqliteFile::as_it_lies(path).ok()?;
    let names = table::names(&file).ok()?;
    let is_known =
        |name: &String| profiles.iter().any(|profile| profile.table.eq_ignore_ascii_case(name));
    if names.is_empty() || names.iter().any(is_known) {
        return None;
    }
    Findings::default().conclude(file.place(), &names).err()
}

/// Whether the latest sessions of Django's are rather over by another clock than UTC's,
/// which is taken for theirs: Django has both, and those of a wall clock behind UTC's would
/// be deleted before their time.
fn is_of_another_clock(database: &impl Transport, reader: &Reader) -> Result<bool> {
    let Profile { user, times, rules, .. } = &reader.profile;
    let is_payload = user.as_ref().is_some_and(|user| user.form == UserForm::DjangoPayload);
    let [Rule { kind: RuleKind::At(time), .. }] = rules.as_slice() else {
        return Ok(false);
    };
    if !is_payload || !times.get(*time).is_some_and(|time| time.encoding.is_silently_utc()) {
        return Ok(false);
    }
    let mut sql = reader.select(&format!("{}, {}", reader.user(), reader.inputs()));
    sql.push(&format!(" ORDER BY {} DESC LIMIT ", reader.key)).bind(LATEST);
    let mut lasts = Vec::with_capacity(LATEST);
    database.query(&sql, &mut |row| {
        let over = reader.with_inputs(row, 1, |inputs| reader.profile.time(Some(*time), inputs));
        lasts.extend(row.text(0).zip(over).and_then(|(text, over)| django_lasts(&text, over)));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(is_django_local(&lasts))
}

/// What has been found so far.
#[derive(Default)]
struct Findings {
    /// What fits, with the names of the tables.
    fits: Vec<(String, Profile)>,
    /// What fits, but has to be named, in sentences.
    hints: Vec<String>,
    /// What fits, but whose times are rather of another clock, in sentences.
    doubts: Vec<String>,
    /// What fits by the columns and not by the values, in sentences.
    misfits: Vec<String>,
    /// The profile whose table has the fewest other columns.
    nearest: Option<(usize, String)>,
}

impl Findings {
    fn look(&mut self, database: &impl Transport, profile: Profile) -> Result<()> {
        let table = match Table::read(database, &profile.table) {
            Ok(table) => table,
            Err(Error::Refused(reason)) => {
                self.misfits.push(reason);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        if let Some(difference) = profile.difference(&table.columns) {
            self.note_near(&table, &profile, &difference);
            return Ok(());
        }
        let reader = Reader::new(database, profile, table);
        let misfits = misfits(database, &reader, &Sampling::of(database, &reader)?)?;
        let is_doubtful = misfits.is_empty() && is_of_another_clock(database, &reader)?;
        let Reader { profile, table, .. } = reader;
        if !misfits.is_empty() {
            self.misfits.extend(misfits);
        } else if profile.is_detected && is_doubtful {
            let Profile { name, title, .. } = profile;
            self.doubts.push(format!(
                "{} is a table of {title}, but its times are rather local ones than UTC; if they \
                 are UTC, say so with --profile {name}",
                table.name
            ));
        } else if profile.is_detected {
            self.fits.push((table.name, profile));
        } else {
            let Profile { name, title, about, .. } = profile;
            self.hints.push(format!("{} may be {title} ({about}): --profile {name}", table.name));
        }
        Ok(())
    }

    fn note_near(&mut self, table: &Table, profile: &Profile, difference: &Difference) {
        let distance = difference.lacks.len() + difference.has.len();
        if self.nearest.as_ref().is_none_or(|(nearest, _)| distance < *nearest) {
            let (name, title) = (&table.name, &profile.title);
            let near = format!("{name} is nearest to {title}: {}", in_words(difference));
            self.nearest = Some((distance, near));
        }
    }

    fn conclude(mut self, place: &str, names: &[String]) -> Result<Profile> {
        let at = place.to_owned();
        if self.fits.len() > 1 {
            let fits =
                self.fits.iter().map(|(table, profile)| format!("{table}: {}", profile.name));
            let fits: Vec<String> = fits.collect();
            let found = format!("{}; choose one with --profile", fits.join(", "));
            return Err(Error::Ambiguous { at, found });
        }
        match self.fits.pop() {
            Some((_, profile)) => Ok(profile),
            None if !self.doubts.is_empty() => {
                self.doubts.append(&mut self.hints);
                Err(Error::Ambiguous { at, found: self.doubts.join("; ") })
            }
            None => Err(Error::NotOurs { at, found: self.nothing(names) }),
        }
    }

    fn nothing(self, names: &[String]) -> String {
        if names.is_empty() {
            return "it is an SQLite database without tables; `sessctl init` sets it up".to_owned();
        }
        let mut found = format!(
            "it holds {} {}; none is a table of sessions that sessctl knows (`sessctl show \
             profiles` lists them)",
            if names.len() == 1 { "the table" } else { "the tables" },
            table::list(names)
        );
        let near = self.nearest.map(|(_, near)| near).filter(|_| self.misfits.is_empty());
        for sentence in self.misfits.into_iter().chain(self.hints).chain(near) {
            found.push_str("; ");
            found.push_str(&sentence);
        }
        found
    }
}
