//! Makes rows of Kellnr's table of sessions, and lets Kellnr purge.
//!
//! `record-kellnr make DB TOKEN` adds a session of the administrator that is opened now;
//! `record-kellnr purge DB` deletes those that are older than eight hours, the default. Now is
//! the clock of the process: `record` runs it under faketime.

use std::{env, error::Error, path::Path, time::Duration};

use kellnr_db::{ConString, Database, DbProvider, SqliteConString};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", db, token] => open(db).await?.add_session_token("admin", token).await?,
        ["purge", db] => drop(open(db).await?.delete_expired_sessions().await?),
        _ => return Err("usage: record-kellnr make DB TOKEN | purge DB".into()),
    }
    Ok(())
}

async fn open(db: &str) -> Result<Database, Box<dyn Error>> {
    let age = Duration::from_secs(8 * 60 * 60);
    let file = SqliteConString::new(Path::new(db), "admin", None, age);
    Ok(Database::new(&ConString::Sqlite(file), 1).await?)
}
