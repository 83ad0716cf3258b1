//! Whether the disks have room for a rebuild.

use super::vacuum::SpaceRequirement;
use crate::domain::error::format_count;

/// A folder, and what its file system has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// The folder, as messages name it.
    pub folder: String,
    /// Tells its file system from others.
    pub volume: u64,
    /// Bytes that this user may still write there.
    pub free: u64,
}

/// There is no room.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no room to rebuild the database: {folder} needs {} bytes for {purpose} and has {}; \
     nothing was changed", format_count(*.wanted), format_count(*.free)
)]
pub struct InsufficientSpace {
    /// Where.
    pub folder: String,
    /// For what.
    pub purpose: &'static str,
    /// How many bytes it takes.
    pub wanted: u64,
    /// How many there are.
    pub free: u64,
}

impl SpaceRequirement {
    /// Makes sure that two folders have what a rebuild takes: that of the database and
    /// that for temporary files, which may share a file system.
    ///
    /// # Errors
    /// [`InsufficientSpace`] in the first of them that has not.
    pub fn check(&self, beside: &Volume, temporary: &Volume) -> Result<(), InsufficientSpace> {
        const LOG: &str = "the log";
        const COPY: &str = "a temporary copy";
        let demands = if beside.volume == temporary.volume {
            let both = "the log and a temporary copy";
            [(beside, self.beside + self.temporary, both), (temporary, 0, COPY)]
        } else {
            [(beside, self.beside, LOG), (temporary, self.temporary, COPY)]
        };
        demands.into_iter().try_for_each(|(place, wanted, purpose)| {
            if wanted <= place.free {
                return Ok(());
            }
            Err(InsufficientSpace {
                folder: place.folder.clone(),
                purpose,
                wanted,
                free: place.free,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMAND: SpaceRequirement = SpaceRequirement { beside: 3_000, temporary: 2_000 };

    fn place(folder: &str, volume: u64, free: u64) -> Volume {
        Volume { folder: folder.to_owned(), volume, free }
    }

    /// Which folder lacks how many bytes.
    fn lack(beside: u64, temporary: u64, volumes: [u64; 2]) -> Option<(String, u64)> {
        let [data, tmp] = [place("data", volumes[0], beside), place("tmp", volumes[1], temporary)];
        let lack = DEMAND.check(&data, &tmp).err()?;
        Some((lack.folder, lack.wanted))
    }

    #[test]
    fn two_file_systems_have_to_have_room_each_for_its_own() {
        assert_eq!(lack(3_000, 2_000, [1, 2]), None);
        assert_eq!(lack(2_999, 2_000, [1, 2]), Some(("data".to_owned(), 3_000)));
        assert_eq!(lack(3_000, 1_999, [1, 2]), Some(("tmp".to_owned(), 2_000)));
    }

    #[test]
    fn one_file_system_has_to_have_room_for_both() {
        assert_eq!(lack(5_000, 5_000, [1, 1]), None);
        assert_eq!(lack(4_999, 4_999, [1, 1]), Some(("data".to_owned(), 5_000)));
    }

    #[test]
    fn who_has_no_room_is_told_where_how_much_and_what_there_is() {
        let refusal = DEMAND.check(&place("data", 1, 1_234), &place("tmp", 2, 9_999)).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "no room to rebuild the database: data needs 3,000 bytes for the log and has 1,234; \
             nothing was changed"
        );
    }
}
