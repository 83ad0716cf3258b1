//! Finding the user, the client, the agent and the token of a session.

use std::net::IpAddr;

use super::names;
use super::observation::{ObservedReference, ObservedTable, ObservedValues};
use crate::domain::profile::definition::{ColumnSource, SessionUser};
use crate::domain::profile::django::django_user;
use crate::domain::profile::value::{SqlValue, SqlValueRef};

#[derive(Debug, Clone)]
pub struct DraftUser {
    pub source: ColumnSource,
    /// Set if the column holds what Django's session engines write.
    pub is_django: bool,
    /// Table, key and column with the names of the users.
    pub names: Option<[String; 3]>,
    pub evidence: String,
    pub has_zeros: bool,
}

/// Source of the client or of the agent.
#[derive(Debug, Clone)]
pub struct DraftSource {
    pub source: ColumnSource,
    pub evidence: String,
}

#[derive(Debug, Clone)]
pub struct DraftToken {
    pub column: String,
    pub prefix: Option<String>,
    pub may_be_hashed: bool,
    pub evidence: String,
}

/// Chooses the value with the best reasons: a foreign key to a table of users, or a name. A
/// column that alone identifies a session is never the user, nor is one with a secret.
pub(super) fn user(
    table: &ObservedTable,
    is_taken: impl Fn(&ColumnSource) -> bool,
) -> Option<DraftUser> {
    let score = |observed: &&ObservedValues| -> (i32, i32) {
        let source = &observed.source;
        let is_column = source.path.is_none();
        let reference = table.reference(&source.column).filter(|_| is_column);
        let refers = reference.is_some_and(|key| names::is_users_table(&key.table));
        let is_out = is_taken(source)
            || names::is_client(source)
            || (is_column && table.is_unique(&source.column))
            || (reference.is_none() && is_secret(observed));
        let by_name = names::is_user(source);
        match (is_out, refers, by_name) {
            (true, ..) | (_, false, false) => (0, 0),
            (_, refers, by_name) => {
                let is_id = source.path.as_deref().unwrap_or(&source.column).to_lowercase();
                let is_id =
                    is_id.ends_with("id") || is_id.ends_with("user") || is_id.ends_with("name");
                (
                    i32::from(refers) * 8
                        + i32::from(by_name) * 4
                        + i32::from(is_column) * 2
                        + i32::from(is_id),
                    1,
                )
            }
        }
    };
    let django = table.values.iter().find(|observed| is_django(observed)).map(django_source);
    let best = table.values.iter().rev().max_by_key(score).filter(|best| score(best).1 > 0);
    match best {
        Some(best) if best.source.path.is_none() || django.is_none() => {
            Some(plain_user(table, best))
        }
        _ => django,
    }
}

fn plain_user(table: &ObservedTable, observed: &ObservedValues) -> DraftUser {
    let source = observed.source.clone();
    let reference = table.reference(&source.column).filter(|_| source.path.is_none());
    let rows = observed.values.len();
    let users = observed.distinct();
    let by = reference.map_or_else(
        || "by its name".to_owned(),
        |key| format!("it refers to {}.{}", key.table, key.key),
    );
    let evidence = format!("{by}{}", different(users, rows));
    let names_of = |key: &ObservedReference| {
        let name = names::person_name(&key.columns)?;
        Some([key.table.clone(), key.key.clone(), name.clone()])
    };
    let is_zero = |value: &&SqlValue| value.is_same(SqlValueRef::Integer(0));
    let has_zeros = observed.present().any(|value| is_zero(&value)) && users > 1;
    DraftUser { names: reference.and_then(names_of), source, is_django: false, evidence, has_zeros }
}

fn is_django(observed: &ObservedValues) -> bool {
    let texts: Vec<&str> = observed.texts().filter(|text| !text.is_empty()).collect();
    let is_readable = |text: &&&str| {
        text.contains(':') && django_user(text.as_bytes()) != SessionUser::Unreadable
    };
    let readable = texts.iter().filter(is_readable).count();
    observed.source.path.is_none() && readable > 0 && readable * 2 > texts.len()
}

fn django_source(observed: &ObservedValues) -> DraftUser {
    let users = observed.texts().filter_map(|text| django_user(text.as_bytes()).user()).count();
    DraftUser {
        source: observed.source.clone(),
        is_django: true,
        names: None,
        evidence: format!(
            "its values are what Django signs; {users} of {} name a user",
            observed.values.len()
        ),
        has_zeros: false,
    }
}

/// Long texts or bytes that hardly ever repeat.
fn is_secret(observed: &ObservedValues) -> bool {
    let length = |value: &SqlValue| match value.raw() {
        SqlValueRef::Text(bytes) | SqlValueRef::Blob(bytes) => bytes.len(),
        _ => 0,
    };
    let present: Vec<usize> = observed.present().map(length).collect();
    let total: usize = present.iter().sum();
    let is_long = total >= 24 * present.len();
    present.len() > 3 && is_long && observed.distinct() * 10 >= present.len() * 9
}

/// Chooses a column whose values are IP addresses, or that is named so and has none.
pub(super) fn client(
    table: &ObservedTable,
    is_taken: impl Fn(&ColumnSource) -> bool,
) -> Option<DraftSource> {
    let addresses = |observed: &ObservedValues| {
        observed.texts().filter(|text| text.parse::<IpAddr>().is_ok()).count()
    };
    let is_it = |observed: &&ObservedValues| {
        let present = observed.texts().filter(|text| !text.is_empty()).count();
        let found = addresses(observed);
        let is_named = names::is_client(&observed.source) && observed.source.path.is_none();
        !is_taken(&observed.source) && (found * 2 > present || (is_named && found == present))
    };
    let named = table.values.iter().filter(|it| names::is_client(&it.source)).find(is_it);
    let found = named.or_else(|| table.values.iter().filter(|it| addresses(it) > 0).find(is_it))?;
    let evidence = match addresses(found) {
        0 => "by its name; it has no values".to_owned(),
        count => format!("{count} of {} values are IP addresses", found.values.len()),
    };
    Some(DraftSource { source: found.source.clone(), evidence })
}

/// Chooses a value that holds what programs call themselves, or a column of other text that is
/// named so, such as the name of a device.
pub(super) fn agent(
    table: &ObservedTable,
    is_taken: impl Fn(&ColumnSource) -> bool,
) -> Option<DraftSource> {
    let agents =
        |observed: &ObservedValues| observed.texts().filter(|text| is_user_agent(text)).count();
    let is_free = |observed: &&ObservedValues| {
        let source = &observed.source;
        let is_key = source.path.is_none()
            && (table.is_unique(&source.column) || table.reference(&source.column).is_some());
        !is_taken(source) && !is_key && !names::is_identifier(source)
    };
    let is_it = |observed: &&ObservedValues| {
        let found = agents(observed);
        let present = observed.texts().filter(|text| !text.is_empty()).count();
        is_free(observed) && found > 0 && found * 2 > present
    };
    let is_named = |observed: &&ObservedValues| {
        let is_text = observed.texts().count() == observed.present().count();
        let is_column = observed.source.path.is_none();
        let is_shown = is_free(observed) && is_text && is_column && !is_secret(observed);
        is_shown && names::is_agent(&observed.source)
    };
    let found = table.values.iter().find(is_it).or_else(|| table.values.iter().find(is_named))?;
    let evidence = match (agents(found), found.present().count()) {
        (0, 0) => "by its name; it has no values".to_owned(),
        (0, _) => "by its name".to_owned(),
        (count, _) => {
            format!("{count} of {} values are those of a header User-Agent", found.values.len())
        }
    };
    Some(DraftSource { source: found.source.clone(), evidence })
}

/// Reports whether a text begins as a header User-Agent: with the name of a program and its
/// version.
fn is_user_agent(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default();
    first.split_once('/').is_some_and(|(name, version)| {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let starts = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        starts
            && name.bytes().all(is_name)
            && version.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
            && version.bytes().all(|byte| is_name(byte) || byte == b'+')
    })
}

/// Chooses a column of text that is named as a token, a unique one first; else the id, if it
/// is text.
pub(super) fn token(
    table: &ObservedTable,
    id: &[String],
    is_taken: impl Fn(&ColumnSource) -> bool,
) -> Option<DraftToken> {
    let is_text = |observed: &&ObservedValues| {
        let texts = observed.texts().count();
        observed.source.path.is_none()
            && texts == observed.present().count()
            && (texts > 0 || table.rows == 0)
            && !is_taken(&observed.source)
    };
    let rank = |observed: &&ObservedValues| {
        let column = &observed.source.column;
        let is_id = id.len() == 1 && id[0].eq_ignore_ascii_case(column);
        let is_distinct = observed.distinct() * 2 >= table.rows;
        let (named, is_unique) = (names::is_token(&observed.source), table.is_unique(column));
        match (named, is_unique, is_id) {
            (true, true, _) => 3,
            (true, false, _) if is_distinct && table.rows > 0 => 2,
            (false, _, true) => 1,
            _ => 0,
        }
    };
    let found = table.values.iter().filter(is_text).rev().max_by_key(rank);
    let found = found.filter(|observed| rank(observed) > 0)?;
    let texts: Vec<&str> = found.texts().collect();
    let reason = match rank(&found) {
        1 if texts.is_empty() => "the id",
        1 => "the id, because it is text",
        _ => "by its name",
    };
    let evidence = format!("{reason}{}", different(found.distinct(), table.rows));
    Some(DraftToken {
        column: found.source.column.clone(),
        prefix: prefix(&texts),
        may_be_hashed: !texts.is_empty() && texts.iter().all(|text| is_sha256(text)),
        evidence,
    })
}

/// End of a sentence about the values of a column.
fn different(values: usize, rows: usize) -> String {
    let is_one = |count: usize| if count == 1 { "" } else { "s" };
    match rows {
        0 => String::new(),
        _ => format!("; {values} different value{} in {rows} row{}", is_one(values), is_one(rows)),
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Common prefix of all texts, up to its last colon.
fn prefix(texts: &[&str]) -> Option<String> {
    let (first, rest) = texts.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let common = |length: usize, text: &&str| {
        first.bytes().zip(text.bytes()).take(length).take_while(|(a, b)| a == b).count()
    };
    let length = rest.iter().fold(first.len(), common);
    let shared = first.get(..length)?;
    // Digits may belong to the tokens: Rails writes the version of its ids.
    shared
        .rfind(':')
        .map(|at| shared[..=at].to_owned())
        .filter(|prefix| prefix.bytes().any(|byte| byte.is_ascii_alphabetic()))
}
