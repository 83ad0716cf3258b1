//! Drafts of profiles on a cluster.

use serde_json::json;
use sessctl::cli::profile::draft::profile_text::profile_text;
use sessctl::domain::profile::draft::draft;
use sessctl::store::{Location, adopted};

use super::{file, location};
use crate::support::NOW;
use crate::support::fixtures::{Framework, all};
use crate::support::rqlite;

#[test]
#[ignore = "needs rqlite"]
fn a_draft_is_the_same_as_that_of_a_file() {
    let nodes = rqlite::shared();
    for Framework { fixture, table, sql, .. } in all() {
        nodes.clear();
        nodes.request(&json!([sql]));
        let (_folder, path) = file(&sql);
        let text = |at: Location| {
            draft(&adopted::observe(at, &table).unwrap(), NOW).map(|found| profile_text(&found))
        };
        assert_eq!(text(path.into()), text(location(&nodes)), "{fixture}");
    }
}
