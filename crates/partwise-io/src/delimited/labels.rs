//! Tables of which the rows are named by several columns: `Type,SubType,sample_1,...`. Their cells are put into one, and the
//! rest of every line stays as it is.

use super::cells::{Cells, Delimiter};
use super::layout::{Layout, looks_like_text};
use crate::classes::class_of;
use crate::error::{Error, Result};
use crate::format::Format;
use crate::read::Context;
use std::io::Read;

/// Columns of names, at most.
const MOST: usize = 4;
/// Bytes by which the separator is found out.
const SAMPLE: usize = 1 << 16;

/// The text with one column of names in place of several; as it is if there is but one.
pub(crate) fn joined(bytes: impl Read, format: Format, cx: &mut Context<'_>) -> Result<Vec<u8>> {
    // Twice, as the text is there before and after.
    let most = cx.budget.left() / 2;
    let mut text = Vec::new();
    bytes
        .take(most.saturating_add(1))
        .read_to_end(&mut text)
        .map_err(|source| Error::reading(&cx.at, source))?;
    cx.budget.charge((text.len() as u64).saturating_mul(2))?;
    let sample = text.get(..SAMPLE).unwrap_or(&text);
    let layout = Layout::find(sample, sample.len() == text.len(), format, cx.options, &cx.at)?;
    match names(&text, layout.delimiter, layout.skip).filter(|&columns| columns > 1) {
        Some(columns) => match put_together(&text, columns, layout.delimiter, layout.skip) {
            Some(joined) => {
                cx.note(format!("the first {columns} columns were put into one"));
                Ok(joined)
            }
            None => Ok(text),
        },
        None => Ok(text),
    }
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|&byte| byte == b'\n')
}

/// How many columns before the numbers hold text, in the line after the headings.
fn names(text: &[u8], delimiter: Delimiter, skip: u64) -> Option<usize> {
    let mut rows = lines(text).skip(skip as usize).filter(|line| !line.trim_ascii().is_empty());
    let row = rows.nth(1)?.trim_ascii_end();
    let cells: Vec<bool> = Cells::of(row, delimiter)
        .map(|cell| cell.map(|cell| looks_like_text(&cell.text)))
        .collect::<Result<_, _>>()
        .ok()?;
    let columns = cells.iter().take_while(|&&text| text).count();
    (columns <= MOST && columns < cells.len()).then_some(columns)
}

/// Nothing if a line cannot be cut that way.
fn put_together(text: &[u8], columns: usize, delimiter: Delimiter, skip: u64) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let (mut headings, mut width) = (true, 0);
    for (at, line) in lines(text).enumerate() {
        if at > 0 {
            out.push(b'\n');
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if (at as u64) < skip || line.trim_ascii().is_empty() {
            out.extend_from_slice(line);
            continue;
        }
        let cells: Vec<_> = Cells::of(line, delimiter).collect::<Result<_, _>>().ok()?;
        if headings {
            width = cells.len();
        }
        // Headings may lack those over the names.
        let named = cells.get(..columns)?;
        let rest = cells.get(columns).and_then(|cell| line.get(cell.at..))?;
        let words: Vec<&str> =
            named.iter().map(|cell| std::str::from_utf8(&cell.text)).collect::<Result<_, _>>().ok()?;
        if !headings && (cells.len() != width || !named.iter().all(|cell| looks_like_text(&cell.text))) {
            return None;
        }
        // One column may say it all.
        let whole = words.iter().find(|word| !headings && class_of(word).is_some());
        let name = whole.map_or_else(|| words.join(" "), |word| (*word).to_string());
        headings = false;
        out.push(b'"');
        out.extend(name.replace('"', "\"\"").bytes());
        out.push(b'"');
        out.push(delimiter.byte().unwrap_or(b' '));
        out.extend_from_slice(rest);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use crate::input::Input;
    use crate::read::{ReadOptions, Table, read};

    fn opened(name: &str, bytes: &[u8]) -> crate::Result<Table> {
        let mut options = ReadOptions::default();
        (options.joined_names, options.memory_limit) = (true, 1 << 20);
        read(Input::reader(name, bytes), &options)
    }

    #[test]
    fn columns_of_names_are_put_into_one() {
        for (text, rows) in [
            ("Type,Sub,a,b\nC>A,ACA,1,2\nC>A,ACC,3,4\n", ["C>A ACA", "C>A ACC"]),
            (
                "Type\tSub\tWhole\ta\tb\r\nC>A\tACA\tA[C>A]A\t1\t2\r\nC>A\tACC\tA[C>A]C\t3\t4\r\n",
                ["A[C>A]A", "A[C>A]C"],
            ),
            ("# said\n\"x\"\ty\ta\tb\n\"p \"\"1\"\"\"\tq\t1\t2\nr\ts\t3\t4", ["p \"1\" q", "r s"]),
            ("name\ta\tb\none\t1\t2\ntwo\t3\t4\n", ["one", "two"]),
        ] {
            let table = opened("t.tsv", text.as_bytes()).unwrap();
            assert_eq!(table.row_names.as_deref().unwrap(), rows, "{text}");
            assert_eq!(table.col_names.as_deref().unwrap(), ["a", "b"], "{text}");
            assert_eq!((table.matrix.rows(), table.matrix.cols()), (2, 2));
        }
        // A line that has not as many names is no table of that kind.
        let error = opened("t.tsv", b"Type\tSub\ta\nC>A\tACA\t1\nC>A\t2\t3\n").unwrap_err().to_string();
        assert!(error.contains("'ACA'") || error.contains("line"), "{error}");
    }

    #[test]
    fn no_byte_makes_it_panic() {
        let text = b"Type,Sub,a,b\r\nC>A,\"A\nCA\",1,2\nC>A,ACC,3,4\n";
        for at in 0..=text.len() {
            let _ = opened("t.csv", &text[..at]);
            for byte in [b',', b'"', b'\n', b'\r', b'\t', b' ', b'#', 0, 0xff, 0xef, b'9', b'x', b';'] {
                let mut other = text.to_vec();
                other.insert(at, byte);
                let _ = opened("t.csv", &other);
                if let Some(old) = other.get_mut(at + 1) {
                    *old = byte;
                }
                let _ = opened("t", &other);
            }
        }
    }
}
