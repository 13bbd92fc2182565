//! The end of a zip archive, looked at before the archive is opened: its directory is kept in memory, and how much that
//! takes is up to whoever made the file.

use crate::error::{Error, Place, Result};
use std::io::{self, Read, Seek, SeekFrom};

/// The record at the end, with the longest comment.
const TAIL: u64 = 22 + 65_535;

/// Bytes of the archive's directory, as the record at its end declares them; the most, if several could be it.
pub(super) fn size(source: &mut (impl Read + Seek), file: u64, at: &Place) -> Result<u64> {
    let mut read = |from: u64, length| {
        // An offset that lies gives an empty piece.
        piece(source, from.min(file), length).map_err(|error| Error::reading(at, error))
    };
    let start = file.saturating_sub(TAIL);
    let tail = read(start, TAIL)?;
    let mut most = None;
    for position in memchr::memmem::find_iter(&tail, b"PK\x05\x06") {
        let Some(record) = tail.get(position..) else { continue };
        let mut size = u64::from(number(record, 12) as u32);
        if size == u64::from(u32::MAX) {
            // A large archive: twenty bytes before stands where the long record is.
            let locator = read((start + position as u64).saturating_sub(20), 20)?;
            let long = read(number(&locator, 8), 56)?;
            if long.starts_with(b"PK\x06\x06") {
                size = number(&long, 40);
            }
        }
        most = most.max(Some(size));
    }
    // A directory cannot be larger than the file, whatever it declares.
    most.map(|size| size.min(file)).ok_or_else(|| Error::Damaged {
        at: at.clone(),
        problem: "it is not a whole zip archive: its end is missing".into(),
    })
}

fn piece(source: &mut (impl Read + Seek), from: u64, length: u64) -> io::Result<Vec<u8>> {
    source.seek(SeekFrom::Start(from))?;
    let mut out = Vec::new();
    source.take(length).read_to_end(&mut out)?;
    Ok(out)
}

/// The eight bytes there as a number; 0 for those that are missing.
fn number(record: &[u8], at: usize) -> u64 {
    let bytes = record.iter().skip(at).take(8);
    bytes.rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn of(bytes: &[u8]) -> Result<u64> {
        size(&mut Cursor::new(bytes), bytes.len() as u64, &Place::of("x"))
    }

    #[test]
    fn the_directory_is_measured_before_it_is_read() {
        let small = crate::testing::zipped(&[("a", b"1"), ("bc", b"2")], zip::CompressionMethod::Stored);
        let start = small.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
        assert_eq!(of(&small).unwrap(), (small.len() - 22 - start) as u64);
        let mut large = vec![b'x'; 500];
        large.extend(b"PK\x06\x06");
        large.extend([0; 36]);
        large.extend(300u64.to_le_bytes());
        large.extend([0; 8]);
        large.extend(b"PK\x06\x07\0\0\0\0");
        large.extend(500u64.to_le_bytes());
        large.extend([0; 4]);
        large.extend(b"PK\x05\x06");
        large.extend([0xFF; 18]);
        assert_eq!(of(&large).unwrap(), 300);
        assert!(matches!(of(b"PK\x03\x04"), Err(Error::Damaged { .. })));
        assert_eq!(of(b"PK\x05\x06").unwrap(), 0);
    }
}
