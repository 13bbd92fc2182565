//! Which column of a table holds the texts, if nobody has said it.

use crate::error::{Error, Place, Result, shown};
use crate::words;

/// Rows that are looked at to find the column.
pub(super) const ROWS: usize = 200;
/// Names in an error, at most.
const MOST: usize = 20;

/// What was seen of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Look {
    cells: u32,
    words: u32,
}

impl Look {
    pub(super) fn see(&mut self, cell: &str) {
        if !cell.trim().is_empty() {
            self.cells += 1;
            self.words += words_of(cell);
        }
    }

    /// Whether its cells have three words or more on average.
    fn is_text(&self) -> bool {
        self.cells > 0 && self.words >= 3 * self.cells
    }
}

/// Whether a name of a column looks like a text.
pub(super) fn is_sentence(name: &str) -> bool {
    words_of(name) >= 6
}

/// Words with a letter; ideographs are one each.
fn words_of(cell: &str) -> u32 {
    let between = |part: &str| {
        let ideographs = part.chars().filter(|&c| words::is_ideograph(c)).count();
        if ideographs > 0 { ideographs } else { usize::from(part.chars().any(char::is_alphabetic)) }
    };
    // Enough to tell a text from a label.
    cell.split_whitespace().take(50).map(between).sum::<usize>() as u32
}

/// The one column of text among these; an error that names them all, if there is none or there are several.
pub(super) fn choose(names: &[String], looks: &[Look], at: &Place) -> Result<usize> {
    if names.len() == 1 {
        return Ok(0);
    }
    let texts: Vec<usize> =
        looks.iter().enumerate().filter(|(_, look)| look.is_text()).map(|(i, _)| i).collect();
    match texts.as_slice() {
        [only] => Ok(*only),
        _ => Err(Error::Data {
            at: at.clone(),
            problem: match texts.len() {
                0 => format!("no column looks like texts; there are {}", list(names.iter())),
                _ => format!(
                    "several columns look like texts: {}",
                    list(texts.iter().filter_map(|&i| names.get(i)))
                ),
            },
            instead: "name the one that is meant with `column`".into(),
        }),
    }
}

/// The place of a column by its name.
pub(super) fn find(names: &[String], wanted: &str, option: &str, at: &Place) -> Result<usize> {
    let mut places = names.iter().enumerate().filter(|(_, name)| *name == wanted);
    match (places.next(), places.next()) {
        (Some((place, _)), None) => Ok(place),
        (found, _) => Err(Error::Data {
            at: at.clone(),
            problem: match found {
                Some(_) => format!("two columns have the name {}", shown(wanted.as_bytes())),
                None => {
                    format!(
                        "there is no column {}; there are {}",
                        shown(wanted.as_bytes()),
                        list(names.iter())
                    )
                }
            },
            instead: format!("name another one with `{option}`"),
        }),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let all: Vec<String> = names.map(|name| shown(name.as_bytes())).collect();
    let rest = all.len().saturating_sub(MOST);
    let mut text = all.into_iter().take(MOST).collect::<Vec<_>>().join(", ");
    if rest > 0 {
        text += &format!(" and {rest} more");
    }
    text
}
