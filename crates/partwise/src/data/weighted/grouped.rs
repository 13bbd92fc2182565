//! A mask that is the same for all rows of a group and for all columns of a group.
//!
//! What a row lacks is then a few groups of columns, and so do all rows of its group: what they lack of the other factor is
//! summed up once for all of them, where a mask of single entries costs a sum for every entry that it holds out: of sparse X,
//! nearly all of those are zeros, which a fit to the whole never meets.

use super::HoldOut;

/// How a grouped mask meets a matrix.
#[derive(Debug)]
pub(crate) struct Grouped {
    rows: Axis,
    cols: Axis,
    /// Whether a group of rows is held out of a group of columns, `(groups of rows, groups of columns)`.
    held: Vec<bool>,
}

/// The lines of one axis.
#[derive(Debug)]
struct Axis {
    /// The group of each line.
    of: Vec<u32>,
    /// The lines of each group.
    lines: Vec<Vec<u32>>,
}

impl Axis {
    fn new(lines: usize, group: impl Fn(usize) -> usize, count: usize) -> Axis {
        let mut axis = Axis { of: Vec::with_capacity(lines), lines: vec![Vec::new(); count] };
        for line in 0..lines {
            let group = group(line);
            axis.of.push(group as u32);
            axis.lines[group].push(line as u32);
        }
        axis
    }
}

impl Grouped {
    pub(super) fn new(mask: &HoldOut, m: usize, n: usize) -> Grouped {
        let [a, b] = mask.groups.map(|count| count as usize);
        let count = |groups: usize, lines: usize| if groups == 0 { lines } else { groups };
        let rows = Axis::new(m, |i| mask.row_group(i), count(a, m));
        let cols = Axis::new(n, |j| mask.col_group(j), count(b, n));
        let groups = cols.lines.len();
        let held =
            (0..rows.lines.len() * groups).map(|at| mask.holds_groups(at / groups, at % groups)).collect();
        Grouped { rows, cols, held }
    }

    pub(super) fn holds(&self, i: usize, j: usize) -> bool {
        self.held[self.rows.of[i] as usize * self.cols.lines.len() + self.cols.of[j] as usize]
    }

    /// From the side of rows, or of columns.
    pub(crate) fn side(&self, of_columns: bool) -> GroupedSide<'_> {
        GroupedSide { of: self, turned: of_columns }
    }
}

/// A grouped mask from one side, whose lines are called rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GroupedSide<'g> {
    of: &'g Grouped,
    turned: bool,
}

impl<'g> GroupedSide<'g> {
    fn axes(&self) -> (&'g Axis, &'g Axis) {
        if self.turned { (&self.of.cols, &self.of.rows) } else { (&self.of.rows, &self.of.cols) }
    }

    /// The group of a row.
    pub(crate) fn group(&self, row: usize) -> usize {
        self.axes().0.of[row] as usize
    }

    /// Calls `f` with every column that is held out of a row, or with every other one.
    pub(super) fn for_each_of_row(&self, row: usize, held: bool, mut f: impl FnMut(usize)) {
        let group = self.group(row);
        let of_group: Vec<bool> = (0..self.columns().len()).map(|other| self.is_held(group, other)).collect();
        for (c, &other) in self.axes().1.of.iter().enumerate() {
            if of_group[other as usize] == held {
                f(c);
            }
        }
    }

    pub(crate) fn is_held(&self, group: usize, other: usize) -> bool {
        let width = self.of.cols.lines.len();
        self.of.held[if self.turned { other * width + group } else { group * width + other }]
    }

    /// Groups of rows.
    pub(crate) fn groups(&self) -> usize {
        self.axes().0.lines.len()
    }

    /// The columns of each of their groups.
    pub(crate) fn columns(&self) -> &'g [Vec<u32>] {
        &self.axes().1.lines
    }

    /// The groups of columns that a group of rows lacks.
    pub(crate) fn lacks(&self, group: usize) -> impl Iterator<Item = usize> + use<'g> {
        let side = *self;
        (0..self.axes().1.lines.len()).filter(move |&other| side.is_held(group, other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries, groups and counts say the same, from both sides.
    #[test]
    fn both_sides_are_of_one_mask() {
        for groups in [[4, 3], [0, 3], [4, 0]] {
            let mut mask = HoldOut::fold(5, 1, 3);
            mask.groups = groups;
            let (m, n) = (23, 17);
            let grouped = Grouped::new(&mask, m, n);
            let mut count = 0;
            for i in 0..m {
                for j in 0..n {
                    assert_eq!(grouped.holds(i, j), mask.holds(i, j), "{groups:?} {i} {j}");
                    count += usize::from(mask.holds(i, j));
                }
            }
            assert!(count > 0 && count < m * n);
            for (of_columns, rows) in [(false, m), (true, n)] {
                let side = grouped.side(of_columns);
                let mut lacking = 0;
                for r in 0..rows {
                    let group = side.group(r);
                    let mut lacks: Vec<u32> =
                        side.lacks(group).flat_map(|g| side.columns()[g].iter().copied()).collect();
                    lacks.sort_unstable();
                    let mut kept = Vec::new();
                    side.for_each_of_row(r, false, |c| kept.push(c as u32));
                    let mut held = Vec::new();
                    side.for_each_of_row(r, true, |c| held.push(c as u32));
                    assert_eq!(held, lacks);
                    assert!(kept.iter().all(|c| !held.contains(c)));
                    assert_eq!(kept.len() + held.len(), if of_columns { m } else { n });
                    for &c in &lacks {
                        let (i, j) = if of_columns { (c as usize, r) } else { (r, c as usize) };
                        assert!(mask.holds(i, j));
                    }
                    lacking += lacks.len();
                }
                assert_eq!(lacking, count);
            }
        }
    }
}
