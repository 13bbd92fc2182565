//! The command line of the binaries: `--name value` pairs.

use crate::Outcome;

/// Options as they were given.
#[derive(Debug, Default)]
pub struct Args(Vec<(String, String)>);

impl Args {
    /// Reads `--name value` pairs, and refuses names that are not among `known`.
    ///
    /// # Errors
    /// A message that names the known options.
    pub fn parse(args: impl Iterator<Item = String>, known: &[&str]) -> Outcome<Args> {
        let mut args = args.skip(1);
        let mut pairs = Vec::new();
        while let Some(arg) = args.next() {
            let name = arg.strip_prefix("--").filter(|name| known.contains(name));
            let name = name.ok_or_else(|| {
                let options: Vec<String> = known.iter().map(|k| format!("--{k} VALUE")).collect();
                format!("unknown option {arg}; there are: {}", options.join(", "))
            })?;
            let value = args.next().ok_or_else(|| format!("--{name} needs a value"))?;
            pairs.push((name.to_string(), value));
        }
        Ok(Args(pairs))
    }

    /// The value of an option, or a default.
    pub fn get<'a>(&'a self, name: &str, default: &'a str) -> &'a str {
        self.0.iter().rev().find(|(n, _)| n == name).map_or(default, |(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_and_others_refused() {
        let parse = |text: &str| Args::parse(text.split(' ').map(String::from), &["data"]);
        assert_eq!(parse("me --data here").unwrap().get("data", "."), "here");
        assert_eq!(parse("me").unwrap().get("data", "."), ".");
        assert!(parse("me --dta here").unwrap_err().to_string().contains("--data"));
        assert!(parse("me --data").is_err());
    }
}
