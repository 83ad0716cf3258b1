//! What a worker sends arrives as it was.

use proptest::prelude::*;
use sessctl::cli::all_databases::events::RunResult;
use sessctl::cli::all_databases::schemas;
use sessctl::cli::all_databases::values::{decode_record, encode_record};
use sessctl::cli::all_databases::wire::{Instruction, Message, Report, TypedRecord};
use sessctl::domain::time::{Span, UnixTime};
use sessctl::output::FormatName;
use sessctl::output::record::{Record, Schema, Severity, Value};

fn severity() -> impl Strategy<Value = Severity> {
    prop::sample::select(vec![
        Severity::Plain,
        Severity::Good,
        Severity::Warn,
        Severity::Bad,
        Severity::Dim,
    ])
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Absent),
        any::<String>().prop_map(Value::Text),
        any::<(String, String)>().prop_map(|(id, name)| Value::Named { id, name }),
        (any::<String>(), severity()).prop_map(|(word, tone)| Value::Word(word.into(), tone)),
        any::<u64>().prop_map(Value::Count),
        any::<u64>().prop_map(Value::Number),
        prop::num::f64::NORMAL.prop_map(Value::Measure),
        any::<bool>().prop_map(Value::Flag),
        (0..i64::MAX).prop_map(|seconds| Value::Span(Span::seconds(seconds))),
        any::<i64>().prop_map(|time| Value::Time(UnixTime(time))),
    ]
}

fn record() -> impl Strategy<Value = Record> {
    let leaf = || {
        let key = prop::collection::vec(any::<String>(), 0..3);
        (key, prop::collection::vec(value(), 0..6))
            .prop_map(|(key, values)| Record::new(key, values))
    };
    leaf().prop_recursive(3, 12, 3, move |inner| {
        (leaf(), prop::collection::vec(inner, 0..3))
            .prop_map(|(record, children)| Record { children, ..record })
    })
}

fn schema() -> impl Strategy<Value = &'static Schema> {
    prop::sample::select(schemas::SCHEMAS.to_vec())
}

fn parse(line: &[u8]) -> anyhow::Result<Message> {
    Message::parse(line, &schemas::by_signature)
}

fn typed() -> impl Strategy<Value = TypedRecord> {
    schema().prop_flat_map(|schema| {
        let values = prop::collection::vec(value(), schema.columns.len());
        let key = prop::collection::vec(any::<String>(), 0..3);
        (key, values)
            .prop_map(move |(key, values)| TypedRecord::new(schema, Record::new(key, values)))
    })
}

fn result() -> impl Strategy<Value = RunResult> {
    let times = any::<(i64, i64)>();
    (times, any::<String>(), any::<u8>(), any::<[u64; 3]>(), any::<Option<String>>()).prop_map(
        |((started, finished), outcome, exit_code, [marked, ended, deleted], reason)| RunResult {
            started: UnixTime(started),
            finished: UnixTime(finished),
            outcome,
            exit_code,
            marked,
            ended,
            deleted,
            reason,
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let records = || prop::collection::vec(typed(), 0..3);
    let sections = prop::collection::vec((any::<String>(), records()), 0..3);
    prop_oneof![
        typed().prop_map(Message::Record),
        typed().prop_map(Message::Metrics),
        (typed(), sections)
            .prop_map(|(record, sections)| Message::Report(Report { record, sections })),
        any::<String>().prop_map(|job| Message::Started { job }),
        (any::<String>(), any::<String>(), result())
            .prop_map(|(job, work, result)| Message::Ended { job, work, result }),
        any::<u8>().prop_map(|exit_code| Message::PassEnded { exit_code }),
        any::<String>().prop_map(|reason| Message::Failed { reason }),
    ]
}

proptest! {
    #[test]
    fn a_record_is_decoded_as_it_was_encoded(record in record()) {
        prop_assert_eq!(decode_record(&encode_record(&record)).unwrap(), record);
    }

    #[test]
    fn a_message_is_one_line_and_is_read_as_it_was_sent(message in message()) {
        let line = message.to_line();
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(parse(line.trim_end_matches('\n').as_bytes()).unwrap(), message);
    }

    #[test]
    fn what_is_no_message_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(parse(&bytes).is_err());
    }

    #[test]
    fn a_message_that_breaks_off_is_an_error(message in message(), length in 0.0..1.0_f64) {
        let line = message.to_line();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "it is a length"
        )]
        let length = ((line.len() - 1) as f64 * length) as usize;
        prop_assert!(parse(&line.as_bytes()[..length]).is_err());
    }
}

#[test]
fn no_two_schemas_have_one_signature() {
    for schema in schemas::SCHEMAS.iter().copied() {
        let found = schemas::by_signature(&schema.signature()).unwrap();
        assert!(std::ptr::eq(found, schema), "{}", schema.signature());
    }
    assert!(schemas::by_signature("").is_none());
}

#[test]
fn numbers_that_json_lacks_arrive_too() {
    for measure in [f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MIN_POSITIVE / 2.0] {
        let record = Record::new(["a"], vec![Value::Measure(measure)]);
        let decoded = decode_record(&encode_record(&record)).unwrap();
        let Value::Measure(decoded) = decoded.values[0] else { panic!("{decoded:?}") };
        assert_eq!(decoded.to_bits(), measure.to_bits());
    }
}

#[test]
fn a_record_without_a_value_for_each_column_is_refused() {
    let runs = schemas::SCHEMAS[0];
    let message = Message::Record(TypedRecord::new(runs, Record::new(["run"], vec![])));
    assert!(parse(message.to_line().as_bytes()).is_err());
}

#[test]
fn an_instruction_is_read_as_it_was_given() {
    for collects in [false, true] {
        for format in [None, Some(FormatName::Jsonl), Some(FormatName::Prometheus)] {
            for width in [None, Some(80)] {
                let command = width.map(|width| vec!["show".to_owned(), format!("\"{width}\n")]);
                let given = Instruction { collects, format, width, command };
                assert_eq!(Instruction::parse(given.to_text().as_bytes()).unwrap(), given);
            }
        }
    }
    assert!(Instruction::parse(b"").is_err());
}
