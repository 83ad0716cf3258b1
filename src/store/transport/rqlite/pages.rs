//! The pages of a cluster's databases: each node looks after its own.

use std::ops::ControlFlow;

use super::Rqlite;
use crate::domain::error::{Error, Result};
use crate::domain::port::{Demand, Leave, Released, Space};
use crate::store::sql::Statement;
use crate::store::transport::{Pages, Transport};

impl Rqlite {
    fn not_from_here(&self) -> Error {
        Error::Refused(format!(
            "each node of {} has a file of its own, and rqlite looks after it: its option \
             -auto-vacuum-int gives space back",
            self.place()
        ))
    }
}

impl Pages for Rqlite {
    /// What the database takes up on one of the nodes.
    fn space(&self) -> Result<Space> {
        let pages = Statement::new(
            "SELECT page_size, page_count, freelist_count FROM pragma_page_size, \
             pragma_page_count, pragma_freelist_count",
        );
        let mut space = Space::default();
        self.query(&pages, &mut |row| {
            let (page_size, pages, free_pages) = (row.count(0), row.count(1), row.count(2));
            let file_bytes = page_size * pages;
            space = Space { page_size, pages, free_pages, file_bytes, ..Space::default() };
            Ok(ControlFlow::Break(()))
        })?;
        Ok(space)
    }

    fn release(&mut self, _pages: usize) -> Result<Released> {
        Err(self.not_from_here())
    }

    fn demand(&self) -> Result<Demand> {
        Err(self.not_from_here())
    }

    fn rebuild(&mut self, _leave: Leave) -> Result<bool> {
        Err(self.not_from_here())
    }
}
