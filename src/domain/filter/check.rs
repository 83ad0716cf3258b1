//! Check that a table has what a filter selects by.

use super::definition::Filter;
use crate::domain::error::{Attribute, Error, MissingAttributes, Result};
use crate::domain::profile::Profile;

impl Filter {
    /// Checks that the table has what the filter selects by.
    ///
    /// # Errors
    /// [`Error::MissingAttributes`], and [`Error::OtherTask`] if the one task of a framework's
    /// table does not match.
    pub fn check(&self, profile: Option<&Profile>) -> Result<()> {
        require(&self.attributes(), profile)?;
        match (&self.task, profile) {
            (Some(task), Some(profile)) if !task.matches(&profile.task) => Err(Error::OtherTask {
                table: profile.table.clone(),
                task: task.as_str().to_owned(),
                only: profile.task.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Checks that the table has an attribute to group by, and what the filter selects by.
    ///
    /// # Errors
    /// See [`check`](Self::check).
    pub fn check_grouping(&self, by: Option<Attribute>, profile: Option<&Profile>) -> Result<()> {
        require(by.as_slice(), profile)?;
        self.check(profile)
    }

    /// Attributes that the conditions need.
    fn attributes(&self) -> Vec<Attribute> {
        let needed = [
            (Attribute::User, self.is_about_users() || self.user_unreadable),
            (Attribute::Client, self.client.is_some()),
            (Attribute::Agent, self.agent.is_some()),
            (Attribute::Creation, self.created_before.is_some()),
            (Attribute::LastUse, self.idle_over.is_some() || self.used_before.is_some()),
        ];
        needed.into_iter().filter(|(_, is_needed)| *is_needed).map(|(it, _)| it).collect()
    }
}

fn require(attributes: &[Attribute], profile: Option<&Profile>) -> Result<()> {
    let missing: Vec<Attribute> =
        attributes.iter().copied().filter(|it| !has(profile, *it)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let table = profile.map_or("sessions", |profile| profile.table.as_str()).to_owned();
    let present = Attribute::ALL.into_iter().filter(|it| has(profile, *it)).collect();
    Err(Error::MissingAttributes(MissingAttributes { table, missing, present }))
}

/// Reports whether a table has an attribute: sessctl's own, or a framework's with this profile.
fn has(profile: Option<&Profile>, attribute: Attribute) -> bool {
    match (attribute, profile) {
        (_, None) | (Attribute::Expiry, _) => true,
        (Attribute::User, Some(profile)) => profile.user.is_some(),
        (Attribute::Client, Some(profile)) => profile.client.is_some(),
        (Attribute::Agent, Some(profile)) => profile.agent.is_some(),
        (Attribute::Creation, Some(profile)) => profile.created.is_some(),
        (Attribute::LastUse, Some(profile)) => profile.used.is_some(),
    }
}
