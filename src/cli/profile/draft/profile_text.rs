//! A draft as the text of a profile.

use super::encoding;
use super::lines::{Lines, key, list, quoted, value};
use crate::domain::format::format_count;
use crate::domain::profile::draft::{
    Draft, DraftCondition, DraftFilter, DraftId, DraftLifetime, DraftRule, DraftRuleKind,
    DraftTest, DraftTime, KeptRows, ObservedDependent,
};
use crate::domain::profile::{ColumnSource, NullMeaning};

/// Writes a draft as a profile, with the evidence in comments.
pub fn profile_text(draft: &Draft) -> String {
    let mut lines = Lines::default();
    head(&mut lines, draft);
    people(&mut lines, draft);
    draft.times.iter().for_each(|time| write_time(&mut lines, time));
    draft.rules.iter().for_each(|rule| write_rule(&mut lines, rule));
    draft.filters.iter().for_each(|filter| write_filter(&mut lines, filter));
    draft.dependents.iter().for_each(|dependent| write_dependent(&mut lines, dependent, &draft.id));
    for parameter in &draft.parameters {
        lines.blank().line(&format!("[parameters.{}]", key(&parameter.name)));
        lines.key("about", &quoted(&parameter.about)).key("example", &quoted(&parameter.example));
    }
    lines.into_text()
}

fn head(lines: &mut Lines, draft: &Draft) {
    let rows = match (draft.rows, draft.is_whole) {
        (0, _) => "it has no rows".to_owned(),
        (1, true) => "its only row".to_owned(),
        (rows, true) => format!("all of its {} rows", format_count(rows as u64)),
        (rows, false) => format!("{} of its rows", format_count(rows as u64)),
    };
    let table = &draft.table;
    lines.comment(&format!(
        "A draft for the table {table}, from its schema and its values ({rows}). The comments \
         give the evidence for each choice; where two meanings are possible, this is the one \
         that deletes less. Compare it with the source code of the application."
    ));
    for remark in &draft.remarks {
        lines.comment("").sentences(std::slice::from_ref(remark));
    }
    lines.blank().key("name", &quoted(&name(table))).key("title", &quoted(table));
    lines.key("about", &quoted(&format!("drafted from the table {table}")));
    lines.key("table", &quoted(table)).blank();
    write_id(lines, &draft.id);
    lines.key("columns", &list(draft.columns.iter().map(|column| quoted(column))));
    if let Some(reason) = &draft.readonly {
        let advice = match (&draft.accounts, draft.rows) {
            (Some(_), _) => {
                "Delete this line only if the rows are sessions after all; then accept a rule below."
            }
            (None, 0) => "Delete this line once you have checked the times.",
            (None, _) => "Delete this line once there is a rule below.",
        };
        lines.blank().comment(advice);
        lines.key("readonly", &quoted(reason));
    }
    for (what, time) in [("created", &draft.created), ("used", &draft.used)] {
        if let Some(time) = time {
            lines.key(what, &quoted(time));
        }
    }
}

/// A valid name for a profile.
fn name(table: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    let name: String = table.to_ascii_lowercase().chars().map(letter).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "own".to_owned() } else { name.to_owned() }
}

fn write_id(lines: &mut Lines, id: &DraftId) {
    lines.sentences(std::slice::from_ref(&id.evidence));
    match &id.columns[..] {
        [] => lines.key("id", "\"rowid\""),
        [only] => lines.key("id", &quoted(only)),
        several => lines.key("id", &list(several.iter().map(|column| quoted(column)))),
    };
}

fn people(lines: &mut Lines, draft: &Draft) {
    if let Some(user) = &draft.user {
        lines.blank().sentences(std::slice::from_ref(&user.evidence)).line("[user]");
        write_source(lines, &user.source);
        if user.is_django {
            lines.key("payload", "\"django\"");
        }
        if user.has_zeros {
            lines.comment("If 0 means that nobody has logged in:");
            lines.line("# nobody = [0]");
        }
        if let Some([table, id, name]) = &user.names {
            let [table, id, name] = [table, id, name].map(|text| quoted(text));
            lines.key("names", &format!("{{ table = {table}, key = {id}, name = {name} }}"));
        }
    }
    for (table, found) in [("[client]", &draft.client), ("[agent]", &draft.agent)] {
        if let Some(found) = found {
            lines.blank().sentences(std::slice::from_ref(&found.evidence)).line(table);
            write_source(lines, &found.source);
        }
    }
    if let Some(token) = &draft.token {
        lines.blank().sentences(std::slice::from_ref(&token.evidence)).line("[token]");
        lines.key("column", &quoted(&token.column));
        if let Some(prefix) = &token.prefix {
            lines.key("prefix", &quoted(prefix));
        }
        if token.may_be_hashed {
            lines.comment("If these are not the tokens, but their SHA-256:");
            lines.line("# hash = \"sha256\"");
        }
    }
}

fn write_source(lines: &mut Lines, source: &ColumnSource) {
    lines.key("column", &quoted(&source.column));
    if let Some(path) = &source.path {
        lines.key("path", &quoted(path));
    }
}

fn inline_source(source: &ColumnSource) -> String {
    let path = source.path.as_ref().map(|path| format!(", path = {}", quoted(path)));
    format!("column = {}{}", quoted(&source.column), path.unwrap_or_default())
}

fn write_time(lines: &mut Lines, time: &DraftTime) {
    lines.blank().sentences(&time.evidence).as_comment(time.is_suggestion);
    lines.line(&format!("[times.{}]", key(&time.name)));
    if time.source.path.is_some() || time.source.column != time.name {
        write_source(lines, &time.source);
    }
    for (key, value) in encoding::keys(&time.encoding, time.zone) {
        let value = if time.is_suggestion { value.replace('\n', "\n# ") } else { value };
        lines.key(key, &value);
    }
    if time.null == Some(NullMeaning::Never) {
        lines.key("null", "\"never\"");
    }
    let never: Vec<String> = time.never.iter().filter_map(value).collect();
    if !never.is_empty() {
        lines.key("never", &list(never));
    }
    lines.as_comment(false);
}

fn write_rule(lines: &mut Lines, rule: &DraftRule) {
    lines.blank().sentences(&rule.evidence).as_comment(rule.is_suggestion).line("[[expired]]");
    match &rule.kind {
        DraftRuleKind::At(time) => lines.key("at", &quoted(time)),
        DraftRuleKind::After(time, lifetime) => {
            lines.key("after", &quoted(time)).key("lifetime", &length(lifetime))
        }
        DraftRuleKind::NotNull(column) => lines.key("not_null", &quoted(column)),
    };
    if !matches!(rule.kind, DraftRuleKind::NotNull(_)) {
        lines.key("boundary", "\"<\"");
    }
    if !rule.when.is_empty() {
        lines.key("when", &list(rule.when.iter().map(condition)));
    }
    write_exceptions(lines, rule);
    lines.as_comment(false);
}

/// Conditions to add to a rule: in its table, so that they can become valid there.
fn write_exceptions(lines: &mut Lines, rule: &DraftRule) {
    for (exception, evidence) in &rule.exceptions {
        lines.comment(evidence);
        if !rule.when.is_empty() {
            lines.comment("(This line replaces the one above.)");
        }
        let conditions = rule.when.iter().chain([exception]).map(condition);
        lines.as_comment(true).key("when", &list(conditions)).as_comment(false);
    }
}

fn length(lifetime: &DraftLifetime) -> String {
    match lifetime {
        DraftLifetime::Parameter => "{ parameter = \"lifetime\" }".to_owned(),
        DraftLifetime::Example(example) => quoted(example),
        DraftLifetime::Column { source, unit, never } => {
            let never: Vec<String> = never.iter().filter_map(value).collect();
            let never =
                if never.is_empty() { String::new() } else { format!(", never = {}", list(never)) };
            let unit = quoted(encoding::unit_name(*unit));
            format!("{{ {}, unit = {unit}{never} }}", inline_source(source))
        }
    }
}

fn condition(condition: &DraftCondition) -> String {
    let test = match condition.test {
        DraftTest::Null(is_null) => format!("null = {is_null}"),
        DraftTest::True => "equals = true".to_owned(),
        DraftTest::False => "equals = false".to_owned(),
        DraftTest::Above(number) => format!("above = {number}"),
        DraftTest::UpTo(number) => format!("up_to = {number}"),
    };
    format!("{{ {}, {test} }}", inline_source(&condition.source))
}

fn write_filter(lines: &mut Lines, filter: &DraftFilter) {
    let column = &filter.column;
    let values = filter
        .values
        .iter()
        .filter_map(|(known, count)| Some(format!("{} in {}", value(known)?, rows(*count))));
    let values = values.collect::<Vec<_>>().join(", ");
    let others = match filter.others {
        (0, _) => String::new(),
        (1, count) => format!("; 1 other value in {}", rows(count)),
        (others, count) => {
            format!("; {} other values in {}", format_count(others as u64), rows(count))
        }
    };
    let advice = match &filter.kept {
        KeptRows::Sessions(_) => {
            "By their name, only these rows are sessions, and only they are deleted; check what the \
             others are:"
        }
        KeptRows::Proposed(_) => "If only some of these rows are sessions, keep their values:",
    };
    lines
        .blank()
        .comment(&format!("The column {column} has these values: {values}{others}. {advice}"));
    let (is_comment, kept) = match &filter.kept {
        KeptRows::Sessions(kept) => (false, kept),
        KeptRows::Proposed(kept) => (true, kept),
    };
    lines.as_comment(is_comment).line("[[filter]]").key("column", &quoted(column));
    match &kept.iter().filter_map(value).collect::<Vec<_>>()[..] {
        [only] => lines.key("equals", only),
        several => lines.key("any_of", &list(several.iter().cloned())),
    };
    lines.as_comment(false);
}

fn rows(count: usize) -> String {
    let rows = if count == 1 { "row" } else { "rows" };
    format!("{} {rows}", format_count(count as u64))
}

fn write_dependent(lines: &mut Lines, dependent: &ObservedDependent, id: &DraftId) {
    let ObservedDependent { table, columns, references, on_delete } = dependent;
    let (by, names) = (columns.join(", "), references.join(", "));
    lines.blank();
    match on_delete.as_deref() {
        Some(action @ ("CASCADE" | "SET NULL" | "SET DEFAULT")) => {
            let rule = ["ON DELETE", action].join(" ");
            lines.comment(&format!(
                "{table} refers to {names} by {by}, {rule}: SQLite does that itself."
            ));
            return;
        }
        Some(_) => lines.comment(&format!(
            "{table} refers to {names} by {by}: a session with such rows is kept. To delete \
             them with it (or to keep them without it: action = \"set null\"):"
        )),
        None => lines.comment(&format!(
            "{table} has columns of the same name, {by}. If its rows belong to a session, and \
             are to be deleted with it:"
        )),
    };
    let names = |columns: &[String]| match columns {
        [only] => quoted(only),
        several => list(several.iter().map(|column| quoted(column))),
    };
    lines.as_comment(true).line("[[dependents]]").key("table", &quoted(table));
    lines.key("column", &names(columns));
    if *references != id.columns {
        lines.key("references", &names(references));
    }
    lines.as_comment(false);
}
