//! The journal of a database without a write-ahead log, during many transactions.

use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

use super::wal::is_busy;

/// Keeps the journal from one transaction to the next, or removes it again. To overwrite a file
/// takes half as long as to create and to extend it. What is kept begins with zeros: for other
/// connections, it is no journal, and those that remove theirs also remove this one. Does nothing
/// in other journal modes.
pub fn keep(connection: &Connection, is_kept: bool) -> Result<()> {
    match set_mode(connection, is_kept) {
        // Whoever has the lock removes the journal at the end of the transaction.
        Err(error) if is_busy(&error) => Ok(()),
        set => set,
    }
}

fn set_mode(connection: &Connection, is_kept: bool) -> Result<()> {
    let (from, to, behavior) = if is_kept {
        ("delete", "PERSIST", TransactionBehavior::Deferred)
    } else {
        // With the lock that it takes to remove a file.
        ("persist", "DELETE", TransactionBehavior::Immediate)
    };
    let mode =
        || connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0));
    if mode()? != from {
        return Ok(());
    }
    // Within a transaction, the mode of the file cannot change: another connection may have
    // created a write-ahead log since.
    let transaction = Transaction::new_unchecked(connection, behavior)?;
    if mode()? == from {
        transaction.pragma_update_and_check(None, "journal_mode", to, |_| Ok(()))?;
    }
    transaction.commit()
}
