//! What a text table looks like: its separator, and whether its first row and first column are names.

use super::cells::{Cells, Delimiter, Quotes};
use crate::error::{Error, Place, Result};
use crate::format::Format;
use crate::read::ReadOptions;
use crate::text::number::{self, NotANumber};

/// Spellings of a missing value, in any case; those that pandas knows.
const MISSING: [&str; 13] =
    ["", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a", "#na", "#n/a n/a", "1.#qnan", "1.#ind"];

/// Headings of a column that holds names, or numbers that are names.
const NAME_HEADINGS: [&str; 8] =
    ["", "id", "index", "rownames", "row_names", "row.names", "rowname", "unnamed: 0"];

/// Headings that show that the numbers beside them are headings too, such as years or wavelengths.
const CORNERS: &str = " id index name names gene genes gene_id gene_name symbol probe feature features sample samples \
                       cell cells barcode word words term terms token document doc user item label class species site \
                       station country region city state year date time patient spectrum pixel wavelength frequency mz ";

const SAMPLED_ROWS: usize = 64;
const SAMPLED_CELLS: usize = 256;
const LONGEST_WORD: usize = 64;

pub(super) fn is_missing(text: &[u8]) -> bool {
    text.is_empty() || (text.len() <= 8 && MISSING.iter().any(|m| text.eq_ignore_ascii_case(m.as_bytes())))
}

/// What a cell looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Number,
    Missing,
    /// A number with marks that are not read, such as `1,5`.
    Almost,
    Text,
}

fn look(text: &[u8]) -> Look {
    if is_missing(text) {
        return Look::Missing;
    }
    match number::parse(text) {
        Ok(_) => Look::Number,
        Err(NotANumber::TooLarge) => Look::Almost,
        Err(NotANumber::Text) if !number::hint(text).is_empty() => Look::Almost,
        Err(NotANumber::Text) => Look::Text,
    }
}

/// Whether nobody would take it for a number or a missing value.
pub(crate) fn looks_like_text(text: &[u8]) -> bool {
    look(text) == Look::Text
}

/// A sampled cell: the start of its text, which is all of it where it matters.
#[derive(Debug, Clone)]
struct Sample {
    text: Vec<u8>,
    quoted: bool,
    look: Look,
}

impl Sample {
    fn is_one_of(&self, words: &[&str]) -> bool {
        !self.quoted && words.iter().any(|word| self.text.eq_ignore_ascii_case(word.as_bytes()))
    }

    fn is_corner(&self) -> bool {
        self.is_one_of(&[""]) || (!self.quoted && CORNERS.split(' ').any(|word| self.is_one_of(&[word])))
    }

    fn year(&self) -> Option<u16> {
        let text = std::str::from_utf8(&self.text).ok().filter(|text| !self.quoted && text.len() == 4);
        text.and_then(|text| text.parse().ok()).filter(|year| (1700..2200).contains(year))
    }

    /// Whether it is a number whose commas are a decimal comma or marks between thousands.
    fn has_comma_within(&self) -> bool {
        let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        let text = self.text.strip_prefix(b"-").unwrap_or(&self.text);
        let text = number::mantissa(text);
        let parts: Vec<&[u8]> = text.split(|&b| b == b',').collect();
        let groups = |parts: &[&[u8]]| match parts {
            [first, rest @ ..] => {
                digits(first) && first.len() <= 3 && rest.iter().all(|part| digits(part) && part.len() == 3)
            }
            [] => false,
        };
        let by_points = |part: &[u8]| groups(&part.split(|&b| b == b'.').collect::<Vec<_>>());
        match parts.as_slice() {
            [whole, decimals] if digits(decimals) && (digits(whole) || by_points(whole)) => true,
            [_, .., last] => {
                let end = last.iter().position(|&b| b == b'.').unwrap_or(last.len());
                let (thousand, decimals) = last.split_at_checked(end).unwrap_or_default();
                let mut whole = parts.clone();
                if let Some(last) = whole.last_mut() {
                    *last = thousand;
                }
                groups(&whole) && decimals.iter().skip(1).all(u8::is_ascii_digit)
            }
            _ => false,
        }
    }

    fn is_whole(&self, value: usize) -> bool {
        !self.quoted && self.text == value.to_string().as_bytes()
    }
}

/// A sampled row: its first cells, and how many there are.
#[derive(Debug, Clone, Default)]
struct SampledRow {
    cells: Vec<Sample>,
    len: usize,
    last_is_empty: bool,
}

impl SampledRow {
    fn starts_with_number(&self) -> bool {
        self.cells.first().is_some_and(|cell| matches!(cell.look, Look::Number | Look::Almost))
    }

    fn of(row: &[u8], delimiter: Delimiter) -> SampledRow {
        let mut out = SampledRow::default();
        for cell in Cells::of(row, delimiter).map_while(Result::ok) {
            out.len += 1;
            out.last_is_empty = cell.text.is_empty() && !cell.quoted;
            if out.cells.len() < SAMPLED_CELLS {
                let look = look(&cell.text);
                let text = cell.text.get(..LONGEST_WORD).unwrap_or(&cell.text).to_vec();
                out.cells.push(Sample { look, text, quoted: cell.quoted });
            }
        }
        out
    }
}

/// How to read a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) delimiter: Delimiter,
    /// Lines before the first row: empty ones, and comments that start with `#`.
    pub(super) skip: u64,
    /// How many of those are comments that were not understood as column names.
    pub(super) comments: u64,
    pub(super) header: Header,
    /// Whether the first cell of every row is its name.
    pub(super) names: bool,
    /// Cells of a row, with its name, and with the empty one at the end.
    pub(super) cells: usize,
    /// Whether the last cell is always empty, as after a separator at the end of the line.
    pub(super) empty_last: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    None,
    /// The first row names the columns.
    FirstRow,
    /// The last comment does.
    Comment,
}

impl Layout {
    /// Columns of numbers.
    pub(super) fn cols(&self) -> usize {
        self.cells.saturating_sub(usize::from(self.names) + usize::from(self.empty_last))
    }

    /// Finds out from the start of the text; `complete` if that is all of it.
    pub(super) fn find(
        text: &[u8],
        complete: bool,
        format: Format,
        options: &ReadOptions,
        at: &Place,
    ) -> Result<Layout> {
        let lines = sample_lines(text, complete);
        let is_comment = |line: &&[u8]| is_comment(line);
        let lead = lines.iter().take_while(|line| line.trim_ascii().is_empty() || is_comment(line)).count();
        let (before, table) = lines.split_at_checked(lead).unwrap_or_default();
        let comments = before.iter().filter(|line| is_comment(line)).count() as u64;
        if table.is_empty() {
            return Err(Error::Format {
                at: at.clone(),
                problem: "there are no rows in it".into(),
                instead: "a table needs at least one row with numbers".into(),
            });
        }
        let rated = preference(format).map(|delimiter| Rated::new(delimiter, table));
        let best = rated.iter().enumerate().max_by_key(|(i, rated)| (rated.key(), std::cmp::Reverse(*i)));
        let Some((_, best)) = best.filter(|(_, rated)| rated.cells > 1) else {
            let delimiter = preference(format).first().copied().unwrap_or(Delimiter::Comma);
            let single = Rated::new(delimiter, table);
            return Ok(single.layout(lead as u64, comments, before.last().copied(), options));
        };
        Ok(best.layout(lead as u64, comments, before.last().copied(), options))
    }
}

/// The separators to try, the likeliest first.
fn preference(format: Format) -> [Delimiter; 5] {
    use Delimiter::{Bar, Blanks, Comma, Semicolon, Tab};
    match format {
        Format::Csv => [Comma, Semicolon, Tab, Bar, Blanks],
        _ => [Tab, Comma, Semicolon, Bar, Blanks],
    }
}

fn sample_lines(text: &[u8], complete: bool) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = Vec::new();
    let mut rest = text;
    while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
        lines.push(rest.get(..end).unwrap_or_default());
        let after = rest.get(end..).unwrap_or_default();
        let ending = if after.starts_with(b"\r\n") { 2 } else { 1 };
        rest = after.get(ending..).unwrap_or_default();
    }
    if !rest.is_empty() && (complete || lines.is_empty()) {
        lines.push(rest);
    }
    lines
}

/// A separator, and what the sample looks like when it is cut there.
struct Rated {
    delimiter: Delimiter,
    rows: Vec<SampledRow>,
    /// Cells of most rows after the first.
    cells: usize,
    consistent: bool,
    /// Whether it leaves commas in numbers and nowhere else: then to cut at commas would cut numbers in two.
    spares_numbers: bool,
    /// Thousandths of the cells that look like numbers.
    numeric: usize,
}

impl Rated {
    fn new(delimiter: Delimiter, lines: &[&[u8]]) -> Rated {
        let rows = rows(delimiter, lines);
        let after: &[SampledRow] = match rows.as_slice() {
            [_, after @ ..] if !after.is_empty() => after,
            all => all,
        };
        let cells = most_common(after.iter().map(|row| row.len));
        let first = rows.first().map_or(0, |row| row.len);
        let consistent = after.iter().all(|row| row.len == cells) && (first == cells || first + 1 == cells);
        let values = || after.iter().flat_map(|row| row.cells.iter().skip(usize::from(cells > 1)));
        let (like, all) = (values().filter(|cell| cell.look != Look::Text).count(), values().count());
        let numeric = (1000 * like).checked_div(all).unwrap_or(0);
        // Blanks stand in names before a comma too often to tell: `sample 1,5`.
        let may_spare = matches!(delimiter, Delimiter::Semicolon | Delimiter::Tab | Delimiter::Bar);
        let mut with_commas = after
            .iter()
            .flat_map(|row| &row.cells)
            .filter(|cell| !cell.quoted && cell.text.contains(&b','))
            .peekable();
        let spares_numbers =
            may_spare && with_commas.peek().is_some() && with_commas.all(Sample::has_comma_within);
        Rated { delimiter, rows, cells, consistent, spares_numbers, numeric }
    }

    fn key(&self) -> (bool, bool, bool, usize) {
        (self.cells > 1 && self.consistent, self.cells > 1, self.spares_numbers, self.numeric)
    }

    fn layout(&self, skip: u64, comments: u64, comment: Option<&[u8]>, options: &ReadOptions) -> Layout {
        let cells = self.cells;
        let (first, after) = match self.rows.as_slice() {
            [first, after @ ..] => (first, after),
            [] => (&SampledRow::default(), &[][..]),
        };
        let empty_last = self.delimiter != Delimiter::Blanks
            && (cells > 2 || after.iter().all(SampledRow::starts_with_number))
            && !after.is_empty()
            && after.iter().all(|row| row.len == cells && row.last_is_empty)
            && (first.len + 1 == cells || (first.len == cells && first.last_is_empty));
        // Where numbers stand without quotes, what stands between quotes is a name, be it made of digits.
        // An empty cell or an NA is never quoted by some who quote all else; NaN is a number like others.
        let is_bare =
            |cell: &Sample| !cell.quoted && (cell.look != Look::Missing || number::parse(&cell.text).is_ok());
        let bare =
            |rows: &[SampledRow], skip| rows.iter().any(|row| row.cells.iter().skip(skip).any(is_bare));
        let quotes_mean_text = match after {
            [] => bare(std::slice::from_ref(first), 1),
            after => bare(after, usize::from(cells > 1)),
        };
        let is_text = |cell: &Sample| {
            cell.look == Look::Text || (cell.quoted && quotes_mean_text && cell.look != Look::Missing)
        };
        let marks = after.iter().any(|row| row.cells.iter().skip(1).any(|cell| cell.look == Look::Almost));
        // With a comma it is a number that is not read, rather than a name.
        let is_name = |cell: &Sample| {
            is_text(cell) || (cell.look == Look::Almost && !marks && !cell.has_comma_within())
        };
        let column = || after.iter().filter_map(|row| row.cells.first());

        // One heading less than there are cells: R leaves out the heading of the row names. A row of numbers that lacks
        // one looks the same.
        let asked = options.header == Some(true) || options.row_names == Some(true);
        let named = asked
            || first.cells.iter().chain(column()).any(|cell| cell.quoted)
            || Tally::of(first.cells.iter(), is_name).nearly_all()
            || Tally::of(column(), is_name).nearly_all()
            || are_years(&first.cells);
        let short = !empty_last && first.len + 1 == cells && cells > 1 && !after.is_empty() && named;

        let width = cells - usize::from(empty_last);
        let headings = first.cells.get(..width).unwrap_or(&first.cells);
        let headings = if width > 1 { headings.get(1..).unwrap_or_default() } else { headings };
        let corner = first.cells.first();
        // After a number, one odd cell among numbers is an odd cell and no heading.
        let like_data = corner.is_some_and(|cell| cell.look == Look::Number && !is_text(cell))
            && !Tally::of(headings.iter(), is_text).most();
        let text_header =
            (headings.iter().any(is_text) && !like_data) || (quotes_mean_text && all_quoted(headings.iter()));
        let pandas = width > 1
            && after.len() > 1
            && corner.is_some_and(|cell| cell.is_one_of(&[""]))
            && counted(headings.iter())
            && counted(column());
        let numeric_headings = || {
            !after.is_empty()
                && headings.iter().all(|cell| cell.look == Look::Number && !cell.quoted)
                && (corner.is_some_and(Sample::is_corner) || are_years(headings))
        };
        let named_by_heading =
            text_header && corner.is_some_and(|cell| cell.is_one_of(&NAME_HEADINGS)) && !after.is_empty();
        let text_column = match after {
            [] => {
                !text_header && corner.is_some_and(|cell| is_name(cell) || (quotes_mean_text && cell.quoted))
            }
            _ => {
                let mut tally = Tally::of(column(), is_name);
                let first_is_data = corner.is_some_and(|cell| cell.look == Look::Number && !is_text(cell));
                tally.others += usize::from(first_is_data && !text_header && !short && !are_years(headings));
                let headed = text_header && corner.is_some_and(Sample::is_corner);
                (quotes_mean_text && all_quoted(column())) || tally.nearly_all() || (headed && tally.most())
            }
        };
        let names =
            width > 1 && options.row_names.unwrap_or(short || pandas || named_by_heading || text_column);
        let in_comment = comment.is_some_and(|line| comment_names(line, self.delimiter, cells));
        let header = match options.header {
            Some(true) => Header::FirstRow,
            Some(false) => Header::None,
            None if short || text_header || pandas || (names && numeric_headings()) => Header::FirstRow,
            None if in_comment => Header::Comment,
            None => Header::None,
        };
        let comments = comments - u64::from(header == Header::Comment);
        Layout { delimiter: self.delimiter, skip, comments, header, names, cells, empty_last }
    }
}

/// How many cells are names, and how many are neither names nor missing.
struct Tally {
    names: usize,
    others: usize,
}

impl Tally {
    fn of<'s>(cells: impl Iterator<Item = &'s Sample>, is_name: impl Fn(&Sample) -> bool) -> Tally {
        let mut tally = Tally { names: 0, others: 0 };
        for cell in cells {
            if is_name(cell) {
                tally.names += 1;
            } else if cell.look != Look::Missing {
                tally.others += 1;
            }
        }
        tally
    }

    /// Names, of which a few may look like numbers. One odd cell does not make numbers names.
    fn nearly_all(&self) -> bool {
        self.names > 0 && self.names >= 9 * self.others
    }

    fn most(&self) -> bool {
        self.names > self.others
    }
}

/// Whether a line before the table is not part of it; `#N/A` is what spreadsheets write for a missing value.
fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let end = line.iter().position(|b| matches!(b, b',' | b';' | b'\t' | b'|' | b' ')).unwrap_or(line.len());
    line.starts_with(b"#") && !is_missing(line.get(..end).unwrap_or_default())
}

/// The text of a comment without its mark.
pub(super) fn uncommented(line: &[u8]) -> &[u8] {
    let line = line.trim_ascii();
    let marks = line.iter().take_while(|&&b| b == b'#').count();
    line.get(marks..).unwrap_or_default().trim_ascii_start()
}

/// Whether a comment looks like the headings of a table with this many cells.
fn comment_names(line: &[u8], delimiter: Delimiter, cells: usize) -> bool {
    if !is_comment(line) {
        return false;
    }
    let headings: Result<Vec<_>, _> = Cells::of(uncommented(line), delimiter).collect();
    headings
        .is_ok_and(|found| found.len() == cells && found.iter().any(|cell| look(&cell.text) == Look::Text))
}

fn rows(delimiter: Delimiter, lines: &[&[u8]]) -> Vec<SampledRow> {
    let mut rows = Vec::new();
    let mut joined: Vec<u8> = Vec::new();
    let mut state = Quotes::Start;
    for line in lines {
        if state != Quotes::Open && line.trim_ascii().is_empty() {
            continue;
        }
        if state == Quotes::Open {
            joined.push(b'\n');
        } else {
            joined.clear();
            state = Quotes::Start;
        }
        joined.extend_from_slice(line);
        state = state.after(line, delimiter);
        if state == Quotes::Open {
            continue;
        }
        rows.push(SampledRow::of(&joined, delimiter));
        if rows.len() == SAMPLED_ROWS {
            break;
        }
    }
    rows
}

/// Whether cells that look like missing values, as names may, are names after all.
fn all_quoted<'s>(mut cells: impl Iterator<Item = &'s Sample>) -> bool {
    cells.all(|cell| cell.quoted)
}

/// Whether the cells are at least two years, the later ones to the right.
fn are_years(cells: &[Sample]) -> bool {
    cells.len() > 1 && cells.iter().all(|cell| cell.year().is_some()) && cells.is_sorted_by_key(Sample::year)
}

/// Whether the cells are 0, 1, 2 and so on.
fn counted<'s>(cells: impl Iterator<Item = &'s Sample>) -> bool {
    cells.enumerate().all(|(i, cell)| cell.is_whole(i))
}

fn most_common(lengths: impl Iterator<Item = usize>) -> usize {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for length in lengths {
        match counts.iter_mut().find(|(seen, _)| *seen == length) {
            Some((_, count)) => *count += 1,
            None => counts.push((length, 1)),
        }
    }
    // The first of those that are equally common.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(0, |&(length, _)| length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(text: &str) -> Layout {
        Layout::find(text.as_bytes(), true, Format::Csv, &ReadOptions::default(), &Place::default()).unwrap()
    }

    fn seen(text: &str) -> (Delimiter, Header, bool, usize) {
        let layout = layout(text);
        (layout.delimiter, layout.header, layout.names, layout.cols())
    }

    #[test]
    fn names_are_found_where_they_are() {
        use Delimiter::*;
        use Header::{FirstRow, None};
        for (text, want) in [
            ("1,2\n3,4\n", (Comma, None, false, 2)),
            ("a,b\n3,4\n", (Comma, FirstRow, false, 2)),
            ("x,1,2\ny,3,4\n", (Comma, None, true, 2)),
            (",a,b\nx,1,2\n", (Comma, FirstRow, true, 2)),
            ("a,b\nx,1,2\ny,3,4\n", (Comma, FirstRow, true, 2)),
            ("1;2\n3;4\n", (Semicolon, None, false, 2)),
            ("1,5;2,5\n3,5;4,5\n", (Semicolon, None, false, 2)),
            ("1 2\n 3   4\n", (Blanks, None, false, 2)),
            ("1, 2\n3, 4\n", (Comma, None, false, 2)),
            ("a,b\t5\t1\ne,f\t7\t2\n", (Tab, None, true, 2)),
            (",0,1\n0,5,6\n1,7,8\n", (Comma, FirstRow, true, 2)),
            ("id,a,b\n17,5,6\n99,7,8\n", (Comma, FirstRow, true, 2)),
            ("gene,2019,2020\nx,5,6\ny,7,8\n", (Comma, FirstRow, true, 2)),
            ("lake,2019,2020\nx,5,6\ny,7,8\n", (Comma, FirstRow, true, 2)),
            ("lake,20,30\nx,5,6\ny,7,8\n", (Comma, None, true, 2)),
            ("\"1\",\"2\"\n3,4\n", (Comma, FirstRow, false, 2)),
            ("\"1\",2\n\"3\",4\n", (Comma, None, true, 1)),
            ("\"1\",\"2\"\n\"3\",\"4\"\n", (Comma, None, false, 2)),
            ("NA,2\n3,4\n", (Comma, None, false, 2)),
            ("n\n5\n6\n", (Comma, FirstRow, false, 1)),
            ("5\n6\n", (Comma, None, false, 1)),
            ("x,5\n", (Comma, None, true, 1)),
            ("1,2,\n3,4,\n", (Comma, None, false, 2)),
            ("a,b\n1,2,\n3,4,\n", (Comma, FirstRow, false, 2)),
            ("a,\n1,\n2,\n", (Comma, FirstRow, false, 1)),
            ("a\n1,\n2,\n", (Comma, FirstRow, false, 1)),
            ("x,\ny,\n", (Comma, None, true, 1)),
            ("\"1\",\"2\",\n\"3\",\"4\",\n", (Comma, None, false, 2)),
            ("\"a\",\"b\",\n\"3\",\"4\",\n", (Comma, FirstRow, false, 2)),
            ("\"1\",\"2\"\n\"3\",NA\n", (Comma, None, false, 2)),
            (",\"\"\n\"s\",NaN\n", (Comma, FirstRow, true, 1)),
            // An odd cell or two are odd cells.
            ("1,2\n<0.1,4\n5,6\n", (Comma, None, false, 2)),
            ("a,b\n1,2\n5O,4\n5,6\n", (Comma, FirstRow, false, 2)),
            ("1,2\n5O,4\n", (Comma, None, false, 2)),
            ("1,2,3\n4,.,6\n", (Comma, None, false, 3)),
            ("1,2,<0.1,4\n5,6,7,8\n", (Comma, None, false, 4)),
            ("0,5;1\n1,5;2\n", (Semicolon, None, false, 2)),
            // Names that are numbers now and then, or under a heading of names more often.
            ("17A,2\nx,4\nb,5\nc,5\nd,5\ne,5\nf,5\ng,5\nh,5\ni,5\n7,6\n", (Comma, None, true, 1)),
            ("gene,a\nx,2\n5,4\ny,6\n", (Comma, FirstRow, true, 1)),
            ("id,a\n1,2\n5,4\ny,6\n", (Comma, FirstRow, true, 1)),
            ("gene,a\n1,2\n5,4\ny,6\n", (Comma, FirstRow, false, 2)),
        ] {
            assert_eq!(seen(text), want, "{text:?}");
        }
    }

    #[test]
    fn comments_are_passed_over_or_name_the_columns() {
        assert_eq!(layout("# made by x\n1,2\n").header, Header::None);
        let biom = layout("# Constructed from biom file\n#OTU ID\ts1\ts2\nx\t1\t2\ny\t3\t4\n");
        assert_eq!((biom.header, biom.names, biom.comments, biom.skip), (Header::Comment, true, 1, 2));
        let savetxt = layout("# a b\n1e0 2e0\n3e0 4e0\n");
        assert_eq!((savetxt.header, savetxt.delimiter), (Header::Comment, Delimiter::Blanks));
        assert!(
            Layout::find(b"# x\n\n", true, Format::Csv, &ReadOptions::default(), &Place::default()).is_err()
        );
    }

    #[test]
    fn ragged_tables_keep_their_separator() {
        assert_eq!(layout("a,b,c\n1,2,3\n4,5\n7,8,9\n").cells, 3);
        assert_eq!(layout("1,2,3\n4,5\n").delimiter, Delimiter::Comma);
    }
}
