use crate::domain::error::{Error, Result};

/// Draws a unique name of 32 hexadecimal digits.
pub fn random_name() -> Result<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|e| Error::failed("generate a random name", e))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bits)))
}
