//! A purge of half of a table while nobody else writes.

use anyhow::{Result, ensure};

use super::super::Options;
use super::super::bed::Bed;
use super::super::figure::{Figure, Section, Target, Unit};
use super::super::process::{Run, Task};
use super::pair::{Pair, seconds};
use super::{one_delete, purge, python, rounds, run_purge};
use crate::clock;
use crate::table::{Kind, Layout, Spec};

/// How Django is told of its database. The file is in WAL mode already.
const SETTINGS: &str = "
SECRET_KEY = 'benches'
INSTALLED_APPS = ['django.contrib.sessions']
DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': DB}}
USE_TZ = True
";

#[derive(Default)]
struct Runs {
    pair: Pair,
    fast: Vec<Run>,
    usual: Vec<Run>,
    oldest: Vec<Run>,
    django: Vec<Run>,
}

pub fn run(bed: &Bed, options: &Options) -> Result<Section> {
    let rows = options.scaled(1_000_000);
    let has_fast = can_be_fast(bed)?;
    let mut runs = Runs::default();
    rounds(options, || {
        let native = Spec::half(Kind::Native, rows);
        let copy = bed.copy(&native)?;
        runs.pair.baseline.push(run_purge(&one_delete(&copy.path), &copy)?);
        let copy = bed.copy(&native)?;
        runs.pair.measured.push(run_purge(&purge(bed, &copy.path, &[])?, &copy)?);
        if has_fast {
            let copy = bed.copy(&native)?;
            runs.fast.push(run_purge(&purge(bed, &copy.path, &["--fast"])?, &copy)?);
        }
        runs.usual.push(usual(bed, Spec::half(Kind::Usual, rows))?);
        let oldest = Spec { layout: Layout::Oldest, ..Spec::half(Kind::Usual, rows) };
        runs.oldest.push(usual(bed, oldest)?);
        runs.django.extend(clear_sessions(bed, rows)?);
        Ok(())
    })?;
    section(runs, rows)
}

/// One DELETE on the table that most applications have.
fn usual(bed: &Bed, spec: Spec) -> Result<Run> {
    let copy = bed.copy(&spec)?;
    let now = clock::now();
    let sql = format!("DELETE FROM sessions WHERE expires_at < {now}");
    let run = Task::shell(&copy.path, &sql).run(&copy)?;
    let left = copy.ask(&format!("SELECT count(*) FROM sessions WHERE expires_at < {now}"))?;
    ensure!(left == 0, "the DELETE has left {left} rows of the usual table");
    Ok(run)
}

/// Django's own command on its own table, if there is a Django.
fn clear_sessions(bed: &Bed, rows: u64) -> Result<Option<Run>> {
    let Some(python) = python() else {
        return Ok(None);
    };
    let copy = bed.copy(&Spec::half(Kind::Django, rows))?;
    let name = format!("DB = {:?}", copy.path.display().to_string());
    bed.file("benches_settings.py", &format!("{name}\n{SETTINGS}"))?;
    let args = ["-B", "-m", "django", "clearsessions", "--settings", "benches_settings"];
    let mut task = Task::new(&python, args);
    task.env.push(("PYTHONPATH", bed.folder().into()));
    let run = task.run(&copy)?;
    let due = "SELECT count(*) FROM django_session WHERE expire_date < datetime('now', '-1 hour')";
    let left = copy.ask(due)?;
    ensure!(left == 0, "clearsessions has left {left} rows");
    Ok(Some(run))
}

fn can_be_fast(bed: &Bed) -> Result<bool> {
    let help = Task::new(bed.sessctl(), ["purge", "--help"]).answer()?;
    Ok(help.contains("--fast"))
}

fn section(runs: Runs, rows: u64) -> Result<Section> {
    const DELETE: &str = "one DELETE in the sqlite3 shell, same table";
    let mut section = Section::default();
    let Runs { pair, fast, usual, oldest, django } = runs;
    section.add(pair.time("time", DELETE).aims_at(Target::Times(1.5)));
    let others = [
        ("one DELETE, usual table", usual, Target::PartIn(8.0)),
        ("one DELETE, usual table, the due rows being the oldest", oldest, Target::None),
        ("`clearsessions`, Django's table", django, Target::None),
    ];
    for (what, runs, target) in others.into_iter().filter(|(_, runs, _)| !runs.is_empty()) {
        let time = Figure::new("time", Unit::Seconds, seconds(&pair.measured));
        section.add(time.beside(what, seconds(&runs)).aims_at(target));
    }
    if fast.is_empty() {
        section.note("This sessctl has no `purge --fast`.");
    } else {
        let time = Figure::new("time with `--fast`", Unit::Seconds, seconds(&fast));
        section.add(time.beside(DELETE, seconds(&pair.baseline)));
    }
    section.add(pair.log("log peak", DELETE).aims_at(Target::PartIn(10.0)));
    section.add(pair.memory("peak memory", DELETE).aims_at(Target::Most(16.0)));
    section.add(pair.hold("longest hold")?);
    section.note(format!("{rows} rows, of which half are due, scattered over the keys."));
    section.note(
        "`clearsessions` works on Django's table, sessctl on its own: what sessctl would do on \
         Django's is future work. No target is held to that row.",
    );
    Ok(section)
}
