//! Names of tasks and the patterns that match them.

/// Name of a task, in which `*` matches any text; ASCII case is ignored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TaskPattern(String);

impl TaskPattern {
    /// The pattern as it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_wild(&self) -> bool {
        self.0.contains('*')
    }

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

    /// Canonical form of patterns that match the same names: lower case, no repeated wildcards.
    #[must_use]
    pub fn normalized(&self) -> Self {
        let mut text = self.0.to_ascii_lowercase();
        while text.contains("**") {
            text = text.replace("**", "*");
        }
        Self(text)
    }

    /// Rank: by the number of characters other than wildcards, then by the fewest wildcards.
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
