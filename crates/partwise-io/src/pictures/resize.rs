//! Another size: every pixel becomes the mean of the area that it covers.

use super::Frame;
use crate::budget::Budget;
use crate::error::Result;

/// Grey values, row by row, in another size; without regard to the ratio of height to width.
pub(super) fn resized(values: &[f32], from: Frame, to: Frame, budget: &mut Budget) -> Result<Vec<f32>> {
    let pixel = |values: &[f32], at: usize| values.get(at).copied().unwrap_or_default();
    let narrow = Frame { height: from.height, width: to.width };
    let mut rows = budget.vec::<f32>(narrow.pixels().unwrap_or(u64::MAX))?;
    for row in values.chunks_exact(from.width.max(1)) {
        rows.extend((0..to.width).map(|x| mean(|at| pixel(row, at), from.width, to.width, x)));
    }
    let mut out = budget.vec::<f32>(to.pixels().unwrap_or(u64::MAX))?;
    for y in 0..to.height {
        out.extend(
            (0..to.width).map(|x| mean(|at| pixel(&rows, at * to.width + x), from.height, to.height, y)),
        );
    }
    Ok(out)
}

/// The mean of the part of a line of `from` pixels that pixel `at` of `to` covers, in whole numbers: a pixel of the one is
/// `to` long, and one of the other `from`.
fn mean(value: impl Fn(usize) -> f32, from: usize, to: usize, at: usize) -> f32 {
    let (start, end) = (at * from, (at + 1) * from);
    let mut sum = 0.0;
    for own in start / to..=(end - 1) / to {
        let overlap = end.min((own + 1) * to) - start.max(own * to);
        sum += overlap as f64 * f64::from(value(own));
    }
    (sum / from as f64) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Place;

    fn frame(height: usize, width: usize) -> Frame {
        Frame { height, width }
    }

    fn made(values: &[f32], from: Frame, to: Frame) -> Vec<f32> {
        resized(values, from, to, &mut Budget::new(1 << 20, Place::of("x"))).unwrap()
    }

    #[test]
    fn areas_are_averaged() {
        let x = [0.0, 1.0, 0.5, 0.5, 1.0, 1.0, 0.25, 0.75];
        assert_eq!(made(&x, frame(2, 4), frame(1, 2)), [0.75, 0.5]);
        assert_eq!(made(&x, frame(2, 4), frame(2, 4)), x);
        // Three pixels become two: the one in the middle is shared.
        assert_eq!(made(&[0.0, 0.3, 0.9], frame(1, 3), frame(1, 2)), [0.1, 0.7]);
        assert_eq!(made(&[0.0, 0.3, 0.9], frame(3, 1), frame(2, 1)), [0.1, 0.7]);
        // Larger: pixels are repeated.
        assert_eq!(
            made(&[0.25, 0.75], frame(1, 2), frame(2, 4)),
            [0.25, 0.25, 0.75, 0.75, 0.25, 0.25, 0.75, 0.75]
        );
    }

    #[test]
    fn the_mean_of_the_picture_stays() {
        let x: Vec<f32> = (0..7 * 11).map(|i| ((i * 37) % 23) as f32 / 23.0).collect();
        let mean = |x: &[f32]| x.iter().sum::<f32>() / x.len() as f32;
        for to in [frame(3, 5), frame(1, 1), frame(13, 4), frame(19, 19)] {
            let made = made(&x, frame(7, 11), to);
            assert_eq!(made.len(), to.height * to.width);
            assert!((mean(&made) - mean(&x)).abs() < 1e-5, "{to}");
        }
    }

    #[test]
    fn memory_is_asked_for_first() {
        let budget = &mut Budget::new(1 << 20, Place::of("x"));
        assert!(resized(&[0.5], frame(1, 1), frame(1 << 20, 1 << 20), budget).is_err());
        assert!(resized(&[0.5], frame(1, 1), frame(usize::MAX, 2), budget).is_err());
    }
}
