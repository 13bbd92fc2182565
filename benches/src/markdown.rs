//! Tables and numbers in Markdown.

use std::fmt;

/// A table; the first `left` columns are set left, the others right.
#[derive(Debug)]
pub struct Markdown {
    left: usize,
    rows: Vec<Vec<String>>,
}

impl Markdown {
    /// A table with these headers.
    pub fn new<const N: usize>(left: usize, headers: [&str; N]) -> Markdown {
        Markdown::with_headers(left, headers.map(String::from).to_vec())
    }

    /// A table with headers that are made up as it goes.
    pub fn with_headers(left: usize, headers: Vec<String>) -> Markdown {
        Markdown { left, rows: vec![headers] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Markdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: &[String], c: usize| row.get(c).map_or("", String::as_str).to_string();
        let width = |c: usize| self.rows.iter().map(|r| cell(r, c).chars().count()).max().unwrap_or(0).max(3);
        for (r, row) in self.rows.iter().enumerate() {
            f.write_str("|")?;
            for c in 0..columns {
                let (text, width) = (cell(row, c), width(c));
                if c < self.left { write!(f, " {text:<width$} |")? } else { write!(f, " {text:>width$} |")? }
            }
            f.write_str("\n")?;
            if r == 0 {
                f.write_str("|")?;
                for c in 0..columns {
                    let line = "-".repeat(width(c));
                    if c < self.left { write!(f, " {line} |")? } else { write!(f, " {}: |", &line[1..])? }
                }
                f.write_str("\n")?;
            }
        }
        Ok(())
    }
}

/// A number with a fixed number of decimals and commas between thousands.
pub fn grouped(x: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", x.abs());
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(a, b)| (a, Some(b)));
    let mut out = String::from(if x < 0.0 { "-" } else { "" });
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Seconds, with three digits that count.
pub fn seconds(seconds: f64) -> String {
    let whole = seconds.abs().max(1e-4).log10().floor() as i32;
    grouped(seconds, (2 - whole).clamp(0, 4) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_line_up() {
        let mut table = Markdown::new(1, ["rule", "error"]);
        table.row(["hals".into(), "0.25".into()]);
        assert_eq!(table.to_string(), "| rule | error |\n| ---- | ----: |\n| hals |  0.25 |\n");
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(grouped(673_513_120.5, 1), "673,513,120.5");
        assert_eq!(grouped(-466_488.7, 1), "-466,488.7");
        assert_eq!(grouped(38.0, 0), "38");
        assert_eq!(grouped(1000.0, 0), "1,000");
    }

    #[test]
    fn times_have_three_digits() {
        let shown = [0.0, 0.001_234, 0.0567, 0.5, 1.234, 45.67, 1234.5].map(seconds);
        assert_eq!(shown, ["0.0000", "0.0012", "0.0567", "0.500", "1.23", "45.7", "1,234"]);
    }
}
