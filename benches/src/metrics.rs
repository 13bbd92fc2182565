//! How far numbers, directions and sets of components are from each other.

/// Root of the mean squared difference of pairs; NaN without any.
pub fn rmse(pairs: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let (sum, count) =
        pairs.into_iter().fold((0.0, 0usize), |(sum, n), (a, b)| (sum + (a - b) * (a - b), n + 1));
    (sum / count as f64).sqrt()
}

/// `||a - b|| / ||a||` over pairs.
pub fn relative(pairs: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    let (off, all) =
        pairs.into_iter().fold((0.0, 0.0), |(off, all), (a, b)| (off + (a - b) * (a - b), all + a * a));
    (off / all).sqrt()
}

/// The cosine of the angle between two vectors; 0 if one of them is zero.
pub fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { (dot(a, b) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
}

/// The mean removed spectral angle of two spectra: `100 / pi` times the angle between them, each less its mean. It is 0
/// for spectra that differ by gain and offset, and 50 for unrelated ones.
pub fn mrsa(a: &[f64], b: &[f64]) -> f64 {
    let centred = |a: &[f64]| -> Vec<f64> {
        let mean = a.iter().sum::<f64>() / a.len() as f64;
        a.iter().map(|x| x - mean).collect()
    };
    100.0 / std::f64::consts::PI * cosine(&centred(a), &centred(b)).acos()
}

/// The partner of each of `n` among `n`, such that the sum of costs is least. It tries all orders, with what is hopeless
/// cut off: for a dozen at most.
pub fn partners(n: usize, cost: impl Fn(usize, usize) -> f64) -> Vec<usize> {
    let costs: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| cost(i, j)).collect()).collect();
    // The least that the items from here on can cost.
    let least = |row: &Vec<f64>| row.iter().copied().fold(f64::INFINITY, f64::min);
    let mut rest = vec![0.0; n + 1];
    for i in (0..n).rev() {
        rest[i] = rest[i + 1] + least(&costs[i]);
    }
    let mut search = Search { costs, rest, order: Vec::new(), best: (f64::INFINITY, (0..n).collect()) };
    search.descend(0.0);
    search.best.1
}

struct Search {
    costs: Vec<Vec<f64>>,
    rest: Vec<f64>,
    order: Vec<usize>,
    best: (f64, Vec<usize>),
}

impl Search {
    fn descend(&mut self, so_far: f64) {
        let at = self.order.len();
        if so_far + self.rest[at] >= self.best.0 {
            return;
        }
        if at == self.costs.len() {
            self.best = (so_far, self.order.clone());
            return;
        }
        for j in 0..self.costs.len() {
            if !self.order.contains(&j) {
                self.order.push(j);
                self.descend(so_far + self.costs[at][j]);
                self.order.pop();
            }
        }
    }
}

/// The middle of some numbers, or the mean of the middle two.
pub fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let (low, high) = (numbers.len().checked_sub(1)? / 2, numbers.len() / 2);
    Some(0.5 * (numbers.get(low)? + numbers.get(high)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_by_hand() {
        assert_eq!(rmse([(1.0, 2.0), (3.0, 3.0), (5.0, 3.0), (0.0, 0.0)]), (5.0f64 / 4.0).sqrt());
        assert!(rmse([]).is_nan());
        assert_eq!(relative([(3.0, 0.0), (4.0, 4.0)]), 0.6);
        assert_eq!(relative([(3.0, 0.0), (4.0, 0.0)]), 1.0);
    }

    #[test]
    fn angles_by_hand() {
        assert!((cosine(&[1.0, 0.0], &[1.0, 1.0]) - 0.5f64.sqrt()).abs() < 1e-15);
        assert_eq!(cosine(&[0.0, 0.0], &[1.0, 1.0]), 0.0);
        // Gain and offset do not count.
        let spectrum = [0.1, 0.5, 0.2, 0.9];
        assert!(mrsa(&spectrum, &spectrum.map(|x| 3.0 * x + 2.0)) < 1e-5);
        assert!((mrsa(&spectrum, &spectrum.map(|x| 1.0 - x)) - 100.0).abs() < 1e-5);
        assert!((mrsa(&[1.0, -1.0, 0.0, 0.0], &[0.0, 0.0, 1.0, -1.0]) - 50.0).abs() < 1e-12);
        assert!((mrsa(&[1.0, 0.0, 0.0], &[0.0, 1.0, 0.0]) - 100.0 * 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn partners_are_the_best_of_all_orders() {
        let place = [2usize, 0, 3, 1];
        assert_eq!(partners(4, |i, j| if place[i] == j { 0.0 } else { 1.0 }), place);
        // Taking the cheapest first would cost 0 + 9.
        let costs = [[0.0, 1.0], [0.5, 9.0]];
        assert_eq!(partners(2, |i, j| costs[i][j]), [1, 0]);
        assert!(partners(0, |_, _| 0.0).is_empty());
    }

    #[test]
    fn the_middle_is_found() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0]), Some(3.0));
        assert_eq!(median(vec![9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0]), Some(2.5));
    }
}
