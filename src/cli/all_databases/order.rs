//! Messages of workers that run at the same time, in the order of their databases.

use std::collections::VecDeque;
use std::mem;

/// Bytes that may wait for earlier databases. When there are more, they go out as they came.
const MAX_HELD: usize = 64 << 20;

pub struct Ordering<T> {
    queues: Vec<VecDeque<(T, usize)>>,
    ended: Vec<bool>,
    /// Database that is not held back.
    current: usize,
    held: usize,
    limit: usize,
}

impl<T> Ordering<T> {
    pub fn new(databases: usize) -> Self {
        Self::with_limit(databases, MAX_HELD)
    }

    pub fn with_limit(databases: usize, limit: usize) -> Self {
        Self {
            queues: (0..databases).map(|_| VecDeque::new()).collect(),
            ended: vec![false; databases],
            current: 0,
            held: 0,
            limit,
        }
    }

    /// Takes an item of a database, of this many bytes, and returns what can go out now.
    pub fn add(&mut self, database: usize, item: T, bytes: usize) -> Vec<(usize, T)> {
        self.held += bytes;
        self.queues[database].push_back((item, bytes));
        if self.held > self.limit {
            return self.take_all();
        }
        self.take_ready()
    }

    /// Notes that nothing more comes from a database, and returns what can go out now.
    pub fn end(&mut self, database: usize) -> Vec<(usize, T)> {
        self.ended[database] = true;
        self.take_ready()
    }

    fn take_ready(&mut self) -> Vec<(usize, T)> {
        let mut ready = Vec::new();
        while self.current < self.queues.len() {
            ready.extend(self.take(self.current));
            if !self.ended[self.current] {
                break;
            }
            self.current += 1;
        }
        ready
    }

    /// Returns everything: at the end, and where too much waits.
    pub fn take_all(&mut self) -> Vec<(usize, T)> {
        (0..self.queues.len()).flat_map(|database| self.take(database)).collect()
    }

    fn take(&mut self, database: usize) -> Vec<(usize, T)> {
        let items = mem::take(&mut self.queues[database]);
        self.held -= items.iter().map(|(_, bytes)| bytes).sum::<usize>();
        items.into_iter().map(|(item, _)| (database, item)).collect()
    }
}
