//! What a document says of the numbers that it prints, checked while they are printed.

use std::fmt;

/// Claims and whether they are kept.
#[derive(Debug, Default)]
pub struct Claims {
    lines: Vec<String>,
    broken: usize,
}

impl Claims {
    /// Adds a claim.
    pub fn check(&mut self, claim: impl fmt::Display, holds: bool) {
        self.broken += usize::from(!holds);
        self.lines.push(format!("- {claim}: {}", if holds { "kept" } else { "**not kept**" }));
    }

    /// Adds one that could not be checked, for a reason.
    pub fn skip(&mut self, claim: impl fmt::Display, why: &str) {
        self.lines.push(format!("- {claim}: skipped, as {why}"));
    }

    /// How many are not kept.
    pub fn broken(&self) -> usize {
        self.broken
    }
}

/// A list.
impl fmt::Display for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::Claims;

    #[test]
    fn what_is_broken_is_counted_and_said() {
        let mut claims = Claims::default();
        claims.check("one is less than two", 1 < 2);
        claims.check("two is less than one", 2 < 1);
        claims.skip("there is a third", "it is not there");
        assert_eq!(claims.broken(), 1);
        assert_eq!(
            claims.to_string(),
            "- one is less than two: kept\n- two is less than one: **not kept**\n\
             - there is a third: skipped, as it is not there"
        );
    }
}
