//! Makes the rows of a fixture with the framework that owns the table, and lets it purge.
//!
//! `record-rust FRAMEWORK make DB N SECONDS` adds row number N, which expires SECONDS after now;
//! `record-rust FRAMEWORK purge DB` runs the framework's own purge. Now is the clock of the
//! process: `record` runs it under faketime.

use std::{env, error::Error, sync::Arc};

use axum::{Router, body::Body, http::Request, routing::get};
use axum_session::{IdGenerator, Session, SessionConfig, SessionLayer, SessionStore as AxumStore};
use axum_session_sqlx::SessionSqlitePool;
use time::{Duration, OffsetDateTime, UtcOffset};
use tower::ServiceExt;
use tower_sessions::{
    Expiry, SessionStore,
    session::{Id, Record},
    session_store::ExpiredDeletion,
};
use tower_sessions_sqlx_store::SqliteStore;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["axum-session", "make", db, n, seconds] => {
            axum_make(db, n.parse()?, seconds.parse()?).await
        }
        ["axum-session", "purge", db] => axum_purge(db).await,
        ["tower-sessions", "make", db, n, seconds] => {
            tower_make(db, n.parse()?, seconds.parse()?).await
        }
        ["tower-sessions", "purge", db] => Ok(tower(db).await?.delete_expired().await?),
        _ => Err("usage: record-rust FRAMEWORK make DB N SECONDS | FRAMEWORK purge DB".into()),
    }
}

/// Gives the session a number instead of a random UUID, so that recordings agree.
#[derive(Debug)]
struct Number(u8);

impl IdGenerator for Number {
    fn generate(&self) -> String {
        format!("5e551044-0000-4000-8000-{:012}", self.0)
    }
}

async fn axum_pool(db: &str) -> Result<SessionSqlitePool> {
    Ok(sqlx::SqlitePool::connect(&format!("sqlite://{db}?mode=rwc")).await?.into())
}

/// Sends one request without a cookie through the middleware. Its handler sets the user as
/// axum_session_auth does.
async fn axum_make(db: &str, n: u8, seconds: i64) -> Result {
    async fn handler(session: Session<SessionSqlitePool>) {
        session.set("user_auth_session_id", 7);
    }
    let config = SessionConfig::default()
        .with_id_generator(Number(n))
        .with_lifetime(Duration::seconds(seconds));
    let store = AxumStore::<SessionSqlitePool>::new(Some(axum_pool(db).await?), config).await?;
    let app = Router::new().route("/", get(handler)).layer(SessionLayer::new(store));
    app.oneshot(Request::get("/").body(Body::empty())?).await?;
    Ok(())
}

async fn axum_purge(db: &str) -> Result {
    let config = SessionConfig::default();
    let store = AxumStore::<SessionSqlitePool>::new(Some(axum_pool(db).await?), config).await?;
    store.cleanup().await?;
    Ok(())
}

async fn tower(db: &str) -> Result<SqliteStore> {
    let url = format!("sqlite://{db}?mode=rwc");
    let store = SqliteStore::new(tower_sessions_sqlx_store::sqlx::SqlitePool::connect(&url).await?);
    store.migrate().await?;
    Ok(store)
}

/// Row 5 expires at a time that the application sets, with an offset; the others after inactivity.
async fn tower_make(db: &str, n: u8, seconds: f64) -> Result {
    let store = tower(db).await?;
    let lifetime = Duration::seconds_f64(seconds);
    let expiry = if n == 5 {
        Expiry::AtDateTime(
            (OffsetDateTime::now_utc() + lifetime).to_offset(UtcOffset::from_hms(2, 0, 0)?),
        )
    } else {
        Expiry::OnInactivity(lifetime)
    };
    let session = tower_sessions::Session::new(None, Arc::new(store.clone()), Some(expiry));
    session.insert("user", "alice").await?;
    let mut record =
        Record { id: Id(n.into()), data: Default::default(), expiry_date: session.expiry_date() };
    store.create(&mut record).await?;
    Ok(())
}
