//! A mosaic as lines of text.

use crate::Mosaic;
use crate::picture::grey;
use std::fmt::Write;

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// 24-bit colours: half blocks, two pixels to a character.
    Grey,
    /// Characters of rising darkness, two to a pixel.
    Characters,
}

/// From paper to ink.
const RAMP: &[u8] = b" .:-=+*#%@";

/// Draws as many pictures side by side as fit into `columns` characters (at least one).
pub fn to_text(mosaic: &Mosaic, ink: Ink, columns: usize) -> String {
    let wide = match ink {
        Ink::Grey => mosaic.size.width,
        Ink::Characters => 2 * mosaic.size.width,
    };
    let mosaic = mosaic.clone().with_across(((columns + 1) / (wide + 1)).clamp(1, mosaic.across));
    let mut out = String::new();
    for down in 0..mosaic.down() {
        if down > 0 {
            let rule = "─".repeat(wide);
            out.push_str(&vec![rule; mosaic.across].join("┼"));
            out.push('\n');
        }
        let step = if ink == Ink::Grey { 2 } else { 1 };
        for y in (0..mosaic.size.height).step_by(step) {
            let mut line = String::new();
            for across in 0..mosaic.across {
                if across > 0 {
                    line.push('│');
                }
                for x in 0..mosaic.size.width {
                    let pixel = |y| mosaic.darkness(down, across, y, x);
                    match (ink, pixel(y)) {
                        (Ink::Grey, Some(above)) => half_block(&mut line, above, pixel(y + 1)),
                        (Ink::Characters, Some(darkness)) => {
                            let at = (darkness * (RAMP.len() - 1) as f32).round() as usize;
                            let c = char::from(RAMP.get(at).copied().unwrap_or(b'@'));
                            line.extend([c, c]);
                        }
                        (_, None) => {}
                    }
                }
                if ink == Ink::Grey && mosaic.darkness(down, across, y, 0).is_some() {
                    line.push_str("\x1b[0m");
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

/// Two pixels in one character: the upper in the colour of the text, the lower in that of the background.
fn half_block(line: &mut String, above: f32, below: Option<f32>) {
    let (a, b) = (grey(above), below.map_or(255, grey));
    let _ = write!(line, "\x1b[38;2;{a};{a};{a}m\x1b[48;2;{b};{b};{b}m▀");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Size;

    #[test]
    fn characters_show_the_pictures() {
        let size = Size::new(2, 2);
        let mosaic = Mosaic::of(&[vec![0.0, 1.0, 1.0, 0.5], vec![1.0, 0.0, 0.0, 1.0]], size).unwrap();
        assert_eq!(to_text(&mosaic, Ink::Characters, 80), "  @@│@@\n@@++│  @@\n");
        // Too narrow for two: one above the other.
        assert_eq!(to_text(&mosaic, Ink::Characters, 5).lines().count(), 5);
        assert_eq!(to_text(&mosaic, Ink::Characters, 0).lines().count(), 5);
    }

    #[test]
    fn grey_uses_half_the_lines() {
        let size = Size::new(3, 1);
        let mosaic = Mosaic::of(&[vec![0.0, 0.5, 1.0]], size).unwrap();
        let text = to_text(&mosaic, Ink::Grey, 80);
        assert_eq!(text.lines().count(), 2);
        assert!(text.starts_with("\x1b[38;2;255;255;255m\x1b[48;2;128;128;128m▀\x1b[0m"), "{text:?}");
    }
}
