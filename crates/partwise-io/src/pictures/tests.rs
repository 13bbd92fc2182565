use super::*;
use crate::error::ErrorKind;
use crate::testing::{self, f64s, gzipped, npy};
use std::path::Path;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pictures")
}

fn read(paths: &[PathBuf], options: &PictureOptions) -> Result<Pictures> {
    find(paths, options.memory_limit)?.read(options)
}

fn options(change: impl Fn(&mut PictureOptions)) -> PictureOptions {
    let mut options = PictureOptions { memory_limit: 1 << 26, ..PictureOptions::default() };
    change(&mut options);
    options
}

fn size(height: usize, width: usize) -> Option<Frame> {
    Some(Frame { height, width })
}

/// The values of every picture.
fn rows(pictures: &Pictures) -> Vec<Vec<f32>> {
    let n = pictures.matrix.cols();
    pictures.matrix.to_row_major().chunks(n).map(<[f32]>::to_vec).collect()
}

/// The outcome for one file under this name.
fn one(name: &str, bytes: &[u8], options: &PictureOptions) -> Result<Pictures> {
    let folder = testing::Folder::new();
    read(&[folder.file(name, bytes)], options)
}

fn refusal(name: &str, bytes: &[u8], options: &PictureOptions) -> String {
    match one(name, bytes, options) {
        Ok(pictures) => panic!("{name} was read: {pictures:?}"),
        Err(error) => error.to_string(),
    }
}

/// A PNG of 8 bits.
fn png_of(width: u32, height: u32, colour: png::ColorType, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(data).unwrap();
    out
}

fn grey_png(width: u32, height: u32) -> Vec<u8> {
    let data: Vec<u8> = (0..width * height).map(|i| (i * 7) as u8).collect();
    png_of(width, height, png::ColorType::Grayscale, &data)
}

/// Every picture of another program has the grey values that it has there: exact where nothing is lost, to one of 255 steps
/// where Pillow rounds grey, and to three where decoders may round as they like.
#[test]
fn pictures_are_those_of_pillow() {
    let known = std::fs::read_to_string(data().join("grey.json")).unwrap();
    let known: serde_json::Value = serde_json::from_str(&known).unwrap();
    let pictures = read(&[data()], &options(|_| {})).unwrap();
    let names = pictures.names.clone().unwrap();
    assert_eq!(names.len(), known.as_object().unwrap().len());
    for (name, row) in names.iter().zip(rows(&pictures)) {
        let tolerance = match name.as_str() {
            "grey.png" | "deep.png" | "bits.png" | "bits.pbm" | "grey.pgm" | "animated.png" => 1e-6,
            // Pillow rounds grey to whole steps.
            _ if !name.ends_with(".jpg") => 1.1 / 255.0,
            _ => 3.0 / 255.0,
        };
        let theirs = known[name].as_array().unwrap().iter().flat_map(|row| row.as_array().unwrap());
        let mut count = 0;
        for (ours, theirs) in row.iter().zip(theirs) {
            let theirs = theirs.as_f64().unwrap() as f32;
            assert!((ours - theirs).abs() < tolerance, "{name}, pixel {count}: {ours} is not {theirs}");
            count += 1;
        }
        assert_eq!(count, 120);
    }
    assert_eq!((pictures.frame, pictures.flat), (Frame { height: 12, width: 10 }, false));
    assert_eq!((pictures.format.as_str(), pictures.stored_as.as_str()), ("png, pnm, jpeg", "uint8, uint16"));
    let notes = pictures.notes.join("\n");
    for words in [
        "14 pictures of 12 x 10 pixels, values black to white as 0 to 1",
        "7 pictures in colour, turned to grey: 0.299 R + 0.587 G + 0.114 B",
        "1 picture with transparent pixels, seen on white",
        "1 file with more than one picture: the first is taken",
        "3 other files left out: the first is 'README.md'",
    ] {
        assert!(notes.contains(words), "{words}: {notes}");
    }
}

#[test]
fn pixels_are_taken_in_the_order_that_is_asked_for() {
    let grey = png_of(2, 2, png::ColorType::Grayscale, &[0, 51, 102, 255]);
    let plain = one("a.png", &grey, &options(|_| {})).unwrap();
    assert_eq!(rows(&plain), [[0.0, 0.2, 0.4, 1.0]]);
    assert_eq!(plain.names, Some(vec!["a.png".to_string()]));
    let turned = one("a.png", &grey, &options(|o| o.by_columns = true)).unwrap();
    assert_eq!(rows(&turned), [[0.0, 0.4, 0.2, 1.0]]);
    let dark = one("a.png", &grey, &options(|o| o.invert = true)).unwrap();
    assert_eq!(rows(&dark), [[1.0, 0.8, 0.6, 0.0]]);
    let small = one("a.png", &grey, &options(|o| (o.size, o.resize) = (size(1, 2), true))).unwrap();
    assert_eq!(rows(&small), [[0.2, 0.6]]);
}

#[test]
fn sizes_differ_only_with_a_word_for_it() {
    let folder = testing::Folder::new();
    folder.file("a.png", &grey_png(3, 2));
    folder.file("b.png", &grey_png(2, 3));
    let error = read(&[folder.join("")], &options(|_| {})).unwrap_err().to_string();
    assert!(error.contains("b.png' has shape 3x2: 'a.png' is 2x3") && error.contains("`size`"), "{error}");
    // That of a model is not to be changed.
    let error = read(&[folder.join("")], &options(|o| o.size = size(2, 3))).unwrap_err().to_string();
    assert!(error.contains("b.png' has shape 3x2: the pictures of the fit are 2x3"), "{error}");
    let same = read(&[folder.join("")], &options(|o| (o.size, o.resize) = (size(2, 2), true))).unwrap();
    assert_eq!((same.matrix.rows(), same.matrix.cols()), (2, 4));
    assert!(same.notes.iter().any(|note| note.starts_with("2 pictures resized")), "{:?}", same.notes);
}

#[test]
fn folders_are_searched_in_order_and_what_is_left_out_is_told() {
    let folder = testing::Folder::new();
    let png = grey_png(2, 2);
    for sub in ["b/deep", ".git", "results"] {
        std::fs::create_dir_all(folder.join(sub)).unwrap();
    }
    for name in ["z.PNG", "b/deep/2.png", "b/1.jpg", "a\nb.png", ".git/x.png", "._a.png", "results/parts.png"]
    {
        folder.file(name, &png);
    }
    folder.file("results/run.json", b"{}");
    folder.file("notes.txt", b"x");
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.join(""), folder.join("b/circle")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.join("nowhere"), folder.join("dead.png")).unwrap();
    let pictures = read(&[folder.join("")], &options(|_| {})).unwrap();
    assert_eq!(pictures.names.as_deref().unwrap(), ["a\nb.png", "b/1.jpg", "b/deep/2.png", "z.PNG"]);
    let notes = pictures.notes.join("\n");
    assert!(notes.contains("2 hidden entries left out: the first is '._a.png'"), "{notes}");
    assert!(notes.contains("1 result folder left out: 'results'"), "{notes}");
    #[cfg(unix)]
    assert!(
        notes.contains("1 linked folder left out: 'b/circle'") && notes.contains("2 other files"),
        "{notes}"
    );
    // Names of several folders say where they are from.
    let both = read(&[folder.join("b"), folder.join("z.PNG")], &options(|_| {})).unwrap();
    assert!(both.names.unwrap().iter().all(|name| name.starts_with(folder.join("").to_str().unwrap())));
    let twice = read(&[folder.join("z.PNG"), folder.join("z.PNG")], &options(|_| {})).unwrap_err();
    assert!(twice.to_string().contains("is there twice"), "{twice}");
    let none = read(&[folder.join(".git")], &options(|_| {})).unwrap();
    assert_eq!(none.matrix.rows(), 1, "a hidden folder that is named is read");
    std::fs::create_dir(folder.join("empty")).unwrap();
    let error = read(&[folder.join("empty")], &options(|_| {})).unwrap_err().to_string();
    assert!(error.contains("no picture") && error.contains(".png"), "{error}");
}

#[test]
fn damaged_pictures_are_refused_by_name_or_left_out_on_demand() {
    let (good, jpeg) = (grey_png(40, 40), std::fs::read(data().join("colour.jpg")).unwrap());
    let progressive = std::fs::read(data().join("progressive.jpg")).unwrap();
    let cut = |bytes: &[u8], share: usize| bytes[..bytes.len() * share / 8].to_vec();
    let mut flipped = good.clone();
    *flipped.iter_mut().nth_back(20).unwrap() ^= 0x10;
    let mut headless = good.clone();
    headless[23] = 0;
    for (name, bytes) in [
        ("empty.png", Vec::new()),
        ("cut.png", cut(&good, 6)),
        ("magic.png", cut(&good, 0)),
        ("flipped.png", flipped),
        ("zero.png", headless),
        ("cut.jpg", cut(&jpeg, 7)),
        ("cut-header.jpg", cut(&jpeg, 2)),
        ("cut-scan.jpg", cut(&progressive, 5)),
        ("soi.jpg", b"\xff\xd8\xff".to_vec()),
        ("text.png", b"not a picture at all".to_vec()),
        ("gif.png", b"GIF89a\x01\0\x01\0".to_vec()),
        ("stack.png", npy("|u1", false, "(1, 1, 1)", &[0])),
        ("cut.pgm", b"P5 4 4 255 1234".to_vec()),
        ("none.pgm", b"P5".to_vec()),
        ("zero.pgm", b"P5 0 4 255 ".to_vec()),
        ("max.pgm", b"P5 1 1 70000 x".to_vec()),
        ("max0.pgm", b"P5 1 1 0 x".to_vec()),
        ("above.pgm", b"P5 1 1 9 x".to_vec()),
        ("words.pgm", b"P2 1 1 9 x".to_vec()),
        ("large.pgm", b"P2 1 1 9 10".to_vec()),
        ("minus.pgm", b"P2 -1 1 9 10".to_vec()),
        ("huge.pgm", b"P5 99999999999999999999 1 255 x".to_vec()),
    ] {
        let folder = testing::Folder::new();
        folder.file(name, &bytes);
        let error = read(&[folder.join("")], &options(|_| {})).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Data, "{name}: {error}");
        assert!(error.to_string().contains(name), "{name}: {error}");
        let skip = options(|o| o.skip_bad = true);
        let error = read(&[folder.join("")], &skip).unwrap_err().to_string();
        assert!(error.contains("none of its pictures can be read") && error.contains(name), "{error}");
        folder.file("y.png", &grey_png(1, 1));
        let pictures = read(&[folder.join("")], &skip).unwrap();
        assert_eq!(pictures.names.unwrap(), ["y.png"]);
        // The size of some can be read still, and is another.
        let told = ["1 file left out that cannot be read", "1 picture left out that has another size"];
        let is_told = |note: &String| told.iter().any(|start| note.starts_with(start)) && note.contains(name);
        assert!(pictures.notes.iter().any(is_told), "{:?}", pictures.notes);
    }
}

/// The size that most have is taken, wherever the odd one stands.
#[test]
fn pictures_of_other_sizes_are_left_out_on_demand() {
    let folder = testing::Folder::new();
    folder.file("a.png", &grey_png(5, 5));
    (0..3).for_each(|i| drop(folder.file(&format!("b{i}.png"), &grey_png(3, 2))));
    folder.file("c.png", &grey_png(5, 5));
    folder.file("d.pgm", b"P5 1 2 255 ab");
    folder.file("e.jpg", b"\xff\xd8\xff");
    let pictures = read(&[folder.join("")], &options(|o| o.skip_bad = true)).unwrap();
    assert_eq!(pictures.names.unwrap(), ["b0.png", "b1.png", "b2.png"]);
    let notes = pictures.notes.join("\n");
    assert!(
        notes.contains("3 pictures left out that have another size: 2 of 5x5, 1 of 2x1; the first is"),
        "{notes}"
    );
    assert!(notes.contains("1 file left out that cannot be read"), "{notes}");
    // A damaged one of the right size is damaged, and sizes that only damaged ones have are none.
    let cut = grey_png(3, 2);
    folder.file("f.png", &cut[..cut.len() - 20]);
    let wide = grey_png(7, 7);
    (0..9).for_each(|i| drop(folder.file(&format!("w{i}.png"), &wide[..40])));
    let notes = read(&[folder.join("")], &options(|o| o.skip_bad = true)).unwrap().notes.join("\n");
    assert!(notes.contains("3 pictures of 2 x 3 pixels") && notes.contains("2 files left out"), "{notes}");
    assert!(notes.contains("12 pictures left out that have another size: 9 of 7x7"), "{notes}");
    // Those that are resized fit.
    let all = options(|o| (o.skip_bad, o.resize, o.size) = (true, true, size(2, 2)));
    assert_eq!(read(&[folder.join("")], &all).unwrap().matrix.rows(), 6);
}

/// What is refused, or left out, by its size is not decoded: a bomb takes no memory but its own bytes.
#[test]
fn sizes_are_looked_at_before_anything_is_decoded() {
    let folder = testing::Folder::new();
    // Its pixels are damaged, which only the decoder would see.
    let mut bomb = png_of(4000, 4000, png::ColorType::Grayscale, &vec![0; 16_000_000]);
    let middle = bomb.len() / 2;
    bomb[middle] ^= 0xff;
    folder.file("b.png", &bomb);
    let error = read(&[folder.join("")], &options(|_| {})).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Memory);
    let error = error.to_string();
    assert!(error.contains("b.png' has 4000 x 4000 pixels, and needs at least 80.0 MB"), "{error}");
    assert!(error.contains("a smaller picture"), "{error}");
    folder.file("a.png", &grey_png(3, 2));
    let error = read(&[folder.join("")], &options(|_| {})).unwrap_err().to_string();
    assert!(error.contains("b.png' has shape 4000x4000: 'a.png' is 2x3"), "{error}");
    let pictures = read(&[folder.join("")], &options(|o| o.skip_bad = true)).unwrap();
    assert_eq!(pictures.names.unwrap(), ["a.png"]);
}

/// A header that declares more than its bytes can hold is refused before there is memory for it, whatever the limit is.
#[test]
fn huge_headers_take_no_memory() {
    let mut png = grey_png(2, 2);
    png[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    // The checksum of the header has to fit.
    let crc = crc(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    let mut jpeg = std::fs::read(data().join("grey.jpg")).unwrap();
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    for limit in [1 << 26, u64::MAX] {
        let options = options(|o| o.memory_limit = limit);
        for (name, bytes) in [
            ("a.png", &png[..]),
            ("a.jpg", &jpeg),
            ("a.pgm", b"P5 100000 100000 255 xxx"),
            ("a.ppm", b"P3 100000 100000 255 1 2 3"),
            ("a.pbm", b"P4 4000000000 4000000000 1"),
            ("a.npy", &npy("|u1", false, "(100000, 1000, 1000)", &[0; 64])),
            ("a.idx", &[0, 0, 8, 3, 255, 255, 255, 255, 0, 0, 255, 255, 0, 0, 255, 255, 1, 2]),
        ] {
            let error = refusal(name, bytes, &options);
            assert!(error.contains("cut short") || error.contains("no machine"), "{name}: {error}");
        }
    }
    // What does hold as much is held against the limit.
    let zeros = png_of(4000, 4000, png::ColorType::Grayscale, &vec![0; 16_000_000]);
    let error = refusal("a.png", &zeros, &options(|_| {}));
    assert!(error.contains("needs at least") && zeros.len() < 100_000, "{error}");
    let limit = options(|o| o.memory_limit = 1 << 17);
    let error = refusal("a.npy", &npy("|u1", false, "(100, 40, 40)", &[0; 160_000]), &limit);
    assert!(error.contains("needs at least"), "{error}");
    // All that are to come are counted with the first.
    let folder = testing::Folder::new();
    (0..200).for_each(|i| drop(folder.file(&format!("{i}.png"), &grey_png(40, 40))));
    let error = read(&[folder.join("")], &options(|o| o.memory_limit = 1 << 20)).unwrap_err().to_string();
    assert!(error.contains("'") && error.contains("needs at least 1."), "{error}");
}

/// CRC-32, as PNG has it.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0xEDB8_8320 & (sum & 1).wrapping_neg()))
    })
}

#[test]
fn no_flipped_byte_makes_a_reader_panic() {
    for name in
        ["grey.png", "palette.png", "alpha.png", "colour.jpg", "progressive.jpg", "cmyk.jpg", "bits.pbm"]
    {
        let bytes = std::fs::read(data().join(name)).unwrap();
        let at = Place::of(name);
        for place in 0..bytes.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bad = bytes.clone();
                bad[place] ^= flip;
                let Some(Kind::One(codec)) = Kind::of(&bad) else { continue };
                let mut budget = Budget::new(1 << 26, at.clone());
                let _ = decode::decode(codec, &bad, &at, &mut budget);
            }
            let mut budget = Budget::new(1 << 26, at.clone());
            if let Some(Kind::One(codec)) = Kind::of(&bytes[..place]) {
                let _ = decode::decode(codec, &bytes[..place], &at, &mut budget);
            }
        }
    }
}

#[test]
fn text_and_bytes_of_pnm_are_the_same() {
    let of = |bytes: &[u8]| one("a.pnm", bytes, &options(|_| {})).unwrap();
    let text = of(b"P2\n# a comment\n3 2 # another\n10\n0 1 2\n8 9 10\n");
    let bytes = of(b"P5 3 2 10\n\x00\x01\x02\x08\x09\x0a");
    assert_eq!(rows(&text), rows(&bytes));
    assert_eq!(rows(&text)[0][4], 0.9);
    let deep = of(b"P5 2 1 1000\n\x03\xe8\x01\xf4");
    assert_eq!((rows(&deep), deep.stored_as.as_str()), (vec![vec![1.0, 0.5]], "uint16"));
    let colour = of(b"P3 1 1 255 255 0 0");
    assert_eq!(rows(&colour), rows(&of(b"P6 1 1 255 \xff\0\0")));
    assert_eq!(rows(&colour), [[0.299]]);
    // Bits are ink, and need no blanks between them.
    assert_eq!(rows(&of(b"P1 3 2 101 0 1 0")), [[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]]);
    assert_eq!(rows(&of(b"P4 3 2 \xa0\x40")), [[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]]);
    let two = of(b"P5 1 1 255\nxP5 1 1 255\nx");
    assert!(two.notes.iter().any(|note| note.contains("more than one picture")), "{:?}", two.notes);
}

/// Two pictures of 2 x 3 in every order and type.
#[test]
fn stacks_are_read_in_every_shape() {
    let values: Vec<u8> = (0..12).map(|i| i * 20).collect();
    let want: Vec<Vec<f32>> =
        values.chunks(6).map(|row| row.iter().map(|&x| f32::from(x) / 255.0).collect()).collect();
    let plain = options(|_| {});
    let sized = options(|o| o.size = size(2, 3));
    let turned = options(|o| (o.size, o.transpose) = (size(2, 3), true));
    // Element (n, y, x) of Fortran order is at n + 2 (y + 2 x).
    let mut fortran = vec![0; 12];
    (0..12).for_each(|e| fortran[e / 6 + 2 * (e % 6 / 3 + 2 * (e % 3))] = values[e]);
    let columns: Vec<u8> = (0..12).map(|e| values[e % 2 * 6 + e / 2]).collect();
    let mut idx = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3];
    idx.extend(&values);
    for (name, bytes, options) in [
        ("a.npy", npy("|u1", false, "(2, 2, 3)", &values), &plain),
        ("a.npy", npy("|u1", false, "(2, 2, 3, 1)", &values), &plain),
        ("a.npy", npy("|u1", true, "(2, 2, 3)", &fortran), &plain),
        ("a.npy", npy("|u1", false, "(2, 6)", &values), &sized),
        ("a.npy", npy("|u1", false, "(6, 2)", &columns), &turned),
        ("a.npy", npy("|u1", true, "(6, 2)", &values), &turned),
        ("a.npy.gz", gzipped(&npy("|u1", true, "(2, 2, 3)", &fortran)), &plain),
        ("a.idx", idx.clone(), &plain),
        ("train-images-idx3-ubyte.gz", gzipped(&idx), &plain),
    ] {
        let read = one(name, &bytes, options).unwrap();
        assert_eq!(rows(&read), want, "{name}");
        assert_eq!((read.frame, read.names.clone()), (Frame { height: 2, width: 3 }, None));
        assert!(
            read.notes[0].contains("2 pictures of 2 x 3 pixels, values 0 to 255 as 0 to 1"),
            "{:?}",
            read.notes
        );
    }
    // Floating-point numbers stay as they are; colours become grey.
    let floats = one("a.npy", &npy("<f8", false, "(1, 1, 2)", &f64s(&[0.5, 7.0])), &plain).unwrap();
    assert_eq!(rows(&floats), [[0.5, 7.0]]);
    let colours = one("a.npy", &npy("|u1", false, "(1, 1, 2, 3)", &[255, 0, 0, 0, 0, 255]), &plain).unwrap();
    assert_eq!(rows(&colours), [[0.299, 0.114]]);
    // A stack beside a picture has numbers for names, and pixels by columns where that is asked for.
    let folder = testing::Folder::new();
    let paths = [
        folder.file("s.npy", &npy("|u1", false, "(2, 2, 3)", &values)),
        folder.file("p.png", &grey_png(3, 2)),
    ];
    let both = read(&paths, &options(|o| o.by_columns = true)).unwrap();
    assert!(both.names.as_ref().unwrap()[1].ends_with("s.npy[1]"));
    assert_eq!(rows(&both)[0][..3], [want[0][0], want[0][3], want[0][1]]);
    let small = one("a.idx", &idx, &options(|o| (o.size, o.resize) = (size(1, 1), true))).unwrap();
    assert!((rows(&small)[0][0] - 50.0 / 255.0).abs() < 1e-6);
}

#[test]
fn stacks_that_are_none_are_refused_with_a_way_out() {
    let plain = options(|_| {});
    let sized = options(|o| o.size = size(2, 3));
    let labels = [0, 0, 8, 1, 0, 0, 0, 2, 7, 7];
    for (name, bytes, options, words) in [
        ("a.npy", npy("|u1", false, "(2, 6)", &[0; 12]), &plain, "give `size` HxW"),
        (
            "a.npy",
            npy("|u1", false, "(6, 2)", &[0; 12]),
            &sized,
            "its columns are pictures: give `transpose`",
        ),
        ("a.npy", npy("|u1", false, "(2, 5)", &[0; 10]), &sized, "5 numbers, and pictures of 2x3 pixels 6"),
        ("a.npy", npy("|u1", false, "(2, 3, 2, 2)", &[0; 24]), &plain, "transpose(0, 2, 3, 1)"),
        ("a.npy", npy("|u1", false, "(2, 2, 2, 4)", &[0; 32]), &plain, "X[..., :3]"),
        ("a.npy", npy("|u1", false, "(0, 2, 2)", &[]), &plain, "no picture"),
        ("a.npy", npy("|u1", false, "(2, 2, 0)", &[]), &plain, "without pixels"),
        ("a.npy", npy("|u1", false, "(4,)", &[0; 4]), &plain, "labels"),
        ("a.npy", npy("|u1", false, "(2, 2, 2, 2, 2)", &[0; 32]), &plain, "(pictures, height, width)"),
        ("a.npy", npy("|u1", false, "(2, 2, 3)", &[0; 11]), &plain, "cut short"),
        ("a.npy", npy("<f8", false, "(1, 1, 2)", &f64s(&[0.5, 1e300])), &plain, "too large for single"),
        ("labels-idx1-ubyte", labels.to_vec(), &plain, "labels"),
        ("a.idx", vec![0, 0, 8, 3, 0, 0], &plain, "cut short"),
        ("a.idx.gz", gzipped(&[0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 9, 1]), &plain, "cut short"),
        ("a.csv", b"1,2\n3,4\n".to_vec(), &plain, "`partwise fit` reads matrices"),
    ] {
        let error = refusal(name, &bytes, options);
        assert!(error.contains(words), "{name}, {words}: {error}");
    }
    let floats = npy("<f8", false, "(1, 1, 2)", &f64s(&[0.5, 7.0]));
    let error = refusal("a.npy", &floats, &options(|o| o.invert = true));
    assert!(error.contains("the value 7 is not between 0 and 1"), "{error}");
}
