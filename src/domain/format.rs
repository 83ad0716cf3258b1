//! Figures as text.

/// A number with thousands separators: `98,112`.
pub fn format_count(number: u64) -> String {
    group_digits(&number.to_string())
}

/// A number with the noun for it: `1 directory`, `2 directories`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", format_count(number), if number == 1 { one } else { many })
}

pub fn group_digits(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Share of a total in thousandths, rounded down: 1,000 means all. `None`: the total is zero.
pub fn permille(part: u64, total: u64) -> Option<u64> {
    let share = u128::from(part) * 1_000 / u128::from(total.max(1));
    (total > 0).then(|| u64::try_from(share).unwrap_or(u64::MAX))
}
