//! A search of a tree of files for databases.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use rusqlite::Connection;
use serde_json::Value;

use super::super::Options;
use super::super::figure::{Figure, Section, Target, Unit, megabytes};
use super::super::invocation::Invocation;
use super::super::workspace::Workspace;
use super::run_rounds;

const DIRECTORIES: u64 = 500;
/// Files in each directory, of which one holds each of the [`SCHEMAS`].
const FILES: u64 = 20;
const ROWS: u32 = 100;

/// The tables of three frameworks, each with a statement that inserts a row, and one that holds no
/// sessions.
const SCHEMAS: [(&str, &str); 4] = [
    (
        "CREATE TABLE django_session (session_key varchar(40) NOT NULL PRIMARY KEY,
             session_data text NOT NULL, expire_date datetime NOT NULL);
         CREATE INDEX django_session_expire_date ON django_session (expire_date);",
        "INSERT INTO django_session VALUES (hex(randomblob(16)), hex(randomblob(100)),
             '2020-01-01 00:00:00')",
    ),
    (
        "CREATE TABLE sessions (id varchar NOT NULL PRIMARY KEY, user_id integer,
             ip_address varchar, user_agent text, payload text NOT NULL,
             last_activity integer NOT NULL);",
        "INSERT INTO sessions VALUES (hex(randomblob(20)), 1, '203.0.113.1', 'curl',
             hex(randomblob(100)), 1700000000)",
    ),
    (
        "CREATE TABLE session (key TEXT PRIMARY KEY NOT NULL, data BLOB NULL, expiry INTEGER NULL);",
        "INSERT INTO session VALUES (hex(randomblob(8)), randomblob(100), 1700000000)",
    ),
    (
        "CREATE TABLE entry (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
         CREATE TABLE tag (entry INTEGER, name TEXT);",
        "INSERT INTO entry (title, body) VALUES ('title', hex(randomblob(100)))",
    ),
];

pub fn run(workspace: &Workspace, options: &Options) -> Result<Section> {
    let tree = workspace.dir().join("tree");
    build(&tree).context("could not build the tree")?;
    let find = Invocation::new(Path::new("find"), words(&tree, "-type f -exec head -c16 {} +"));
    let memory = workspace.dir().join("discover.memory");
    let (mut searched, mut read, mut peak) = (Vec::new(), Vec::new(), Vec::new());
    run_rounds(options, || {
        read.push(find.time()?.as_secs_f64());
        searched.push(search(workspace, &tree, &memory).time()?.as_secs_f64());
        let kilobytes: u64 = fs::read_to_string(&memory)?.trim().parse()?;
        peak.push(megabytes(kilobytes * 1024));
        Ok(())
    })?;
    let found: Value = serde_json::from_str(&search(workspace, &tree, &memory).stdout()?)?;
    let found = found.as_array().map_or(0, Vec::len) as u64;
    ensure!(found == 3 * DIRECTORIES, "{found} databases with sessions were found");
    fs::remove_dir_all(&tree)?;
    let mut section = Section::default();
    let time = Figure::new("`sessctl discover DIR`", Unit::Seconds, searched);
    let time = time.compared_with("`find DIR -type f -exec head -c16 {} +`", read);
    section.add(time.with_target(Target::Max(10.0)));
    section.add(Figure::new("its peak memory, of the largest process", Unit::Megabytes, peak));
    section.note(format!(
        "{} files in {DIRECTORIES} directories: {} databases with {ROWS} sessions each, of three \
         frameworks, {DIRECTORIES} databases without sessions, and other files of 4 KB, of which \
         half have a size that a database may have. All are in the page cache.",
        DIRECTORIES * FILES,
        3 * DIRECTORIES,
    ));
    Ok(section)
}

/// The search, under GNU time, which reads its peak memory from the kernel.
fn search(workspace: &Workspace, tree: &Path, memory: &Path) -> Invocation {
    let mut args: Vec<OsString> = vec!["-q".into(), "-f".into(), "%M".into(), "-o".into()];
    args.extend([memory.into(), workspace.sessctl().into(), "discover".into()]);
    args.extend(words(tree, "--json"));
    Invocation::new(Path::new("/usr/bin/time"), args)
}

fn words(tree: &Path, rest: &str) -> Vec<OsString> {
    [tree.into()].into_iter().chain(rest.split(' ').map(OsString::from)).collect()
}

fn build(tree: &Path) -> Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    fs::create_dir_all(tree)?;
    let templates: Vec<Vec<u8>> =
        SCHEMAS.iter().map(|schema| template(tree, *schema)).collect::<Result<_>>()?;
    // The size of every second one is that of a page, so that only its content tells what it is.
    let others =
        ["A file of another kind.\n".repeat(170), "Another file of text.\n\n\n".repeat(171)];
    for number in 0..DIRECTORIES {
        let directory: PathBuf = tree.join(format!("site{}/{number}", number % 25));
        fs::create_dir_all(&directory)?;
        for (number, template) in templates.iter().enumerate() {
            fs::write(directory.join(format!("{number}.sqlite3")), template)?;
        }
        for number in templates.len() as u64..FILES {
            let other = others[usize::from(number % 2 == 0)].as_bytes();
            fs::write(directory.join(format!("{number}.txt")), &other[..other.len().min(4096)])?;
        }
    }
    Ok(())
}

/// The bytes of a database with one of the tables.
fn template(tree: &Path, (schema, insert): (&str, &str)) -> Result<Vec<u8>> {
    let path = tree.join("template");
    let db = Connection::open(&path)?;
    db.execute_batch(&format!("BEGIN; {schema}"))?;
    (0..ROWS).try_for_each(|_| db.execute(insert, []).map(drop))?;
    db.execute_batch("COMMIT")?;
    drop(db);
    let bytes = fs::read(&path)?;
    fs::remove_file(&path)?;
    Ok(bytes)
}
