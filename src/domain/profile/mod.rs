//! Tables of sessions that frameworks have, described: what is where in a row, how its
//! times are written, and when its session is over.
//!
//! A profile is data. What it means is here, as pure functions; the store reads the rows and asks.

mod columns;
mod condition;
mod definition;
pub mod django;
mod doubt;
pub mod draft;
pub mod encoding;
mod expiry;
pub mod lifetime;
mod outline;
mod rule;
mod standing;
mod stricter;
pub mod table_name;
mod timestamp;
pub mod user;
pub mod value;

pub use columns::ColumnMismatch;
pub use condition::{Condition, Predicate};
pub use definition::{
    ColumnSource, Dependent, DependentAction, Profile, ROW_ID, SessionUser, TokenForm, UserForm,
    UserNames, UserSource, Verification,
};
#[cfg(feature = "internals")]
pub use django::django_user;
pub use doubt::{DetectionDoubt, Parameter, ProfileChoice};
pub use encoding::{Decimals, DecodedTime, Encoding, Separator, Storage, TextForm, Unit, ZoneForm};
pub use expiry::{Expiry, RowStatus};
pub use lifetime::{OffsetEvidence, signed_lifetime};
pub use outline::{ProfileCatalog, ProfileOutline, is_distinctive};
pub use rule::{Length, NullMeaning, Rule, RuleKind, TimeColumn};
pub use standing::{SessionTimes, Standing};
pub use stricter::{StricterRule, StricterRules};
pub use table_name::NameMatch;
#[cfg(feature = "internals")]
pub use timestamp::Timestamp;
pub use user::values_shown_as;
pub(super) use value::order;
pub use value::{SqlValue, SqlValueRef};
