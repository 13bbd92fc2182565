//! Numbers and names as small text.

use super::page::block;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::io::Write;

/// More names than this are packed.
const FEW_NAMES: usize = 2000;
/// Letters of a name, at most.
pub(super) const NAME: usize = 80;
/// Letters of names where those are too many.
const LETTERS: [usize; 4] = [NAME, 40, 20, 10];

/// Numbers by lines, of which some may be left out.
pub(super) struct Lines {
    /// `(lines, width)`, row by row.
    pub(super) values: Vec<f64>,
    pub(super) width: usize,
    /// Whether lines are components, and have a scale each; else the places in a line have.
    pub(super) by_line: bool,
}

impl Lines {
    fn scales(&self, steps: f64) -> Vec<f64> {
        let count = if self.by_line { self.values.len() / self.width.max(1) } else { self.width };
        let mut largest = vec![0.0_f64; count];
        for (at, &x) in self.values.iter().enumerate() {
            let to = &mut largest[if self.by_line { at / self.width } else { at % self.width }];
            *to = to.max(x);
        }
        largest.into_iter().map(|x| if x > 0.0 { x / steps } else { 1.0 }).collect()
    }

    /// The finest of single precision, two bytes and one byte of which the text is no longer than `room`; and whether it is.
    pub(super) fn packed(&self, room: usize) -> (Value, bool) {
        let plain = self.values.iter().all(|x| x.is_finite() && *x >= 0.0);
        let kinds: &[(&str, f64)] =
            if plain { &[("f32", 0.0), ("u16", 65535.0), ("u8", 255.0)] } else { &[("f32", 0.0)] };
        let mut made = (Value::Null, false);
        for &(kind, steps) in kinds {
            let scale = (steps > 0.0).then(|| self.scales(steps));
            let mut bytes = Vec::with_capacity(self.values.len() * 4);
            for (at, &x) in self.values.iter().enumerate() {
                let Some(scale) = &scale else {
                    bytes.extend((x as f32).to_le_bytes());
                    continue;
                };
                let scale = scale[if self.by_line { at / self.width } else { at % self.width }];
                let whole = (x / scale).round().clamp(0.0, steps);
                if steps > 255.0 {
                    bytes.extend((whole as u16).to_le_bytes())
                } else {
                    bytes.push(whole as u8)
                }
            }
            let text = deflated(&bytes);
            let fits = text.len() <= room;
            made = (json!({"type": kind, "scale": scale, "packed": "deflate", "base64": text}), fits);
            if fits {
                break;
            }
        }
        made
    }
}

/// A name in at most so many letters: of a longer one its beginning and its end, as names that are numbered differ there.
pub(super) fn short(name: &str, most: usize) -> Cow<'_, str> {
    if name.char_indices().nth(most).is_none() {
        return Cow::Borrowed(name);
    }
    let end = most / 4;
    let start: String = name.chars().take(most.saturating_sub(end + 1)).collect();
    let mut rest: Vec<char> = name.chars().rev().take(end).collect();
    rest.reverse();
    Cow::Owned(start + "…" + &rest.into_iter().collect::<String>())
}

/// Names as text of at most this length, and how that was done.
pub(super) struct Names {
    pub(super) value: Value,
    /// Names had to be cut to so many letters; to 0 where even short ones are too many, and none are held.
    pub(super) cut: Option<usize>,
}

/// Names as they are, or packed if they are many, as long as there is room.
pub(super) fn names(names: Option<&[String]>, room: usize) -> Names {
    let Some(names) = names else { return Names { value: Value::Null, cut: None } };
    for most in LETTERS {
        let shown: Vec<Cow<'_, str>> = names.iter().map(|name| short(name, most)).collect();
        let cut = shown.iter().any(|name| matches!(name, Cow::Owned(_))).then_some(most);
        let value = if shown.len() > FEW_NAMES {
            json!({"packed": "deflate", "base64": deflated(json!(shown).to_string().as_bytes())})
        } else {
            json!(shown)
        };
        if block(&value).len() <= room {
            return Names { value, cut };
        }
    }
    Names { value: Value::Null, cut: Some(0) }
}

/// Which of at most 255 things each is, or none.
pub(super) fn places(places: &[Option<usize>]) -> Value {
    if places.len() <= FEW_NAMES {
        return json!(places);
    }
    let byte = |place: &Option<usize>| place.and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX);
    json!({"packed": "deflate", "base64": deflated(&places.iter().map(byte).collect::<Vec<u8>>())})
}

/// In base64, as they are.
pub(super) fn plain(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn deflated(bytes: &[u8]) -> String {
    let mut out = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    let done = out.write_all(bytes).and_then(|()| out.finish());
    STANDARD.encode(done.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use std::io::Read;

    fn opened(text: &Value) -> Vec<u8> {
        let bytes = STANDARD.decode(text.as_str().unwrap()).unwrap();
        let mut out = Vec::new();
        ZlibDecoder::new(&bytes[..]).read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn what_is_packed_comes_back() {
        let values: Vec<f64> = (0..600).map(|i| ((i * 37) % 101) as f64 / 7.0).collect();
        for by_line in [true, false] {
            let lines = Lines { values: values.clone(), width: 20, by_line };
            let (exact, fits) = lines.packed(1 << 20);
            assert!(fits && exact["type"] == "f32" && exact["scale"].is_null());
            let bytes = opened(&exact["base64"]);
            assert_eq!(f32::from_le_bytes(bytes[40..44].try_into().unwrap()), values[10] as f32);
            let (coarse, fits) = lines.packed(0);
            assert!(!fits && coarse["type"] == "u8");
            let (bytes, scale) = (opened(&coarse["base64"]), coarse["scale"].as_array().unwrap());
            assert_eq!((bytes.len(), scale.len()), (600, if by_line { 30 } else { 20 }));
            for (at, &x) in values.iter().enumerate() {
                let scale = scale[if by_line { at / 20 } else { at % 20 }].as_f64().unwrap();
                assert!((f64::from(bytes[at]) * scale - x).abs() <= 0.51 * scale);
            }
        }
    }

    #[test]
    fn both_signs_keep_their_digits() {
        let lines = Lines { values: vec![-1.0, 2.0], width: 2, by_line: true };
        assert_eq!(lines.packed(0).0["type"], "f32");
    }

    #[test]
    fn many_names_are_packed() {
        let of = |list: &[String]| names(Some(list), 1 << 20).value;
        let few: Vec<String> = (0..3).map(|i| format!("<{i}>")).collect();
        assert_eq!(of(&few), json!(["<0>", "<1>", "<2>"]));
        assert_eq!(names(None, 0).value, Value::Null);
        let many: Vec<String> = (0..3000).map(|i| i.to_string()).collect();
        let text = String::from_utf8(opened(&of(&many)["base64"])).unwrap();
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), many);
    }

    #[test]
    fn long_names_keep_both_ends() {
        assert_eq!(short("abcdefgh", 8), "abcdefgh");
        assert_eq!(short("abcdéfghi", 8), "abcdé…hi");
        assert_eq!(short(&"é".repeat(10_000), NAME).chars().count(), NAME);
        assert_eq!(short("abc", 1), "…");
        // As many letters as there is room for, and none where there is none.
        let list: Vec<String> = (0..50).map(|i| "<".repeat(100 + i) + &i.to_string()).collect();
        let found = [1 << 20, 15_000, 300, 0].map(|room| names(Some(&list), room));
        assert_eq!(found.each_ref().map(|names| names.cut), [Some(80), Some(40), Some(0), Some(0)]);
        assert!(found[1].value[12].as_str().unwrap().ends_with("<12") && found[2].value.is_null());
    }

    #[test]
    fn places_are_packed_where_they_are_many() {
        assert_eq!(places(&[Some(1), None]), json!([1, null]));
        let bytes = opened(&places(&[Some(1), None, Some(40)].repeat(1000))["base64"]);
        assert_eq!((bytes.len(), &bytes[..3]), (3000, &[1, 255, 40][..]));
    }
}
