//! Expressions that apply the rule of each row's task.

use std::fmt::Write as _;

use crate::domain::hex;
use crate::domain::policy::{CappedRetention, Policies, Policy};
use crate::domain::profile::SqlValue;
use crate::domain::task::TaskPattern;
use crate::store::statement::Statement;

/// Policies that are compared one by one, and whose values are bound.
pub(super) const MAX_COMPARED: usize = 64;
/// Tasks in an entry of the directory, and branches of the tree that leads to it. A row then
/// needs some dozens of comparisons; SQLite compiles a statement with a few thousand
/// constants at once, and its parser allows for the depth.
const ENTRY_TASKS: usize = 32;
const MAX_BRANCHES: usize = 32;
/// Digits of the number of a rule's form, and of each of its values.
const FORM_DIGITS: usize = 4;
const VALUE_DIGITS: usize = 20;

/// Writes, for each task's policy, the expression that `write` creates from it.
///
/// A large number of policies is stored in a directory within the text: a statement may have at
/// most 32,766 parameters, and a branch for each policy would take minutes to compile.
pub(super) fn per_task(
    sql: &mut Statement,
    policies: &Policies,
    write: impl Fn(&mut Statement, &Policy),
) {
    let count = policies.iter_named().count();
    if count > MAX_COMPARED {
        let directory = TaskRuleIndex::of(policies, &write);
        directory.push_lookup(sql, |sql| per_pattern(sql, policies, &write));
    } else if count == 0 {
        sql.push("(");
        per_pattern(sql, policies, &write);
        sql.push(")");
    } else {
        sql.push("CASE task");
        for (task, policy) in policies.iter_named() {
            sql.push(" WHEN ").bind(task).push(" THEN (");
            write(sql, policy);
            sql.push(")");
        }
        sql.push(" ELSE (");
        per_pattern(sql, policies, &write);
        sql.push(") END");
    }
}

pub(super) fn task_matches(sql: &mut Statement, task: &TaskPattern) {
    if task.is_wild() {
        let mut like = String::new();
        for c in task.as_str().chars() {
            match c {
                '*' => like.push('%'),
                '%' | '_' | '\\' => like.extend(['\\', c]),
                c => like.push(c),
            }
        }
        sql.push("task LIKE ").bind(like).push(" ESCAPE '\\'");
    } else {
        sql.push("task = ").bind(task.as_str());
    }
}

/// Writes the expression for tasks that have no policy by their name.
fn per_pattern(sql: &mut Statement, policies: &Policies, write: &impl Fn(&mut Statement, &Policy)) {
    let patterns = policies.patterns();
    let capped = patterns.iter().map(|own| own.capped.len()).sum::<usize>();
    if patterns.len() + capped + policies.capped_default().len() > MAX_COMPARED {
        let mut bound = Statement::default();
        pattern_cases(&mut bound, policies, write);
        replace_parameters(sql, &bound, |sql, value| {
            sql.literal(value.raw());
        });
    } else {
        pattern_cases(sql, policies, write);
    }
}

fn pattern_cases(
    sql: &mut Statement,
    policies: &Policies,
    write: &impl Fn(&mut Statement, &Policy),
) {
    if policies.patterns().is_empty() {
        return per_cap(sql, &policies.default, policies.capped_default(), write);
    }
    sql.push("CASE");
    for own in policies.patterns() {
        sql.push(" WHEN ");
        task_matches(sql, &own.tasks);
        sql.push(" THEN (");
        per_cap(sql, &own.policy, &own.capped, write);
        sql.push(")");
    }
    sql.push(" ELSE (");
    per_cap(sql, &policies.default, policies.capped_default(), write);
    sql.push(") END");
}

/// Writes the expression for tasks that have a policy together, whose retention a cap may
/// reduce; most expressions are the same under each cap.
fn per_cap(
    sql: &mut Statement,
    policy: &Policy,
    capped: &[CappedRetention],
    write: &impl Fn(&mut Statement, &Policy),
) {
    let rule = |policy: &Policy| {
        let mut rule = Statement::default();
        write(&mut rule, policy);
        rule
    };
    let base = rule(policy);
    if capped.iter().all(|capped| rule(&capped.policy) == base) {
        return write(sql, policy);
    }
    sql.push("CASE");
    for CappedRetention { tasks, policy } in capped {
        sql.push(" WHEN ");
        task_matches(sql, tasks);
        sql.push(" THEN (");
        write(sql, policy);
        sql.push(")");
    }
    sql.push(" ELSE (");
    write(sql, policy);
    sql.push(") END");
}

/// Rules of many tasks. Most differ only in their numbers, which are stored after the name
/// of the task, with the number of the form of the rule.
struct TaskRuleIndex<'a> {
    /// Rules in the order of the task names, which is also SQLite's order.
    rules: Vec<(&'a str, String)>,
    /// Expressions with `v0`, `v1`, … as placeholders for numbers.
    forms: Vec<String>,
    /// The most numbers that one of them has.
    values: usize,
}

impl<'a> TaskRuleIndex<'a> {
    /// Collects the tasks whose rule differs from the rule of unnamed tasks.
    fn of(policies: &'a Policies, write: &impl Fn(&mut Statement, &Policy)) -> Self {
        let rule = |policy: &Policy| {
            let mut rule = Statement::default();
            write(&mut rule, policy);
            rule
        };
        // A pattern or a cap may give a task another one than the default.
        let is_plain = policies.patterns().is_empty() && policies.capped_default().is_empty();
        let fallback = Some(rule(&policies.default)).filter(|_| is_plain);
        let mut directory = Self { rules: Vec::new(), forms: Vec::new(), values: 0 };
        let named = policies.iter_named().map(|(task, policy)| (task, rule(policy)));
        for (task, rule) in named.filter(|(_, rule)| Some(rule) != fallback.as_ref()) {
            directory.add(task, &rule);
        }
        directory
    }

    fn add(&mut self, task: &'a str, rule: &Statement) {
        let (form, values) = form(rule);
        let known = self.forms.iter().position(|known| *known == form);
        let number = known.unwrap_or_else(|| {
            self.forms.push(form);
            self.forms.len() - 1
        });
        self.values = self.values.max(values.len());
        let mut line = format!("{number:FORM_DIGITS$}");
        for value in values {
            // Writing to a text does not fail.
            let _ = write!(line, "{value:VALUE_DIGITS$}");
        }
        self.rules.push((task, line));
    }

    fn push_lookup(&self, sql: &mut Statement, fallback: impl Fn(&mut Statement)) {
        if self.rules.is_empty() {
            sql.push("(");
            fallback(sql);
            sql.push(")");
            return;
        }
        sql.push("(SELECT CASE form");
        for (number, form) in self.forms.iter().enumerate() {
            sql.push(&format!(" WHEN {number} THEN ({form})"));
        }
        sql.push(" ELSE (");
        fallback(sql);
        sql.push(") END FROM (SELECT CASE WHEN place > 0 THEN CAST(substr(entry, place + size, ");
        sql.push(&format!("{FORM_DIGITS}) AS INTEGER) END AS form"));
        for value in 0..self.values {
            let at = FORM_DIGITS + value * VALUE_DIGITS;
            sql.push(&format!(
                ", CAST(substr(entry, place + size + {at}, {VALUE_DIGITS}) AS INTEGER) AS v{value}"
            ));
        }
        // The limits, which are none, keep SQLite from computing all of it at each use.
        sql.push(" FROM (SELECT entry, length(name) AS size, instr(entry, name) AS place FROM ");
        sql.push("(SELECT ':' || hex(lower(task)) || '=' AS name, ");
        entry(sql, &self.rules);
        sql.push(" AS entry LIMIT -1) LIMIT -1) LIMIT -1))");
    }
}

/// Writes an expression for the entry in which a row's task is, if it is anywhere.
fn entry(sql: &mut Statement, rules: &[(&str, String)]) {
    if rules.len() <= ENTRY_TASKS {
        let line = |(task, line): &(&str, String)| {
            format!(":{}={line}", hex::encode(task.as_bytes()).to_ascii_uppercase())
        };
        sql.literal(rules.iter().map(line).collect::<String>());
        return;
    }
    let parts: Vec<_> = rules.chunks(rules.len().div_ceil(MAX_BRANCHES).max(ENTRY_TASKS)).collect();
    sql.push("CASE");
    for pair in parts.windows(2) {
        sql.push(" WHEN task < ").literal(pair[1][0].0).push(" THEN ");
        entry(sql, pair[0]);
    }
    sql.push(" ELSE ");
    entry(sql, parts[parts.len() - 1]);
    sql.push(" END");
}

pub fn form(rule: &Statement) -> (String, Vec<i64>) {
    let (mut form, mut numbers) = (Statement::default(), Vec::new());
    replace_parameters(&mut form, rule, |form, value| match value {
        SqlValue::Integer(number) => {
            form.push(&format!("v{}", numbers.len()));
            numbers.push(*number);
        }
        other => {
            form.literal(other.raw());
        }
    });
    (form.sql, numbers)
}

fn replace_parameters(
    sql: &mut Statement,
    rule: &Statement,
    mut put: impl FnMut(&mut Statement, &SqlValue),
) {
    // No rule has a question mark but those of its parameters.
    let mut parts = rule.sql.split('?');
    sql.push(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        let number: usize = number.parse().unwrap_or(0);
        put(sql, rule.values.get(number.wrapping_sub(1)).unwrap_or(&SqlValue::Null));
        sql.push(rest);
    }
}
