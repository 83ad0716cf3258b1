//! Profiles as the store takes them: those that come with the program, and others.

use sessctl::domain::profile::{
    ColumnSource, Condition, Decimals, Dependent, DependentAction, Encoding, Length, NullMeaning,
    Parameter, Predicate, Profile, Rule, RuleKind, Separator, SqlValue, Storage, StricterRules,
    TextForm, TimeColumn, TokenForm, Unit, UserForm, UserNames, UserSource, ZoneForm,
};
use sessctl::domain::time::Span;
use sessctl::domain::time_zone::TimeZone;

use super::fixtures;

/// A profile that one adds to.
pub struct Draft(pub Profile);

pub fn draft(name: &str, table: &str, id: &str, columns: &[&str]) -> Draft {
    Draft(Profile {
        name: name.to_owned(),
        title: format!("the framework {name}"),
        about: String::new(),
        versions: None,
        verified: None,
        holds: Profile::SESSIONS.to_owned(),
        survives: Vec::new(),
        task: name.to_owned(),
        table: table.to_owned(),
        columns: columns.iter().map(|&column| column.to_owned()).collect(),
        optional: Vec::new(),
        id: vec![id.to_owned()],
        is_detected: true,
        readonly: None,
        user: None,
        client: None,
        agent: None,
        tokens: Vec::new(),
        inputs: Vec::new(),
        times: Vec::new(),
        created: None,
        used: None,
        rules: Vec::new(),
        filter: Vec::new(),
        dependents: Vec::new(),
        missing: Vec::new(),
        doubt: None,
        stricter: StricterRules::default(),
    })
}

pub fn source(column: &str) -> ColumnSource {
    ColumnSource { column: column.to_owned(), path: None }
}

impl Draft {
    pub fn input(mut self, column: &str) -> Self {
        self.0.inputs.push(source(column));
        self
    }

    /// One that is a time, too.
    pub fn time(mut self, column: &str, encoding: Encoding) -> Self {
        let input = self.0.inputs.len();
        self.0.times.push(TimeColumn {
            input,
            encoding,
            null: None,
            never: Vec::new(),
            over: Vec::new(),
            declared: None,
        });
        self.input(column)
    }

    pub fn null(mut self, null: NullMeaning) -> Self {
        self.0.times.last_mut().unwrap().null = Some(null);
        self
    }

    pub fn never(mut self, never: i64) -> Self {
        self.0.times.last_mut().unwrap().never.push(SqlValue::Integer(never));
        self
    }

    pub fn over(mut self, over: i64) -> Self {
        self.0.times.last_mut().unwrap().over.push(SqlValue::Integer(over));
        self
    }

    pub fn path(mut self, path: &str) -> Self {
        self.0.inputs.last_mut().unwrap().path = Some(path.to_owned());
        self
    }

    pub fn rule(mut self, kind: RuleKind, inclusive: bool) -> Self {
        self.0.rules.push(Rule { kind, when: Vec::new(), inclusive, grace: Span::ZERO });
        self
    }

    pub fn at(self, time: usize, inclusive: bool) -> Self {
        self.rule(RuleKind::At(time), inclusive)
    }

    pub fn after(self, time: usize, span: Span, inclusive: bool) -> Self {
        self.rule(RuleKind::After(time, Length::Fixed(span)), inclusive)
    }

    pub fn when(mut self, input: usize, test: Predicate) -> Self {
        self.0.rules.last_mut().unwrap().when.push(Condition { input, test });
        self
    }

    pub fn only(mut self, input: usize, test: Predicate) -> Self {
        self.0.filter.push(Condition { input, test });
        self
    }

    pub fn user(mut self, column: &str) -> Self {
        self.0.user = Some(UserSource {
            column: column.to_owned(),
            paths: Vec::new(),
            form: UserForm::Plain,
            nobody: Vec::new(),
            names: None,
        });
        self
    }

    /// The table with the names of the users.
    pub fn names(mut self, table: &str, key: &str, name: &str) -> Self {
        let [table, key, name] = [table, key, name].map(str::to_owned);
        self.0.user.as_mut().unwrap().names = Some(UserNames { table, key, name });
        self
    }

    pub fn token(mut self, column: &str) -> Self {
        let (column, prefix) = (column.to_owned(), String::new());
        self.0.tokens.push(TokenForm { column, prefix, is_hashed: false });
        self
    }

    pub fn nobody(mut self, value: i64) -> Self {
        self.0.user.as_mut().unwrap().nobody.push(SqlValue::Integer(value));
        self
    }

    pub fn dependent(mut self, table: &str, column: &str, references: &str) -> Self {
        self.0.dependents.push(Dependent {
            table: table.to_owned(),
            columns: vec![column.to_owned()],
            references: vec![references.to_owned()],
            action: DependentAction::Delete,
        });
        self
    }

    /// The action for rows of the last dependent.
    pub fn set_null(mut self) -> Self {
        self.0.dependents.last_mut().unwrap().action = DependentAction::SetNull;
        self
    }

    pub fn named(mut self) -> Self {
        self.0.is_detected = false;
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
    text(Separator::Blank, decimals, ZoneForm::None(TimeZone::UTC))
}

/// One that comes with the program, with the parameters of its fixture.
pub fn shipped(name: &str) -> Profile {
    fixtures::named(name).read()
}

pub fn django() -> Profile {
    shipped("django")
}

pub fn flask() -> Profile {
    shipped("flask-session")
}

pub fn rails() -> Profile {
    shipped("rails")
}

pub fn laravel() -> Profile {
    shipped("laravel")
}

pub fn symfony() -> Profile {
    shipped("symfony")
}

pub fn scs() -> Profile {
    shipped("scs")
}

pub fn better_auth() -> Profile {
    shipped("better-auth")
}

pub fn gitea() -> Profile {
    shipped("gitea")
}
