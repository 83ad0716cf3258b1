//! Names of tasks and the patterns that match them.

/// Name of a task, in which `*` matches any text; ASCII case is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TaskPattern(String);

impl TaskPattern {
    /// The pattern as it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Reports whether the pattern has a wildcard.
    pub fn is_wild(&self) -> bool {
        self.0.contains('*')
    }

    /// Reports whether a name matches.
    pub fn matches(&self, task: &str) -> bool {
        let (pattern, task) = (self.0.as_bytes(), task.as_bytes());
        let (mut p, mut t) = (0, 0);
        // The last wildcard, and the place in the name up to which it stands for text.
        let mut wildcard = None;
        while t < task.len() {
            match pattern.get(p) {
                Some(b'*') => {
                    p += 1;
                    wildcard = Some((p, t));
                }
                Some(byte) if byte.eq_ignore_ascii_case(&task[t]) => (p, t) = (p + 1, t + 1),
                _ => match &mut wildcard {
                    Some((after, end)) => {
                        *end += 1;
                        (p, t) = (*after, *end);
                    }
                    None => return false,
                },
            }
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }

    /// Reports whether a name may match both patterns.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (one, other) = (self.0.as_bytes(), other.0.as_bytes());
        // For each rest of `other`, whether it overlaps the rest of `one` that is looked at.
        let mut rests = vec![false; other.len() + 1];
        for i in (0..=one.len()).rev() {
            // The same for the rest of `one` that is a byte shorter.
            let mut shorter = rests.clone();
            if i == one.len() {
                shorter.fill(false);
            }
            for j in (0..=other.len()).rev() {
                let next = j < other.len() && rests[j + 1];
                rests[j] = match (one.get(i), other.get(j)) {
                    (None, None) => true,
                    (Some(b'*'), _) => shorter[j] || next,
                    (_, Some(b'*')) => next || shorter[j],
                    (Some(a), Some(b)) => a.eq_ignore_ascii_case(b) && shorter[j + 1],
                    (None, Some(_)) | (Some(_), None) => false,
                };
            }
        }
        rests[0]
    }

    /// Reports whether each name that matches the other pattern matches this one as well.
    pub fn covers(&self, other: &Self) -> bool {
        // The wildcards of the other stand for themselves: only one of this pattern
        // matches them, and that matches whatever they stand for.
        self.matches(&other.0)
    }

    /// Canonical form of all patterns that match the same names: in lower case, and without
    /// repeated wildcards.
    #[must_use]
    pub fn normalized(&self) -> Self {
        let mut text = self.0.to_ascii_lowercase();
        while text.contains("**") {
            text = text.replace("**", "*");
        }
        Self(text)
    }

    /// Rank of the pattern among others: by the number of its characters other than
    /// wildcards, then by the fewest wildcards.
    pub fn specificity(&self) -> impl Ord + use<> {
        let wildcards = self.0.matches('*').count();
        (self.0.chars().count() - wildcards, std::cmp::Reverse(wildcards))
    }
}

impl From<&str> for TaskPattern {
    fn from(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_names_match_without_case_and_with_wildcards() {
        for (pattern, task, fits) in [
            ("imap", "IMAP", true),
            ("imap", "imaps", false),
            ("im*", "imap", true),
            ("*", "", true),
            ("*AP", "imap", true),
            ("i*a*", "imap", true),
            ("a*a", "a", false),
            ("i*p*x", "imap", false),
            ("*ap", "imapap", true),
            ("i*ap*s", "imapapps", true),
            ("i**p", "IMAP", true),
            ("", "", true),
            ("", "imap", false),
            ("*ä*", "kÄfer", false),
            ("*ä*", "käfer", true),
        ] {
            assert_eq!(TaskPattern::from(pattern).matches(task), fits, "{pattern} {task}");
        }
    }

    #[test]
    fn patterns_overlap_where_a_name_fits_both() {
        for (one, other, overlaps) in [
            ("imap", "IMAP", true),
            ("imap", "imaps", false),
            ("im*", "imap", true),
            ("im*", "pop*", false),
            ("im*", "*ap", true),
            ("im*ap", "*m*p*", true),
            ("i*p", "im*s", false),
            ("a*b", "b*a", false),
            ("*", "", true),
            ("*a", "*b", false),
            ("a*a", "a", false),
            ("*", "*", true),
        ] {
            let [one, other] = [one, other].map(TaskPattern::from);
            assert_eq!(one.overlaps(&other), overlaps, "{one:?} {other:?}");
            assert_eq!(other.overlaps(&one), overlaps, "{other:?} {one:?}");
        }
    }

    #[test]
    fn a_pattern_covers_one_that_matches_no_other_names() {
        for (one, other, covers) in [
            ("im*", "imap*", true),
            ("imap*", "im*", false),
            ("im*", "IMAP", true),
            ("*a*", "*ba", true),
            ("*", "*", true),
            ("i*p", "i*", false),
            ("**", "*", true),
            ("*", "**", true),
        ] {
            let [one, other] = [one, other].map(TaskPattern::from);
            assert_eq!(one.covers(&other), covers, "{one:?} {other:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_said_of_two_patterns_holds_for_all_short_names(
            one in "[aB*]{0,4}",
            other in "[Ab*]{0,4}",
        ) {
            let [one, other] = [one, other].map(|text| TaskPattern::from(&*text));
            // A name that fits two such patterns has a short form that does, too; the third
            // letter is in no pattern.
            let mut names = vec![String::new()];
            for length in 0..8 {
                let longer: Vec<_> = names.iter().filter(|name| name.len() == length).cloned().collect();
                names.extend(longer.iter().flat_map(|name| ["a", "b", "c"].map(|c| name.clone() + c)));
            }
            let both = names.iter().any(|name| one.matches(name) && other.matches(name));
            proptest::prop_assert_eq!(one.overlaps(&other), both);
            let all = names.iter().all(|name| one.matches(name) || !other.matches(name));
            proptest::prop_assert_eq!(one.covers(&other), all);
            let same = names.iter().all(|name| one.matches(name) == one.normalized().matches(name));
            proptest::prop_assert!(same);
        }
    }
}
