//! `sessctl report`: its words, its charts, and the page as a whole.

mod chromium;
mod curves;
mod databases;
mod growth;
mod headline;
mod hostile;
mod markup;
mod page;
mod sandbox;
mod scale;
