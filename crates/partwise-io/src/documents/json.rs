//! Texts in a field of objects of JSON, one a line.

use super::Gather;
use super::column::{self, Look};
use crate::error::{Error, Place, Result, shown};
use crate::input::Bytes;
use crate::text::lines::Lines;
use serde_json::{Map, Value};

/// Names of a path that an error lists, at most.
const DEPTH: usize = 3;

struct Rows<'a> {
    lines: Lines<Bytes<'a>>,
    at: Place,
}

/// An object with the line that it is in.
type Row = (u64, Map<String, Value>);

impl Rows<'_> {
    fn next(&mut self) -> Result<Option<Row>> {
        while let Some(line) = self.lines.next()? {
            if line.trim_ascii().is_empty() {
                continue;
            }
            // Only text between quotes may be damaged.
            let text = String::from_utf8_lossy(line);
            let found: serde_json::Result<Value> = serde_json::from_str(&text);
            let problem = match found {
                Ok(Value::Object(object)) => return Ok(Some((self.lines.number, object))),
                Ok(_) => "this is not an object of JSON".to_string(),
                Err(error) => format!("this is not JSON ({})", bare(&error)),
            };
            return Err(Error::Data {
                at: self.at.at_line(self.lines.number),
                problem,
                instead: "each line of a .jsonl is an object, as in {\"text\": \"...\"}".into(),
            });
        }
        Ok(None)
    }
}

/// Without its line, which is always 1.
fn bare(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column", " at character")
}

/// A field, or what a path of names with dots between them leads to within objects. A field of the whole name comes first.
fn field<'v>(object: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    object.get(path).or_else(|| {
        path.match_indices('.').find_map(|(at, dot)| {
            let (name, rest) = (path.get(..at)?, path.get(at + dot.len()..)?);
            field(object.get(name)?.as_object()?, rest)
        })
    })
}

/// Adds the paths of all fields that are in objects, up to so many names.
fn add_inner(object: &Map<String, Value>, before: &str, depth: usize, names: &mut Vec<String>) {
    for (name, value) in object {
        let path = format!("{before}{name}");
        if let Value::Object(inner) = value
            && depth > 1
        {
            add_inner(inner, &format!("{path}."), depth - 1, names);
        } else if !names.contains(&path) {
            names.push(path);
        }
    }
}

/// Refuses a name that leads nowhere in the first rows, and says which would.
fn check(first: &[Row], wanted: &str, option: &str, at: &Place) -> Result<()> {
    if first.iter().any(|(_, row)| field(row, wanted).is_some()) {
        return Ok(());
    }
    let mut names = Vec::new();
    first.iter().for_each(|(_, row)| add_inner(row, "", DEPTH, &mut names));
    column::find(&names, wanted, option, at).map(|_| ())
}

pub(super) fn rows(to: &mut Gather<'_>, bytes: Bytes<'_>, label: &str, at: &Place) -> Result<()> {
    let longest = usize::try_from(to.options.memory_limit).unwrap_or(usize::MAX).min(1 << 30);
    let mut rows = Rows { lines: Lines::new(bytes, longest, at)?, at: at.clone() };
    // Fields differ from object to object, and so the first ones say which there are.
    let (mut first, mut names, mut looks) = (Vec::new(), Vec::<String>::new(), Vec::<Look>::new());
    while first.len() < column::ROWS
        && let Some(row) = rows.next()?
    {
        for (name, value) in &row.1 {
            let place = names.iter().position(|known| known == name).unwrap_or(names.len());
            if place == names.len() {
                names.push(name.clone());
                looks.push(Look::default());
            }
            if let (Value::String(text), Some(look)) = (value, looks.get_mut(place)) {
                look.see(text);
            }
        }
        first.push(row);
    }
    if first.is_empty() {
        return Err(Error::Empty { at: at.clone() });
    }
    if let Some(id) = &to.options.id {
        check(&first, id, "id", at)?;
    }
    let texts = match &to.options.column {
        Some(name) => {
            check(&first, name, "column", at)?;
            name.clone()
        }
        None => {
            let chosen = column::choose(&names, &looks, at)?;
            let name = names.get(chosen).cloned().unwrap_or_default();
            to.notes.push(format!("{label}: the texts are in the field {}", shown(name.as_bytes())));
            name
        }
    };
    let mut first = first.into_iter();
    let mut number = 0u64;
    loop {
        let (line, row) = match first.next() {
            Some(row) => row,
            None => match rows.next()? {
                Some(row) => row,
                None => break,
            },
        };
        number += 1;
        let text = match field(&row, &texts) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => {
                return Err(Error::Data {
                    at: at.at_line(line),
                    problem: format!(
                        "{} is {}, and not a text",
                        shown(texts.as_bytes()),
                        shown(other.to_string().as_bytes())
                    ),
                    instead: "name the field of the texts with `column`".into(),
                });
            }
        };
        let id = match to.options.id.as_ref().and_then(|id| field(&row, id)) {
            Some(Value::String(id)) => Some(id.clone()),
            Some(Value::Null) | None => None,
            Some(other) => Some(other.to_string()),
        };
        let damaged = text.contains(char::REPLACEMENT_CHARACTER);
        let name = id.filter(|id| !id.trim().is_empty()).unwrap_or_else(|| format!("{label}:{number}"));
        to.put(name, text, damaged)?;
    }
    Ok(())
}
