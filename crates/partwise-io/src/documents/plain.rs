//! Files of text: one document, or a document a line.

use super::{Gather, READABLE, lossy};
use crate::error::{Error, Place, Result};
use crate::input::Bytes;
use crate::text::lines::Lines;
use std::io::Read;

/// The whole file.
pub(super) fn whole(to: &mut Gather<'_>, bytes: Bytes<'_>, label: &str, at: &Place) -> Result<()> {
    let limit = to.options.memory_limit;
    let mut content = Vec::new();
    bytes
        .take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(|source| Error::reading(at, source))?;
    if content.len() as u64 > limit {
        return Err(Error::Memory { at: at.clone(), needed: content.len() as u64, limit: Some(limit) });
    }
    let (text, damaged) = decoded(&content).ok_or_else(|| Error::Unsupported {
        at: at.clone(),
        what: "this is not text".into(),
        instead: READABLE.into(),
    })?;
    to.put(label.into(), text, damaged)
}

/// A line after another; empty ones too, so that numbers of documents are those of lines.
pub(super) fn lines(to: &mut Gather<'_>, bytes: Bytes<'_>, label: &str, at: &Place) -> Result<()> {
    let longest = usize::try_from(to.options.memory_limit).unwrap_or(usize::MAX).min(1 << 30);
    let mut lines = Lines::new(bytes, longest, at)?;
    while let Some(line) = lines.next()? {
        let (text, damaged) = lossy(line);
        to.put(format!("{label}:{}", lines.number), text, damaged)?;
    }
    Ok(())
}

/// The text of bytes in UTF-8, or in UTF-16 with a mark; `None` if they are no text.
fn decoded(bytes: &[u8]) -> Option<(String, bool)> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return Some(lossy(rest));
    }
    let pairs = |from: &[u8], join: fn([u8; 2]) -> u16| {
        let (pairs, rest) = from.as_chunks::<2>();
        let decoded = char::decode_utf16(pairs.iter().map(|&pair| join(pair)));
        let mut damaged = !rest.is_empty();
        let text = decoded
            .map(|c| {
                c.unwrap_or_else(|_| {
                    damaged = true;
                    char::REPLACEMENT_CHARACTER
                })
            })
            .collect();
        (text, damaged)
    };
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Some(pairs(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Some(pairs(rest, u16::from_be_bytes));
    }
    let binary = bytes.contains(&0) || bytes.starts_with(b"%PDF-") || bytes.starts_with(b"PK\x03\x04");
    (!binary).then(|| lossy(bytes))
}
