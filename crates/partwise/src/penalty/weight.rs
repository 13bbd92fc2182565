//! What a relative weight means: how large each term is for a typical factor, see [the module above](super).

use super::{PenaltyKind, Weight};

impl PenaltyKind {
    /// The power of a number that multiplies the term if the number multiplies F.
    pub(crate) fn degree(self) -> i32 {
        match self {
            PenaltyKind::L1 | PenaltyKind::Group => 1,
            PenaltyKind::L2
            | PenaltyKind::Orthogonal
            | PenaltyKind::Det
            | PenaltyKind::Smooth
            | PenaltyKind::Smooth2
            | PenaltyKind::Graph
            | PenaltyKind::Pull => 2,
            // delta and b are in the units of F: these terms do not change with them.
            PenaltyKind::LogDet | PenaltyKind::Ard | PenaltyKind::ArdL1 => 0,
        }
    }

    /// The value of the term, with a weight of 1, for `rows` x `rank` entries of size s. `trace` is that of L for terms
    /// that couple rows. Where equal entries would be a special case (rows that are alike, components that are parallel),
    /// it is the value that entries of that size have without any such relation.
    pub(crate) fn typical(self, rows: usize, rank: usize, entry: f64, trace: f64) -> f64 {
        let (r, k, s) = (rows as f64, rank as f64, entry);
        match self {
            // sum F
            PenaltyKind::L1 => r * k * s,
            // 1/2 ||F||²
            PenaltyKind::L2 | PenaltyKind::Pull => 0.5 * r * k * s * s,
            // k components of norm s sqrt(r)
            PenaltyKind::Group => k * s * r.sqrt(),
            // k (k - 1)/2 pairs; a single component has none, and the term is 0 whatever its weight
            PenaltyKind::Orthogonal => (k * (k - 1.0) / 2.0).max(1.0) * r * s * s,
            // 1/2 tr(FᵀLF) of independent entries
            PenaltyKind::Smooth | PenaltyKind::Smooth2 | PenaltyKind::Graph => 0.5 * trace * k * s * s,
            // k/2 det(FᵀF)^(1/k) of orthogonal components
            PenaltyKind::Det => 0.5 * k * r * s * s,
            // 1/2 sum over c of the logarithm of a ratio, each of the order of 1
            PenaltyKind::LogDet => 0.5 * k,
            // Counts for itself: `penalty/ard.rs`.
            PenaltyKind::Ard | PenaltyKind::ArdL1 => 1.0,
        }
    }
}

impl Weight {
    /// The number that multiplies the term, given the size of the data and the value of the term for a typical factor. A
    /// term that is 0 there (rows that nothing couples) gets 0.
    pub(crate) fn absolute(self, size_of_data: f64, typical: f64) -> f64 {
        match self {
            Weight::Absolute(weight) => weight,
            // absolute weight = relative weight · size(X) / term(typical factor)
            Weight::Relative(share) if typical > 0.0 => share * size_of_data / typical,
            Weight::Relative(_) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::coupling::Coupling;
    use super::super::group::Group;
    use super::super::orthogonal::Orthogonal;
    use super::super::pull::Pull;
    use super::super::tests_common::{Place, close};
    use super::super::volume::Volume;
    use super::super::{Elastic, Term};
    use super::*;
    use crate::factor::Factor;

    /// The term with a weight of 1; `unit` is that of F.
    fn value(kind: PenaltyKind, place: &Place<f64>, unit: f64) -> Option<f64> {
        let (rows, k) = (place.factor.rows(), place.factor.rank());
        let mut term: Box<dyn Term<f64>> = match kind {
            PenaltyKind::L1 | PenaltyKind::L2 => {
                let l1 = f64::from(u8::from(kind == PenaltyKind::L1));
                let elastic = Elastic { l1, l2: 1.0 - l1 };
                return Some((0..rows).map(|i| elastic.value(place.factor.row(i).iter().copied())).sum());
            }
            PenaltyKind::Group => Box::new(Group { weight: 1.0 }),
            PenaltyKind::Orthogonal => Box::new(Orthogonal { weight: 1.0 }),
            PenaltyKind::LogDet => Box::new(Volume::log_det(1.0, 0.1 * unit * unit, k)),
            PenaltyKind::Det => Box::new(Volume::det(1.0, 0.1 * unit * unit, k)),
            PenaltyKind::Smooth | PenaltyKind::Graph => Box::new(Coupling::smooth(1.0, rows)),
            PenaltyKind::Smooth2 => Box::new(Coupling::smooth2(1.0, rows)),
            PenaltyKind::Pull => Box::new(Pull::new(1.0, Factor::zeros(rows, k))),
            PenaltyKind::Ard | PenaltyKind::ArdL1 => return None,
        };
        Some(term.value(&place.at()))
    }

    #[test]
    fn degrees_are_those_of_the_terms() {
        let one = Place::random(9, 3, 4);
        let two = one.map(|_, _, x| 8.0 * x);
        for &kind in PenaltyKind::ALL {
            if let (Some(a), Some(b)) = (value(kind, &one, 1.0), value(kind, &two, 8.0)) {
                assert!(close(b, a * 8f64.powi(kind.degree()), 1e-12), "{kind}: {a} {b}");
            }
        }
    }

    #[test]
    fn typical_values_are_those_of_the_terms() {
        // Entries of size 2 that are not related otherwise: signs from a table with orthogonal rows and columns.
        let signs = |i: usize, c: usize| if (i & c).count_ones().is_multiple_of(2) { 2.0 } else { -2.0 };
        let table = Place::new(Factor::<f64>::zeros(64, 64)).map(|i, c, _| signs(i, c));
        let equal = table.map(|_, _, _| 2.0);
        let typical = |kind: PenaltyKind, trace| kind.typical(64, 64, 2.0, trace);
        for kind in
            [PenaltyKind::L1, PenaltyKind::L2, PenaltyKind::Pull, PenaltyKind::Group, PenaltyKind::Orthogonal]
        {
            assert!(close(value(kind, &equal, 0.0).unwrap(), typical(kind, 0.0), 1e-12), "{kind}");
        }
        for (kind, coupling) in [
            (PenaltyKind::Smooth, Coupling::smooth(1.0, 64)),
            (PenaltyKind::Smooth2, Coupling::smooth2(1.0, 64)),
        ] {
            let want = typical(kind, coupling.trace());
            assert!(close(value(kind, &table, 0.0).unwrap(), want, 1e-12), "{kind}");
        }
        let det = value(PenaltyKind::Det, &table, 1e-6).unwrap();
        assert!(close(det, typical(PenaltyKind::Det, 0.0), 1e-9));
    }

    #[test]
    fn relative_weights_are_shares_of_the_data() {
        assert_eq!(Weight::Relative(0.1).absolute(50.0, 2.0), 2.5);
        assert_eq!(Weight::Absolute(0.1).absolute(50.0, 2.0), 0.1);
        assert_eq!(Weight::Relative(0.1).absolute(50.0, 0.0), 0.0);
        // A single component: finite.
        assert_eq!(PenaltyKind::Orthogonal.typical(5, 1, 2.0, 0.0), 20.0);
    }
}
