//! Layout of nested records as rows under one header.

use super::record::{Column, Record, Schema, Value};

/// The header: the columns of a schema, and behind the first of them those of
/// its children that have no namesake there.
pub struct RowFlattener {
    pub columns: Vec<&'static Column>,
    indexes: Vec<Vec<Option<usize>>>,
}

/// A row: nothing where the record has no such column.
pub type FlatRow<'r> = Vec<Option<&'r Value>>;

impl RowFlattener {
    pub fn new(schema: &'static Schema) -> Self {
        let levels = || {
            std::iter::successors(Some(schema), |schema| schema.children.map(|(_, child)| child))
        };
        let mut columns: Vec<&'static Column> = Vec::new();
        for schema in levels() {
            // Behind the first column, which says what the record is, comes
            // what says the same of the records within it.
            let mut index = columns.len().min(1);
            for column in schema.columns {
                if columns.iter().all(|known| known.name != column.name) {
                    columns.insert(index, column);
                    index += 1;
                }
            }
        }
        let indexes = levels()
            .map(|schema| columns.iter().map(|column| position(schema, column.name)).collect())
            .collect();
        Self { columns, indexes }
    }

    /// The rows of a record and of those within it. A child's row is blank in
    /// the columns that only its parent has.
    pub fn rows<'r>(&self, record: &'r Record) -> Vec<FlatRow<'r>> {
        let mut rows = Vec::new();
        self.add(&mut rows, 0, record, None);
        rows
    }

    /// Returns the rows; each child repeats the values that only its parent has.
    pub fn filled_rows<'r>(&self, record: &'r Record) -> Vec<FlatRow<'r>> {
        let mut rows = Vec::new();
        self.add(&mut rows, 0, record, Some(&vec![None; self.columns.len()]));
        rows
    }

    fn add<'r>(
        &self,
        rows: &mut Vec<FlatRow<'r>>,
        depth: usize,
        record: &'r Record,
        above: Option<&FlatRow<'r>>,
    ) {
        let Some(indexes) = self.indexes.get(depth) else {
            return;
        };
        let own = indexes.iter().map(|index| index.and_then(|index| record.values.get(index)));
        let row: FlatRow<'r> = match above {
            Some(above) => own.zip(above).map(|(own, above)| own.or(*above)).collect(),
            None => own.collect(),
        };
        rows.push(row.clone());
        for child in &record.children {
            self.add(rows, depth + 1, child, above.map(|_| &row));
        }
    }
}

fn position(schema: &Schema, name: &str) -> Option<usize> {
    schema.columns.iter().position(|column| column.name == name)
}
