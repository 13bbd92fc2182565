//! The number types of NumPy, and how their bytes become `f64`.

use crate::error::shown;

/// What a `descr` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Descr {
    Number(Dtype),
    /// Text of a fixed length: bytes (`S`), or characters of four bytes (`U`).
    Text {
        wide: bool,
        big_endian: bool,
        length: usize,
    },
    /// Known, but not real numbers: the spelling, what it is, what to do.
    Other(String, &'static str, &'static str),
}

/// A type of real numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dtype {
    kind: Kind,
    big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
}

const TO_DOUBLE: &str = "save X.astype('float64')";

impl Descr {
    pub(crate) fn parse(text: &[u8]) -> Option<Descr> {
        let word = std::str::from_utf8(text).ok()?;
        let (big_endian, rest) = match word.split_at_checked(1)? {
            ("<" | "|", rest) => (false, rest),
            (">", rest) => (true, rest),
            ("=", rest) => (cfg!(target_endian = "big"), rest),
            _ => (false, word),
        };
        let number = |kind| Some(Descr::Number(Dtype { kind, big_endian }));
        let other = |what, instead| Some(Descr::Other(shown(text), what, instead));
        match rest {
            "b1" | "?" => return number(Kind::Bool),
            "i1" => return number(Kind::I8),
            "i2" => return number(Kind::I16),
            "i4" => return number(Kind::I32),
            "i8" => return number(Kind::I64),
            "u1" => return number(Kind::U8),
            "u2" => return number(Kind::U16),
            "u4" => return number(Kind::U32),
            "u8" => return number(Kind::U64),
            "f2" => return number(Kind::F16),
            "f4" => return number(Kind::F32),
            "f8" => return number(Kind::F64),
            "f12" | "f16" => return other("long double", TO_DOUBLE),
            _ => {}
        }
        let (kind, size) = rest.split_at_checked(1)?;
        match (kind, size.parse::<usize>()) {
            ("c", _) => other("complex numbers", "save abs(X) or X.real"),
            ("S" | "a", Ok(length)) => Some(Descr::Text { wide: false, big_endian, length }),
            ("U", Ok(length)) => Some(Descr::Text { wide: true, big_endian, length }),
            ("O", _) => other("Python objects, which could run code and are never opened", TO_DOUBLE),
            ("M" | "m", _) => other("dates or times", "save numbers"),
            ("V", _) => other("raw bytes", "save numbers"),
            _ => None,
        }
    }

    /// The number type, or why there is none and what to do.
    pub(crate) fn number(&self) -> Result<Dtype, (String, String)> {
        match self {
            Descr::Number(dtype) => Ok(*dtype),
            Descr::Text { .. } => Err(("its entries are text, not numbers".into(), TO_DOUBLE.into())),
            Descr::Other(spelling, what, instead) => Err((
                format!("its dtype {spelling} is not numeric real: it stands for {what}"),
                (*instead).to_string(),
            )),
        }
    }
}

macro_rules! decode {
    ($type:ty, $size:literal, $bytes:expr, $big:expr, $out:expr, $to:expr) => {{
        let (items, _) = $bytes.as_chunks::<$size>();
        let to: fn($type) -> f64 = $to;
        if $big {
            $out.extend(items.iter().map(|&b| to(<$type>::from_be_bytes(b))));
        } else {
            $out.extend(items.iter().map(|&b| to(<$type>::from_le_bytes(b))));
        }
    }};
}

impl Dtype {
    pub(crate) fn size(self) -> usize {
        match self.kind {
            Kind::Bool | Kind::I8 | Kind::U8 => 1,
            Kind::I16 | Kind::U16 | Kind::F16 => 2,
            Kind::I32 | Kind::U32 | Kind::F32 => 4,
            Kind::I64 | Kind::U64 | Kind::F64 => 8,
        }
    }

    /// NumPy's name.
    pub(crate) fn name(self) -> &'static str {
        match self.kind {
            Kind::Bool => "bool",
            Kind::I8 => "int8",
            Kind::I16 => "int16",
            Kind::I32 => "int32",
            Kind::I64 => "int64",
            Kind::U8 => "uint8",
            Kind::U16 => "uint16",
            Kind::U32 => "uint32",
            Kind::U64 => "uint64",
            Kind::F16 => "float16",
            Kind::F32 => "float32",
            Kind::F64 => "float64",
        }
    }

    /// Half or single precision.
    pub(crate) fn is_single(self) -> bool {
        matches!(self.kind, Kind::F16 | Kind::F32)
    }

    pub(crate) fn is_integer(self) -> bool {
        !matches!(self.kind, Kind::F16 | Kind::F32 | Kind::F64)
    }

    /// Whether some of its values have more digits than `f64`.
    pub(crate) fn may_round(self) -> bool {
        matches!(self.kind, Kind::I64 | Kind::U64)
    }

    /// Replaces `out` by the numbers in `bytes`.
    pub(crate) fn decode(self, bytes: &[u8], out: &mut Vec<f64>) {
        out.clear();
        let big = self.big_endian;
        match self.kind {
            Kind::Bool => out.extend(bytes.iter().map(|&b| if b == 0 { 0.0 } else { 1.0 })),
            Kind::I8 => decode!(i8, 1, bytes, big, out, f64::from),
            Kind::I16 => decode!(i16, 2, bytes, big, out, f64::from),
            Kind::I32 => decode!(i32, 4, bytes, big, out, f64::from),
            Kind::I64 => decode!(i64, 8, bytes, big, out, |x| x as f64),
            Kind::U8 => decode!(u8, 1, bytes, big, out, f64::from),
            Kind::U16 => decode!(u16, 2, bytes, big, out, f64::from),
            Kind::U32 => decode!(u32, 4, bytes, big, out, f64::from),
            Kind::U64 => decode!(u64, 8, bytes, big, out, |x| x as f64),
            Kind::F16 => decode!(u16, 2, bytes, big, out, |x| f64::from(half(x))),
            Kind::F32 => decode!(f32, 4, bytes, big, out, f64::from),
            Kind::F64 => decode!(f64, 8, bytes, big, out, |x| x),
        }
    }
}

/// A number in half precision (IEEE 754 binary16), exactly.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10) & 0x1F;
    let fraction = u32::from(bits & 0x3FF);
    match exponent {
        0 => {
            let least = f32::from_bits((127 - 24) << 23);
            let magnitude = fraction as f32 * least;
            f32::from_bits(sign | magnitude.to_bits())
        }
        31 => f32::from_bits(sign | 0x7F80_0000 | (fraction << 13)),
        _ => f32::from_bits(sign | ((exponent + 127 - 15) << 23) | (fraction << 13)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Dtype {
        Descr::parse(text.as_bytes()).unwrap().number().unwrap()
    }

    fn one(text: &str, bytes: &[u8]) -> f64 {
        let mut out = Vec::new();
        number(text).decode(bytes, &mut out);
        assert_eq!(out.len(), 1);
        out[0]
    }

    /// D32: every numeric type, both byte orders.
    #[test]
    fn d32_numbers_of_every_type_are_right() {
        assert_eq!(one("|b1", &[2]), 1.0);
        assert_eq!(one("|i1", &[0xFF]), -1.0);
        assert_eq!(one("<i2", &[1, 2]), 513.0);
        assert_eq!(one(">i2", &[1, 2]), 258.0);
        assert_eq!(one("<i4", &(-7i32).to_le_bytes()), -7.0);
        assert_eq!(one(">i8", &i64::MIN.to_be_bytes()), -(2f64.powi(63)));
        assert_eq!(one("|u1", &[255]), 255.0);
        assert_eq!(one(">u2", &[1, 0]), 256.0);
        assert_eq!(one("<u4", &u32::MAX.to_le_bytes()), 4_294_967_295.0);
        assert_eq!(one("<u8", &u64::MAX.to_le_bytes()), 2f64.powi(64));
        assert_eq!(one(">f4", &0.1f32.to_be_bytes()), f64::from(0.1f32));
        assert_eq!(one(">f8", &0.1f64.to_be_bytes()), 0.1);
        assert_eq!(one("<f8", &5e-324f64.to_le_bytes()), 5e-324);
        for (bits, x) in [
            (0x3C00u16, 1.0),
            (0xC000, -2.0),
            (0x7BFF, 65504.0),
            (0x0001, 2f64.powi(-24)),
            (0x0400, 2f64.powi(-14)),
            (0x03FF, 1023.0 * 2f64.powi(-24)),
            (0x7C00, f64::INFINITY),
            (0x3555, 0.333_251_953_125),
        ] {
            assert_eq!(one("<f2", &bits.to_le_bytes()), x, "{bits:#x}");
        }
        assert!(one(">f2", &[0x7E, 0]).is_nan());
        assert!(one("<f2", &[0, 0x80]).is_sign_negative());
    }

    /// D30, D31: everything else is refused by name.
    #[test]
    fn d31_types_that_are_no_real_numbers_are_named() {
        for (text, word) in [
            ("<c16", "complex"),
            ("|O", "Python objects"),
            ("<M8[ns]", "dates"),
            ("|V8", "raw bytes"),
            ("<f16", "long double"),
            ("<U7", "text"),
            ("|S3", "text"),
        ] {
            let (what, instead) = Descr::parse(text.as_bytes()).unwrap().number().unwrap_err();
            assert!(what.contains(word) && !instead.is_empty(), "{text}: {what}");
        }
        for text in ["", "<", "<f3", "x8", "<i16", "é", "<U-1"] {
            assert_eq!(Descr::parse(text.as_bytes()), None, "{text}");
        }
    }
}
