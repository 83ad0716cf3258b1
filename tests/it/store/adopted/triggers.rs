//! Tests of `store::adopted::triggers`.

use sessctl::store::adopted::triggers::{always_rejects, tokens};

fn rejects(sql: &str) -> bool {
    always_rejects(&tokens(sql))
}

#[test]
fn an_unconditional_raise_is_detected() {
    for sql in [
        "CREATE TRIGGER no BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'no way'); END",
        "create trigger \"when\" after delete on t for each row begin -- when\n \
         select /* ; */ raise ( fail, 'it''s; kept' ) ; delete from u; end",
        "CREATE TRIGGER IF NOT EXISTS [x] DELETE ON t BEGIN SELECT RAISE(ROLLBACK,''); END",
    ] {
        assert!(rejects(sql), "{sql}");
    }
    for sql in [
        "CREATE TRIGGER x BEFORE DELETE ON t WHEN old.a BEGIN SELECT RAISE(ABORT, ''); END",
        "CREATE TRIGGER x BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, '') WHERE old.a; END",
        "CREATE TRIGGER x BEFORE DELETE ON t BEGIN SELECT RAISE(IGNORE); END",
        "CREATE TRIGGER x BEFORE DELETE ON t BEGIN DELETE FROM u; END",
        "CREATE TRIGGER x BEFORE DELETE ON t BEGIN SELECT 'raise('; END",
        "CREATE TRIGGER x",
        "'",
    ] {
        assert!(!rejects(sql), "{sql}");
    }
}
