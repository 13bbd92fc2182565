//! Classes of mutations: the 96 single-base substitutions with their neighbours, in any of the usual spellings.
//!
//! A class is a substitution of a pyrimidine, C or T, with the base before and after it: `A[C>A]G`. That of a purine is the same
//! one, read from the other strand: `C[G>T]T`. The standard order is by substitution (C>A, C>G, C>T, T>A, T>C, T>G), then by
//! the base before, then by the base after (Alexandrov et al. 2013, doi:10.1038/nature12477).
//!
//! Spellings: `A[C>A]G`; `ACG>AAG`, `ACG>A`; `C>A ACG`, `C>A:ACG` and `ACG C>A` with anything between them; `C>A A.G`; `CA A.G`;
//! `A.C.A.G`, which is how R spells `A[C>A]G` where brackets are not allowed. In capitals or not.

/// How many classes there are.
pub const CLASSES: usize = 96;

const KINDS: [(u8, u8); 6] =
    [(b'C', b'A'), (b'C', b'G'), (b'C', b'T'), (b'T', b'A'), (b'T', b'C'), (b'T', b'G')];
const BASES: [u8; 4] = *b"ACGT";

/// A class that was read from a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct Class {
    /// Its place in the standard order.
    pub place: usize,
    /// Whether the name is that of the other strand.
    pub other_strand: bool,
}

/// The class of a name, if it is one of the 96.
pub fn class_of(name: &str) -> Option<Class> {
    let (words, arrow) = words(name)?;
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let (before, from, to, after) = match (words.as_slice(), arrow) {
        (&[&[from], &[to], &[before], &[after]], Some(1)) => (before, from, to, after),
        (&[&[before], &[after], &[from], &[to]], Some(3)) => (before, from, to, after),
        (&[&[before], &[from], &[to], &[after]], Some(2) | None) => (before, from, to, after),
        (&[&[before, from, after], &[first, to, last]], _) if (first, last) == (before, after) => {
            (before, from, to, after)
        }
        (&[&[before, from, after], &[to]], Some(1)) => (before, from, to, after),
        (&[&[from], &[to], &[before, middle, after]], Some(1) | None) if middle == from => {
            (before, from, to, after)
        }
        (&[&[before, middle, after], &[from], &[to]], Some(2) | None) if middle == from => {
            (before, from, to, after)
        }
        (&[&[from, to], &[before], &[after]], None) => (before, from, to, after),
        _ => return None,
    };
    let other_strand = matches!(from, b'A' | b'G');
    let (before, from, to, after) = if other_strand {
        (opposite(after), opposite(from), opposite(to), opposite(before))
    } else {
        (before, from, to, after)
    };
    let kind = KINDS.iter().position(|&kind| kind == (from, to))?;
    let base = |wanted: u8| BASES.iter().position(|&base| base == wanted);
    Some(Class { place: 16 * kind + 4 * base(before)? + base(after)?, other_strand })
}

/// The letters of a name in capitals, and which word an arrow stands before; nothing of a name with other letters.
fn words(name: &str) -> Option<(Vec<String>, Option<usize>)> {
    let (mut words, mut arrow, mut inside) = (Vec::<String>::new(), None, false);
    for c in name.chars() {
        match c {
            c if c.is_ascii_alphabetic() => {
                if !inside {
                    words.push(String::new());
                }
                words.last_mut()?.push(c.to_ascii_uppercase());
            }
            '>' => arrow = Some(words.len()),
            c if c.is_alphanumeric() => return None,
            _ => {}
        }
        inside = c.is_ascii_alphabetic();
        if words.len() > 4 {
            return None;
        }
    }
    Some((words, arrow))
}

/// What a base is paired with.
fn opposite(base: u8) -> u8 {
    match base {
        b'A' => b'T',
        b'C' => b'G',
        b'G' => b'C',
        b'T' => b'A',
        other => other,
    }
}

/// The names of the 96 classes in the standard order, `A[C>A]A` to `T[T>G]T`.
pub fn standard_classes() -> Vec<String> {
    let mut names = Vec::with_capacity(CLASSES);
    for (from, to) in KINDS.map(|(from, to)| (char::from(from), char::from(to))) {
        for before in BASES.map(char::from) {
            names.extend(BASES.map(|after| format!("{before}[{from}>{to}]{}", char::from(after))));
        }
    }
    names
}

/// What kind of classes a table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClassKind {
    /// The 96 single-base substitutions.
    Sbs96,
    /// 78 substitutions of two neighbours.
    Dbs78,
    /// 83 insertions and deletions.
    Id83,
    /// 1536 single-base substitutions, with two neighbours on each side.
    Sbs1536,
    /// Others, or without names.
    Other,
}

impl ClassKind {
    /// Of these names; those that lack or repeat some of the 96 are of none of the kinds.
    pub fn of(names: Option<&[String]>) -> ClassKind {
        let names = names.unwrap_or_default();
        let all = |is: &dyn Fn(&str) -> bool| names.iter().all(|name| is(name));
        let lengths = |name: &str, wanted: &[usize]| {
            words(name).is_some_and(|(words, _)| words.iter().map(String::len).eq(wanted.iter().copied()))
        };
        let lower = |name: &str| name.to_ascii_lowercase();
        match names.len() {
            CLASSES if order_of(names).is_ok() => ClassKind::Sbs96,
            78 if all(&|name| lengths(name, &[2, 2])) => ClassKind::Dbs78,
            83 if all(&|name| lower(name).contains("del") || lower(name).contains("ins")) => ClassKind::Id83,
            1536 if all(&|name| lengths(name, &[2, 1, 1, 2])) => ClassKind::Sbs1536,
            _ => ClassKind::Other,
        }
    }

    /// What names of signatures begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            ClassKind::Sbs96 => "SBS96",
            ClassKind::Dbs78 => "DBS78",
            ClassKind::Id83 => "ID83",
            ClassKind::Sbs1536 => "SBS1536",
            ClassKind::Other => "S",
        }
    }

    /// Names of signatures without a name: `SBS96A`, `SBS96B`, and after Z `SBS96AA`.
    pub fn signature_names(self, count: usize) -> Vec<String> {
        let letter = |at: usize| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ".get(at).copied().unwrap_or(b'?'));
        let letters = |mut at: usize| {
            let mut text = vec![letter(at % 26)];
            while at >= 26 {
                at = at / 26 - 1;
                text.insert(0, letter(at % 26));
            }
            text.into_iter().collect::<String>()
        };
        (0..count).map(|at| format!("{}{}", self.prefix(), letters(at))).collect()
    }
}

/// What keeps names from being the 96 classes, once each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs)]
pub struct NotTheClasses {
    /// Classes that have no name, as the standard spells them.
    pub missing: Vec<String>,
    /// Names of a class that an earlier name has.
    pub repeated: Vec<String>,
    /// Names of no class.
    pub unknown: Vec<String>,
}

/// Where each of the 96 classes is among names, in the standard order.
///
/// # Errors
/// What is missing, there more than once, or none of them.
pub fn order_of(names: &[String]) -> Result<Vec<usize>, NotTheClasses> {
    let mut places = vec![None; CLASSES];
    let mut wrong = NotTheClasses::default();
    for (at, name) in names.iter().enumerate() {
        match class_of(name).and_then(|class| places.get_mut(class.place)) {
            None => wrong.unknown.push(name.clone()),
            Some(place) if place.is_some() => wrong.repeated.push(name.clone()),
            Some(place) => *place = Some(at),
        }
    }
    let standard = standard_classes();
    let missing = standard.iter().zip(&places).filter(|(_, place)| place.is_none());
    wrong.missing = missing.map(|(name, _)| name.clone()).collect();
    if wrong == NotTheClasses::default() { Ok(places.into_iter().flatten().collect()) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_are_the_same_class() {
        let standard = standard_classes();
        assert_eq!((standard.len(), standard[0].as_str(), standard[95].as_str()), (96, "A[C>A]A", "T[T>G]T"));
        for (place, name) in standard.iter().enumerate() {
            let [before, from, to, after] = [0, 2, 4, 6].map(|at| &name[at..=at]);
            let context = format!("{before}{from}{after}");
            for spelled in [
                name.clone(),
                name.to_lowercase(),
                format!("{context}>{before}{to}{after}"),
                format!("{context}>{to}"),
                format!("{from}>{to} {context}"),
                format!("{from}>{to}@{context}"),
                format!("{context}, {from}>{to}"),
                format!("{from}>{to}:{before}.{after}"),
                format!("{before}_{after} {from}>{to}"),
                format!("{from}{to} {before}.{after}"),
                format!("{before}.{from}.{to}.{after}"),
            ] {
                assert_eq!(class_of(&spelled), Some(Class { place, other_strand: false }), "{spelled}");
            }
        }
    }

    #[test]
    fn the_other_strand_is_turned() {
        let same = |a: &str, b: &str| {
            let (a, b) = (class_of(a).unwrap(), class_of(b).unwrap());
            assert!(a.place == b.place && a.other_strand != b.other_strand);
        };
        same("C[G>T]T", "A[C>A]G");
        same("A[A>G]C", "G[T>C]T");
        same("G>C TGA", "C>G TCA");
    }

    #[test]
    fn what_is_no_class_is_none() {
        for name in [
            "",
            "A",
            "ACA",
            "A[C>C]A",
            "A[C>N]A",
            "N[C>A]A",
            "AC>CA",
            "T:A[C>A]A",
            "AA[C>A]AA",
            "1:Del:C:0",
            "C>A AGA",
            "ACA>CAA",
            "A[C>A]",
            "A[C>A]A1",
            "Total",
            "Ä[C>A]A",
            "C.A.A.A.A",
        ] {
            assert_eq!(class_of(name), None, "{name}");
        }
    }

    #[test]
    fn names_are_ordered_or_told_why_not() {
        let mut names = standard_classes();
        names.reverse();
        assert_eq!(order_of(&names), Ok((0..96).rev().collect()));
        assert_eq!(ClassKind::of(Some(&names)), ClassKind::Sbs96);
        names[0] = "Total".into();
        names[1] = "aca>aaa".into();
        let wrong = order_of(&names).unwrap_err();
        assert_eq!(wrong.missing, ["T[T>G]G", "T[T>G]T"]);
        // The one that comes second is the repeated one.
        assert_eq!(wrong.repeated, ["A[C>A]A"]);
        assert_eq!(wrong.unknown, ["Total"]);
        assert_eq!(ClassKind::of(Some(&names)), ClassKind::Other);
    }

    #[test]
    fn signatures_are_named_like_columns_of_a_sheet() {
        let names = ClassKind::Sbs96.signature_names(54);
        assert_eq!(
            [0, 25, 26, 51, 52].map(|at| names[at].as_str()),
            ["SBS96A", "SBS96Z", "SBS96AA", "SBS96AZ", "SBS96BA"]
        );
        let doublets: Vec<String> = (0..78).map(|_| "AC>GT".to_string()).collect();
        assert_eq!(ClassKind::of(Some(&doublets)).prefix(), "DBS78");
    }
}
