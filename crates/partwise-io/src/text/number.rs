//! Numbers in text: fast where they are short, exact always, and nothing else taken for one.

/// Why a text is not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotANumber {
    /// It is something else.
    Text,
    /// It is a number beyond the range of `f64`.
    TooLarge,
}

const POWERS: [f64; 19] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];

/// A plain decimal number at the start, and how many bytes it takes, where that is quick to say exactly: its digits
/// fit into 53 bits, and so one division rounds it right (Clinger 1990).
#[inline]
pub(crate) fn fast(text: &[u8]) -> Option<(f64, usize)> {
    let negative = text.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let mut digits: u64 = 0;
    let whole = at;
    while let Some(digit) = text.get(at).map(|b| b.wrapping_sub(b'0')).filter(|&d| d < 10) {
        digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    let mut length = at - whole;
    let mut decimals = 0;
    if text.get(at) == Some(&b'.') {
        at += 1;
        let point = at;
        while let Some(digit) = text.get(at).map(|b| b.wrapping_sub(b'0')).filter(|&d| d < 10) {
            digits = digits.wrapping_mul(10).wrapping_add(u64::from(digit));
            at += 1;
        }
        decimals = at - point;
        length += decimals;
    }
    // Up to 18 digits cannot have wrapped around.
    if length == 0 || length > 18 || digits > 1 << 53 {
        return None;
    }
    let x = digits as f64 / POWERS.get(decimals)?;
    Some((if negative { -x } else { x }, at))
}

/// A number that is the whole text.
pub(crate) fn parse(text: &[u8]) -> Result<f64, NotANumber> {
    if let Some((x, length)) = fast(text)
        && length == text.len()
    {
        return Ok(x);
    }
    let word = std::str::from_utf8(text).map_err(|_| NotANumber::Text)?;
    let x: f64 = word.parse().map_err(|_| NotANumber::Text)?;
    if x.is_infinite() && word.bytes().any(|b| b.is_ascii_digit()) {
        return Err(NotANumber::TooLarge);
    }
    Ok(x)
}

/// As [`parse`], with Fortran's `1.5D+02` too.
pub(crate) fn parse_fortran(text: &[u8]) -> Result<f64, NotANumber> {
    match parse(text) {
        Err(NotANumber::Text) if text.iter().any(|b| b.eq_ignore_ascii_case(&b'd')) && text.len() <= 64 => {
            let plain: Vec<u8> =
                text.iter().map(|&b| if b.eq_ignore_ascii_case(&b'd') { b'e' } else { b }).collect();
            parse(&plain)
        }
        other => other,
    }
}

/// What stands before a power of ten, or all of it if there is none.
pub(crate) fn mantissa(text: &[u8]) -> &[u8] {
    let Some(at) = text.iter().rposition(|b| b.eq_ignore_ascii_case(&b'e')) else { return text };
    let (before, power) = text.split_at_checked(at).unwrap_or((text, &[]));
    let power = power.get(1..).unwrap_or_default();
    let digits = power.strip_prefix(b"-").or(power.strip_prefix(b"+")).unwrap_or(power);
    if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) { before } else { text }
}

/// What may be meant by a text that looks like a number and is none; empty if it does not look like one.
pub(crate) fn hint(text: &[u8]) -> &'static str {
    let digit = |b: &u8| b.is_ascii_digit();
    if !text.iter().any(digit) {
        return "";
    }
    let number = mantissa(text.strip_prefix(b"-").unwrap_or(text));
    let only = |marks: &[u8]| {
        number.iter().all(|b| digit(b) || marks.contains(b)) && number.first().is_some_and(digit)
    };
    let commas = number.iter().filter(|&&b| b == b',').count();
    if only(b",") && commas == 1 {
        "is this a decimal comma, or a mark between thousands? Write 1.5 and 1234"
    } else if only(b",.' _\xc2\xa0") {
        "write numbers without marks between thousands and with a decimal point: 1234.5"
    } else if number.starts_with(b"0x") || number.starts_with(b"0X") {
        "write numbers in decimal: 10 for 0xA"
    } else if number.ends_with(b"%") {
        "write 0.05 for 5%"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_a_number_and_what_is_not() {
        for (text, x) in [
            ("0", 0.0),
            ("-1.50", -1.5),
            ("+3", 3.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1e-3", 1e-3),
            ("1E+02", 100.0),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("0.1", 0.1),
            ("123456789012345678901234567890", 1.234_567_890_123_456_8e29),
            ("000000000000000000000000000007", 7.0),
            ("2.2250738585072011e-308", 2.225_073_858_507_201e-308),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            assert_eq!(parse(text.as_bytes()), Ok(x), "{text}");
        }
        assert!(parse(b"NaN").unwrap().is_nan());
        assert!(parse(b"-0").unwrap().is_sign_negative());
        // D10, D11, D12, D14.
        for text in ["1,5", "0x1p3", "1.5D+02", "", "-", ".", "1e", "e5", "1 2", "1_000", "--1", "1.2.3", "١"]
        {
            assert_eq!(parse(text.as_bytes()), Err(NotANumber::Text), "{text}");
        }
        assert_eq!(parse(b"1e999"), Err(NotANumber::TooLarge));
        assert_eq!(parse(&[b'9'; 400]), Err(NotANumber::TooLarge));
        assert_eq!(parse_fortran(b"1.5D+02"), Ok(150.0));
        assert_eq!(parse_fortran(b"1.5d"), Err(NotANumber::Text));
        assert_eq!(fast(b"12,3"), Some((12.0, 2)));
    }

    #[test]
    fn what_looks_like_a_number_gets_a_hint() {
        for text in
            ["1,5", "1.234,5", "1'234", "1 234.5", "0x1F", "5%", "-1,5", "1_000", "1,5e-3", "1.234,5E+10"]
        {
            assert!(!hint(text.as_bytes()).is_empty(), "{text}");
        }
        for text in ["abc", "", "x1", "1a", "1,5e", "1,5e-", "e5", "1,5ee5"] {
            assert!(hint(text.as_bytes()).is_empty(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_quick_way_is_exact(text in "-?[0-9]{1,12}(\\.[0-9]{0,9})?") {
            let want: f64 = text.parse().unwrap();
            prop_assert_eq!(parse(text.as_bytes()), Ok(want));
            if let Some((x, length)) = fast(text.as_bytes()) {
                prop_assert_eq!((x.to_bits(), length), (want.to_bits(), text.len()));
            }
        }

        #[test]
        fn every_double_is_read_back(bits: u64) {
            let x = f64::from_bits(bits);
            if x.is_finite() {
                prop_assert_eq!(parse(format!("{x}").as_bytes()), Ok(x));
                prop_assert_eq!(parse(format!("{x:e}").as_bytes()), Ok(x));
            }
        }
    }
}
