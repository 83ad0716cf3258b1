//! Profiles as the store takes them, a few of them those of the frameworks.

use sessctl::domain::profile::{
    Condition, Datum, Decimals, Dependent, Encoding, Length, Nullness, Parameter, Profile, Rule,
    RuleKind, Separator, Source, Storage, Test, TextForm, TimeColumn, TokenForm, Unit, UserForm,
    UserSource, ZoneForm,
};
use sessctl::domain::time::Span;
use sessctl::domain::zone::Zone;

/// A profile that one adds to.
pub struct Draft(pub Profile);

pub fn draft(name: &str, table: &str, id: &str, columns: &[&str]) -> Draft {
    Draft(Profile {
        name: name.to_owned(),
        title: format!("the framework {name}"),
        about: String::new(),
        task: name.to_owned(),
        table: table.to_owned(),
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        optional: Vec::new(),
        id: id.to_owned(),
        is_detected: true,
        readonly: None,
        user: None,
        client: None,
        token: None,
        inputs: Vec::new(),
        times: Vec::new(),
        created: None,
        used: None,
        rules: Vec::new(),
        filter: Vec::new(),
        dependents: Vec::new(),
        missing: Vec::new(),
    })
}

pub fn source(column: &str) -> Source {
    Source { column: column.to_owned(), path: None }
}

impl Draft {
    pub fn input(mut self, column: &str) -> Self {
        self.0.inputs.push(source(column));
        self
    }

    /// One that is a time, too.
    pub fn time(mut self, column: &str, encoding: Encoding) -> Self {
        let input = self.0.inputs.len();
        self.0.times.push(TimeColumn { input, encoding, null: None, never: Vec::new() });
        self.input(column)
    }

    pub fn null(mut self, null: Nullness) -> Self {
        self.0.times.last_mut().unwrap().null = Some(null);
        self
    }

    pub fn never(mut self, never: i64) -> Self {
        self.0.times.last_mut().unwrap().never.push(Datum::Integer(never));
        self
    }

    pub fn path(mut self, path: &str) -> Self {
        self.0.inputs.last_mut().unwrap().path = Some(path.to_owned());
        self
    }

    pub fn rule(mut self, kind: RuleKind, at_once: bool) -> Self {
        self.0.rules.push(Rule { kind, when: Vec::new(), at_once, grace: Span::ZERO });
        self
    }

    pub fn at(self, time: usize, at_once: bool) -> Self {
        self.rule(RuleKind::At(time), at_once)
    }

    pub fn after(self, time: usize, span: Span, at_once: bool) -> Self {
        self.rule(RuleKind::After(time, Length::Fixed(span)), at_once)
    }

    pub fn when(mut self, input: usize, test: Test) -> Self {
        self.0.rules.last_mut().unwrap().when.push(Condition { input, test });
        self
    }

    pub fn only(mut self, input: usize, test: Test) -> Self {
        self.0.filter.push(Condition { input, test });
        self
    }

    pub fn user(mut self, column: &str) -> Self {
        self.0.user = Some(UserSource { source: source(column), form: UserForm::Plain });
        self
    }

    pub fn used(mut self, time: usize) -> Self {
        self.0.used = Some(time);
        self
    }

    pub fn token(mut self, column: &str, prefix: &str, is_hashed: bool) -> Self {
        let (column, prefix) = (column.to_owned(), prefix.to_owned());
        self.0.token = Some(TokenForm { column, prefix, is_hashed });
        self
    }

    pub fn dependent(mut self, table: &str, column: &str, references: &str) -> Self {
        self.0.dependents.push(Dependent {
            table: table.to_owned(),
            column: column.to_owned(),
            references: references.to_owned(),
        });
        self
    }

    pub fn named(mut self) -> Self {
        self.0.is_detected = false;
        self
    }

    pub fn readonly(mut self, reason: &str) -> Self {
        self.0.readonly = Some(reason.to_owned());
        self
    }

    pub fn lacking(mut self, parameter: &str) -> Self {
        self.0.missing.push(Parameter {
            name: parameter.to_owned(),
            about: "of the configuration".to_owned(),
            example: "2h".to_owned(),
        });
        self
    }
}

pub fn seconds() -> Encoding {
    Encoding::Unix(Unit::Seconds, vec![Storage::Integer])
}

pub fn milliseconds(storage: &[Storage]) -> Encoding {
    Encoding::Unix(Unit::Milliseconds, storage.to_vec())
}

pub fn text(separator: Separator, decimals: &[u8], zone: ZoneForm) -> Encoding {
    Encoding::Text(TextForm { separator, decimals: Decimals(decimals.to_vec()), zone })
}

pub fn utc(decimals: &[u8]) -> Encoding {
    text(Separator::Blank, decimals, ZoneForm::None(Zone::UTC))
}

pub fn django() -> Profile {
    draft(
        "django",
        "django_session",
        "session_key",
        &["session_key", "session_data", "expire_date"],
    )
    .time("expire_date", utc(&[0, 6]))
    .at(0, false)
    .token("session_key", "", false)
    .0
}

pub fn flask() -> Profile {
    draft("flask-session", "sessions", "session_id", &["id", "session_id", "data", "expiry"])
        .time("expiry", utc(&[6]))
        .null(Nullness::Expired)
        .at(0, true)
        .token("session_id", "session:", false)
        .0
}

pub fn rails() -> Profile {
    let columns = ["id", "session_id", "data", "created_at", "updated_at"];
    draft("rails", "sessions", "session_id", &columns)
        .time("created_at", utc(&[6]))
        .time("updated_at", utc(&[6]))
        .after(0, Span::days(30), false)
        .after(1, Span::days(30), false)
        .used(1)
        .token("session_id", "2::", true)
        .0
}

pub fn laravel() -> Profile {
    let columns = ["id", "user_id", "ip_address", "user_agent", "payload", "last_activity"];
    let mut profile = draft("laravel", "sessions", "id", &columns)
        .time("last_activity", seconds())
        .after(0, Span::hours(2), true)
        .used(0)
        .user("user_id")
        .0;
    profile.client = Some(source("ip_address"));
    profile
}

pub fn symfony() -> Profile {
    let columns = ["sess_id", "sess_data", "sess_lifetime", "sess_time"];
    let relative = Length::Input { input: 0, unit: Unit::Seconds, never: Vec::new() };
    draft("symfony", "sessions", "sess_id", &columns)
        .time("sess_lifetime", seconds())
        .time("sess_time", seconds())
        .at(0, false)
        .when(0, Test::Above(315_576_000))
        .rule(RuleKind::After(1, relative), false)
        .when(0, Test::UpTo(315_576_000))
        .0
}

pub fn scs() -> Profile {
    draft("scs", "sessions", "token", &["token", "data", "expiry"])
        .time("expiry", Encoding::Julian(vec![Storage::Real]))
        .at(0, false)
        .0
}

pub fn connect_sqlite3() -> Profile {
    draft("connect-sqlite3", "sessions", "sid", &["sid", "expired", "sess"])
        .time("expired", milliseconds(&[Storage::Integer, Storage::Real]))
        .at(0, false)
        .0
}

pub fn better_auth() -> Profile {
    let columns =
        ["id", "expiresAt", "token", "createdAt", "updatedAt", "ipAddress", "userAgent", "userId"];
    let form = || text(Separator::T, &[3], ZoneForm::Z);
    draft("better-auth", "session", "id", &columns)
        .time("expiresAt", form())
        .time("updatedAt", form())
        .at(0, false)
        .used(1)
        .user("userId")
        .0
}

pub fn authjs_drizzle() -> Profile {
    draft("authjs-drizzle", "session", "sessionToken", &["sessionToken", "userId", "expires"])
        .time("expires", milliseconds(&[Storage::Integer]))
        .at(0, false)
        .user("userId")
        .0
}

pub fn authjs_typeorm() -> Profile {
    let columns = ["id", "sessionToken", "userId", "expires"];
    draft("authjs-typeorm", "sessions", "sessionToken", &columns)
        .time("expires", milliseconds(&[Storage::Text]))
        .at(0, false)
        .user("userId")
        .0
}

pub fn tower_sessions() -> Profile {
    let any: Vec<u8> = (0..=9).collect();
    draft("tower-sessions", "tower_sessions", "id", &["id", "data", "expiry_date"])
        .time("expiry_date", text(Separator::T, &any, ZoneForm::Z))
        .at(0, false)
        .0
}

pub fn spring() -> Profile {
    let columns = [
        "PRIMARY_ID",
        "SESSION_ID",
        "CREATION_TIME",
        "LAST_ACCESS_TIME",
        "MAX_INACTIVE_INTERVAL",
        "EXPIRY_TIME",
        "PRINCIPAL_NAME",
    ];
    draft("spring-session", "SPRING_SESSION", "PRIMARY_ID", &columns)
        .time("EXPIRY_TIME", milliseconds(&[Storage::Integer]))
        .never(i64::MAX)
        .time("LAST_ACCESS_TIME", milliseconds(&[Storage::Integer]))
        .at(0, false)
        .used(1)
        .user("PRINCIPAL_NAME")
        .0
}

pub fn gitea() -> Profile {
    draft("gitea", "session", "key", &["key", "data", "expiry"])
        .time("expiry", seconds())
        .after(0, Span::days(1), true)
        .readonly("its cache of sessions writes them back")
        .0
}

/// All of them, and the files that hold their tables.
pub fn all() -> Vec<(Profile, &'static str, &'static [&'static str])> {
    vec![
        (
            django(),
            include_str!("../adopted/fixtures/django.sql"),
            &["g4k32zhlrlpzvhcmu1mnysy51vvfo89c", "khfmrm052mi1mi21w4e19tf29cs703vt"],
        ),
        (
            flask(),
            include_str!("../adopted/fixtures/flask_session.sql"),
            &["session:E0UI3Ci9Mxjx", "session:legacyNullExp"],
        ),
        (
            rails(),
            include_str!("../adopted/fixtures/rails.sql"),
            &["2::expired1", "2::old_but_active"],
        ),
        (
            laravel(),
            include_str!("../adopted/fixtures/laravel.sql"),
            &["Q3kW1expired", "Q3kW1guestBoundary"],
        ),
        (symfony(), include_str!("../adopted/fixtures/symfony.sql"), &["expired1"]),
        (scs(), include_str!("../adopted/fixtures/scs_sqlite3store.sql"), &["expired1"]),
        (connect_sqlite3(), include_str!("../adopted/fixtures/connect_sqlite3.sql"), &["expired1"]),
        (better_auth(), include_str!("../adopted/fixtures/better_auth.sql"), &["e1"]),
        (authjs_drizzle(), include_str!("../adopted/fixtures/authjs_drizzle.sql"), &["e1"]),
        (authjs_typeorm(), include_str!("../adopted/fixtures/authjs_typeorm.sql"), &["e1"]),
        (
            tower_sessions(),
            include_str!("../adopted/fixtures/tower_sessions.sql"),
            &["expired1", "whole_second_expired"],
        ),
        (spring(), include_str!("../adopted/fixtures/spring_session_jdbc.sql"), &["p2"]),
        (gitea(), include_str!("../adopted/fixtures/gitea.sql"), &["expired0000000e1"]),
    ]
}
