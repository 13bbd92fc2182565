//! Pictures as they are read: their pixels one after another, and what is to be said of them.

use super::decode::{self, Picture};
use super::resize::resized;
use super::stack::{self, Stack};
use super::{Frame, GREY, Item, Kind, PictureOptions, Pictures, Source, foreign, open, whole};
use crate::budget::Budget;
use crate::error::{Error, ErrorKind, Place, Result, count, path_name, quoted};
use crate::input::Input;
use partwise::data::Dense;
use std::path::{Path, PathBuf};

/// What was gathered so far.
pub(super) struct Gathered<'o> {
    options: &'o PictureOptions,
    budget: Budget,
    values: Vec<f32>,
    /// The size of pictures, and what has it.
    frame: Option<(Frame, String)>,
    names: Vec<String>,
    /// Whether all names are numbers of an array.
    numbered: bool,
    flat: bool,
    /// Files that are still to be read of this folder, this one too.
    pub(super) to_come: usize,
    seen: Seen,
    pub(super) notes: Vec<String>,
}

/// What pictures were like.
#[derive(Default)]
struct Seen {
    kinds: Vec<&'static str>,
    types: Vec<&'static str>,
    /// What became of the numbers in the files.
    scales: Vec<String>,
    colour: u64,
    transparent: u64,
    more: u64,
    resized: u64,
    bad: u64,
    first_bad: String,
    /// Sizes that were left out, and how many pictures have each.
    others: Vec<(Frame, u64)>,
    first_other: String,
}

impl Seen {
    fn other_size(&mut self, frame: Frame, at: &Place) {
        if self.others.is_empty() {
            self.first_other = at.to_string();
        }
        match self.others.iter_mut().find(|(known, _)| *known == frame) {
            Some((_, count)) => *count += 1,
            None => self.others.push((frame, 1)),
        }
    }

    /// `3 pictures left out that have another size: 2 of 32x32, 1 of 40x30; the first is 'a.png'`
    fn other_sizes(&self) -> Option<String> {
        const MOST: usize = 8;
        let mut others = self.others.clone();
        others.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let all: u64 = others.iter().map(|(_, count)| count).sum();
        let mut sizes: Vec<String> =
            others.iter().take(MOST).map(|(frame, count)| format!("{count} of {frame}")).collect();
        let rest: u64 = others.iter().skip(MOST).map(|(_, count)| count).sum();
        if rest > 0 {
            sizes.push(format!("{rest} of more sizes"));
        }
        let have = if all == 1 { "that has another size" } else { "that have another size" };
        (all > 0).then(|| {
            format!(
                "{} left out {have}: {}; the first is {}",
                count(all, "picture"),
                sizes.join(", "),
                self.first_other
            )
        })
    }
}

fn once<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

impl<'o> Gathered<'o> {
    pub(super) fn new(options: &'o PictureOptions, budget: Budget) -> Gathered<'o> {
        Gathered {
            options,
            budget,
            values: Vec::new(),
            frame: None,
            names: Vec::new(),
            numbered: true,
            flat: false,
            to_come: 0,
            seen: Seen::default(),
            notes: Vec::new(),
        }
    }

    /// Reads a file: a picture, or an array of them where the file was named and not found in a folder.
    pub(super) fn file(&mut self, input: Input<'_>, name: String, found: bool) -> Result<()> {
        let at = Place::of(input.name());
        match self.one(input, &at, &name, found) {
            Err(error) if self.options.skip_bad && found && is_bad(&error) => {
                if self.seen.bad == 0 {
                    self.seen.first_bad = error.to_string();
                }
                self.seen.bad += 1;
                Ok(())
            }
            done => done,
        }
    }

    fn one(&mut self, input: Input<'_>, at: &Place, name: &str, found: bool) -> Result<()> {
        let Source { kind, mut bytes, size, notes, head } = open(input, at)?;
        let mut budget = self.budget.aside(at.clone());
        match kind {
            Some(Kind::One(codec)) => {
                let data = whole(&mut bytes, at, &mut budget)?;
                // By the header: what is of no use is not decoded.
                let (frame, least) = decode::size(codec, &data, at, &budget)?;
                if self.options.skip_bad && found && !self.is_wanted(frame) {
                    self.seen.other_size(frame, at);
                    return Ok(());
                }
                self.fits(frame, at)?;
                fits_into(&budget, least, frame, at)?;
                let picture = decode::decode(codec, &data, at, &mut budget)?;
                drop(data);
                self.picture(picture, at, name, &mut budget)?;
            }
            Some(Kind::Npy) if !found => {
                let stack = stack::npy(bytes, size, at, self.options, &mut budget)?;
                self.stack(stack, at, name)?;
            }
            Some(Kind::Idx) if !found => {
                let stack = stack::idx(bytes, size, at, self.options, &mut budget)?;
                self.stack(stack, at, name)?;
            }
            _ => return Err(foreign(at, &head, found)),
        }
        if let Some(kind) = kind {
            once(&mut self.seen.kinds, kind.name());
        }
        if !found {
            self.notes.extend(notes);
        }
        Ok(())
    }

    /// The size that pictures have to have, if that is known by now.
    fn wanted(&self) -> Option<Frame> {
        self.options.size.or(self.frame.as_ref().map(|(frame, _)| *frame))
    }

    /// Whether a picture of that size can be taken.
    fn is_wanted(&self, frame: Frame) -> bool {
        self.options.resize || self.wanted().is_none_or(|wanted| wanted == frame)
    }

    /// The size that a picture becomes; refuses one that is not that of the others.
    fn fits(&self, frame: Frame, at: &Place) -> Result<Frame> {
        if self.is_wanted(frame) {
            return Ok(self.wanted().unwrap_or(frame));
        }
        let needs = match (&self.frame, self.options.size) {
            (Some((wanted, first)), None) => format!(
                "{} is {wanted}, and all pictures have one size; leave one out, or give `size` HxW to resize them",
                quoted(first)
            ),
            (_, wanted) => format!("the pictures of the fit are {}", wanted.unwrap_or(frame)),
        };
        Err(Error::Shape { at: at.clone(), shape: frame.to_string(), needs })
    }

    /// The same for one that is taken: it says what the others have to be.
    fn takes(&mut self, frame: Frame, at: &Place, name: &str) -> Result<Frame> {
        let wanted = self.fits(frame, at)?;
        self.frame.get_or_insert_with(|| (wanted, name.to_string()));
        Ok(wanted)
    }

    /// Where pictures of other sizes are left out, those of the most frequent size are taken; of equals, that of the first. A
    /// size that no undamaged picture has is none.
    pub(super) fn choose_size(&mut self, items: &[Item]) {
        if !self.options.skip_bad || self.options.size.is_some() {
            return;
        }
        let mut sizes: Vec<(Frame, Vec<&(String, PathBuf)>)> = Vec::new();
        for item in items {
            let Item::Folder(listed) = item else { return };
            for picture in &listed.pictures {
                let Ok(frame) = self.look(&picture.1, false) else { continue };
                match sizes.iter_mut().find(|(known, _)| *known == frame) {
                    Some((_, all)) => all.push(picture),
                    None => sizes.push((frame, vec![picture])),
                }
            }
        }
        sizes.sort_by_key(|(_, all)| std::cmp::Reverse(all.len()));
        let whole = |all: &[&(String, PathBuf)]| {
            all.iter().find(|(_, path)| self.look(path, true).is_ok()).map(|(name, _)| name.clone())
        };
        self.frame = sizes.iter().find_map(|(frame, all)| Some((*frame, whole(all)?)));
    }

    /// The size of a picture by its header, or by what can be decoded.
    fn look(&self, path: &Path, whole_of_it: bool) -> Result<Frame> {
        let at = Place::of(path_name(path));
        let Source { kind, mut bytes, head, .. } = open(Input::path(path), &at)?;
        let Some(Kind::One(codec)) = kind else { return Err(foreign(&at, &head, true)) };
        let mut budget = self.budget.aside(at.clone());
        let data = whole(&mut bytes, &at, &mut budget)?;
        let (frame, least) = decode::size(codec, &data, &at, &budget)?;
        if whole_of_it {
            fits_into(&budget, least, frame, &at)?;
            decode::decode(codec, &data, &at, &mut budget)?;
        }
        Ok(frame)
    }

    fn picture(&mut self, picture: Picture, at: &Place, name: &str, budget: &mut Budget) -> Result<()> {
        let Picture { frame, values, deep, colour, transparent, more } = picture;
        let frame_now = self.takes(frame, at, name)?;
        let pixels = frame_now.pixels().unwrap_or(u64::MAX);
        // Room for all that are to come: what does not fit is found out now, and not after hours.
        let count = usize::try_from(pixels.saturating_mul(self.to_come as u64)).unwrap_or(usize::MAX);
        self.budget.grow(&mut self.values, count)?;
        self.put(&values, frame, frame_now, budget)?;
        self.names.push(name.to_string());
        self.numbered = false;
        once(&mut self.seen.types, if deep { "uint16" } else { "uint8" });
        once(&mut self.seen.scales, "black to white as 0 to 1".into());
        self.seen.colour += u64::from(colour);
        self.seen.transparent += u64::from(transparent);
        self.seen.more += u64::from(more);
        Ok(())
    }

    /// Appends a picture in its size and order of pixels; room has been made.
    fn put(&mut self, values: &[f32], from: Frame, to: Frame, budget: &mut Budget) -> Result<()> {
        let other = if from == to { None } else { Some(resized(values, from, to, budget)?) };
        self.seen.resized += u64::from(other.is_some());
        let values = other.as_deref().unwrap_or(values);
        if self.options.by_columns {
            let pixel = |at: usize| values.get(at).copied().unwrap_or_default();
            let order = (0..to.width).flat_map(|x| (0..to.height).map(move |y| y * to.width + x));
            self.values.extend(order.map(pixel));
        } else {
            self.values.extend_from_slice(values);
        }
        Ok(())
    }

    fn stack(&mut self, stack: Stack, at: &Place, name: &str) -> Result<()> {
        let Stack { count, frame, values, flat, colour, stored_as, most, note } = stack;
        let to = self.takes(frame, at, name)?;
        let as_it_is = flat || (frame == to && !self.options.by_columns);
        let taken = size_of::<f32>() as u64 * values.capacity() as u64;
        self.budget.charge(taken)?;
        if as_it_is && self.values.is_empty() {
            self.values = values;
        } else {
            let more = (count as u64).saturating_mul(to.pixels().unwrap_or(u64::MAX));
            self.budget.grow(&mut self.values, usize::try_from(more).unwrap_or(usize::MAX))?;
            if as_it_is {
                self.values.extend(values);
            } else {
                let pixels = usize::try_from(frame.pixels().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
                for picture in values.chunks_exact(pixels.max(1)) {
                    let mut budget = self.budget.aside(at.clone());
                    self.put(picture, frame, to, &mut budget)?;
                }
            }
            self.budget.release(taken);
        }
        let bytes = (name.len() + 12 + size_of::<String>()) as u64;
        self.budget.charge(bytes.saturating_mul(count as u64))?;
        self.names.extend((0..count).map(|i| format!("{name}[{i}]")));
        self.flat |= flat;
        once(&mut self.seen.types, stored_as);
        let scale = if most == 1.0 { "as they are".into() } else { format!("0 to {most} as 0 to 1") };
        once(&mut self.seen.scales, scale);
        self.seen.colour += if colour { count as u64 } else { 0 };
        self.notes.extend(note);
        Ok(())
    }

    pub(super) fn finish(mut self, single: bool) -> Result<Pictures> {
        let at = self.budget.place();
        let Some((frame, _)) = self.frame.take().filter(|_| !self.names.is_empty()) else {
            let problem = format!("none of its pictures can be read; the first: {}", self.seen.first_bad);
            return Err(Error::Data { at, problem, instead: String::new() });
        };
        let mut sorted: Vec<&String> = self.names.iter().collect();
        sorted.sort_unstable();
        let twice = sorted.iter().zip(sorted.iter().skip(1)).find(|(a, b)| a == b);
        if let Some((twice, _)) = twice {
            return Err(Error::Data {
                at,
                problem: format!("{} is there twice", quoted(twice)),
                instead: "name every picture once".into(),
            });
        }
        if self.options.invert {
            let outside = self.values.iter().position(|x| !(0.0..=1.0).contains(x) && !x.is_nan());
            if let Some(at_value) = outside {
                let pixels = frame.pixels().unwrap_or(1).max(1) as usize;
                let name = self.names.get(at_value / pixels).cloned().unwrap_or_default();
                let value = self.values.get(at_value).copied().unwrap_or_default();
                return Err(Error::Data {
                    at: Place::of(name),
                    problem: format!(
                        "the value {value} is not between 0 and 1, so that `invert` has no meaning"
                    ),
                    instead: "save it as uint8, or scale it to 0..1".into(),
                });
            }
            self.values.iter_mut().for_each(|x| *x = 1.0 - *x);
        }
        let notes = self.told(frame);
        let rows = self.names.len();
        let cols = usize::try_from(frame.pixels().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let dense = Dense::from_vec(rows, cols, self.values).map_err(|error| Error::Data {
            at,
            problem: error.to_string(),
            instead: String::new(),
        })?;
        Ok(Pictures {
            matrix: dense.into(),
            names: (!(single && self.numbered)).then_some(self.names),
            frame,
            format: self.seen.kinds.join(", "),
            stored_as: self.seen.types.join(", "),
            flat: self.flat,
            notes,
        })
    }

    /// What was found and done.
    fn told(&self, frame: Frame) -> Vec<String> {
        let seen = &self.seen;
        let mut notes = vec![format!(
            "{} of {} x {} pixels, values {}{}",
            count(self.names.len() as u64, "picture"),
            frame.height,
            frame.width,
            seen.scales.join(", or "),
            if self.options.invert { ", inverted: 1 is black" } else { "" }
        )];
        let pictures = |n: u64| count(n, "picture");
        if seen.colour > 0 {
            notes.push(format!("{} in colour, turned to grey: {GREY}", pictures(seen.colour)));
        }
        if seen.transparent > 0 {
            notes.push(format!("{} with transparent pixels, seen on white", pictures(seen.transparent)));
        }
        if seen.more > 0 {
            let files = count(seen.more, "file");
            notes.push(format!("{files} with more than one picture: the first is taken"));
        }
        if seen.resized > 0 {
            notes.push(format!("{} resized: a pixel is the mean of its area", pictures(seen.resized)));
        }
        if seen.bad > 0 {
            notes.push(format!(
                "{} left out that cannot be read; {}",
                count(seen.bad, "file"),
                seen.first_bad
            ));
        }
        notes.extend(seen.other_sizes());
        notes.extend(self.notes.iter().cloned());
        notes
    }
}

/// Refuses a picture that is too large for the memory there is.
fn fits_into(budget: &Budget, least: u64, frame: Frame, at: &Place) -> Result<()> {
    let Frame { height, width } = frame;
    budget.excess(least).map_or(Ok(()), |(needed, limit)| {
        Err(Error::Pixels { at: at.clone(), height, width, needed, limit: Some(limit) })
    })
}

/// Whether it is the file that is wrong, and not the system or the whole.
fn is_bad(error: &Error) -> bool {
    error.kind() == ErrorKind::Data && !matches!(error, Error::Shape { .. })
}
