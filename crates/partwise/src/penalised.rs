//! The penalties of one factor at work: their upper quadratics, touched at the point a half-step starts from, in the form
//! that rules meet.

use crate::factor::{Factor, padded};
use crate::kernels::gram::{ColumnSum, GramSum};
use crate::penalty::ard::Ard;
use crate::penalty::{At, Shift, Term};
use crate::row_terms::RowShift;
use crate::scalar::Scalar;

/// See the module. All matrices are `(stride, stride)`.
pub(crate) struct Penalised<T: Scalar> {
    terms: Vec<Box<dyn Term<T>>>,
    shift: Shift<T>,
    gram_sum: GramSum,
    column_sum: ColumnSum,
    /// Of the factor itself.
    gram: Vec<f64>,
    sums: Vec<f64>,
    /// S in the precision of the run.
    shared: Vec<T>,
    /// s, likewise.
    linear: Vec<T>,
    /// The problem that all rows share, the other side's Gram matrix plus S, and its negative entries with their sign turned.
    problem: Vec<T>,
    minus: Vec<T>,
    has_minus: bool,
    /// The parts of s: what joins the cross product, and what rules that want signs apart take as costs.
    gain: Vec<T>,
    drag: Vec<T>,
    /// The value of all terms, of the factor as it was valued last.
    pub(crate) value: f64,
}

impl<T: Scalar> Penalised<T> {
    pub(crate) fn new(rows: usize, rank: usize, terms: Vec<Box<dyn Term<T>>>) -> Penalised<T> {
        let stride = padded::<T>(rank);
        let square = || vec![T::ZERO; stride * stride];
        let line = || vec![T::ZERO; stride];
        Penalised {
            shift: Shift::new(rows, stride, terms.iter().any(|term| term.by_row())),
            terms,
            gram_sum: GramSum::new::<T>(rows, stride),
            column_sum: ColumnSum::new(rows, stride),
            gram: vec![0.0; stride * stride],
            sums: vec![0.0; stride],
            shared: square(),
            linear: line(),
            problem: square(),
            minus: square(),
            has_minus: false,
            gain: line(),
            drag: line(),
            value: 0.0,
        }
    }

    fn look(&mut self, factor: &Factor<T>) {
        self.gram_sum.compute(factor, &mut self.gram);
        self.column_sum.compute(factor, &mut self.sums);
    }

    /// Computes the value of the terms of a factor.
    pub(crate) fn assess(&mut self, factor: &Factor<T>) {
        self.look(factor);
        let at = At { factor, gram: &self.gram, sums: &self.sums };
        self.value = self.terms.iter_mut().map(|term| term.value(&at)).sum();
    }

    /// The factor that was assessed or touched last, for joint penalties.
    pub(crate) fn at<'a>(&'a self, factor: &'a Factor<T>) -> At<'a, T> {
        At { factor, gram: &self.gram, sums: &self.sums }
    }

    /// Makes the upper quadratics touch at a factor; `more` adds those of joint penalties.
    pub(crate) fn touch(&mut self, factor: &Factor<T>, more: impl FnOnce(&At<'_, T>, &mut Shift<T>)) {
        self.look(factor);
        self.shift.clear();
        let at = At { factor, gram: &self.gram, sums: &self.sums };
        self.terms.iter_mut().for_each(|term| term.touch(&at, &mut self.shift));
        more(&at, &mut self.shift);
        for (to, &from) in self.shared.iter_mut().zip(&self.shift.gram) {
            *to = T::from_f64(from);
        }
        for (c, &s) in self.shift.linear.iter().enumerate() {
            self.linear[c] = T::from_f64(s);
            (self.gain[c], self.drag[c]) = (self.linear[c].max(T::ZERO), (-self.linear[c]).max(T::ZERO));
        }
    }

    /// Puts the problem of the rows together, from the other side's Gram matrix.
    pub(crate) fn pose(&mut self, gram: &[T]) {
        self.has_minus = false;
        for (((to, minus), &g), &s) in
            self.problem.iter_mut().zip(&mut self.minus).zip(gram).zip(&self.shared)
        {
            *to = g + s;
            *minus = (-*to).max(T::ZERO);
            self.has_minus |= *minus > T::ZERO;
        }
    }

    /// The matrix that [`Penalised::pose`] has made.
    pub(crate) fn problem(&self) -> &[T] {
        &self.problem
    }

    /// Its negative entries with their sign turned, if there are any.
    pub(crate) fn minus(&self) -> &[T] {
        if self.has_minus { &self.minus } else { &[] }
    }

    /// S.
    pub(crate) fn shared(&self) -> &[T] {
        &self.shared
    }

    /// The costs among the linear terms, for rules that want them apart.
    pub(crate) fn drag(&self) -> &[T] {
        &self.drag
    }

    /// The ridge of row i.
    pub(crate) fn ridge(&self, i: usize) -> T {
        self.shift.ridge.get(i).copied().unwrap_or(T::ZERO)
    }

    /// Whether rows have ridges of their own.
    pub(crate) fn has_ridges(&self) -> bool {
        self.shift.ridge.iter().any(|&d| d != T::ZERO)
    }

    /// The linear terms that all rows share, but for costs if those are taken `apart`.
    pub(crate) fn shared_linear(&self, apart: bool) -> &[T] {
        if apart { &self.gain } else { &self.linear }
    }

    /// The linear terms of row i, but for costs if those are taken `apart`.
    pub(crate) fn linear(&self, i: usize, apart: bool, to: &mut [T]) {
        to.copy_from_slice(self.shared_linear(apart));
        let stride = to.len();
        if let Some(own) = self.shift.pull.get(i * stride..(i + 1) * stride) {
            to.iter_mut().zip(own).for_each(|(to, &e)| *to += e);
        }
    }

    /// The terms of row i as one, with its linear part in `room`.
    pub(crate) fn of_row<'a>(&'a self, i: usize, room: &'a mut [T]) -> RowShift<'a, T> {
        self.linear(i, false, room);
        RowShift { gram: &self.shared, linear: room, ridge: self.ridge(i) }
    }
}

/// A penalty of both factors at work, with the sizes of their components.
pub(crate) struct Joint {
    ard: Ard,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Joint {
    pub(crate) fn new(ard: Ard, rank: usize) -> Joint {
        Joint { ard, first: vec![0.0; rank], second: vec![0.0; rank] }
    }

    /// Takes note of a factor.
    pub(crate) fn size<T: Scalar>(&mut self, first: bool, at: &At<'_, T>) {
        self.ard.size(at, if first { &mut self.first } else { &mut self.second });
    }

    pub(crate) fn touch<T: Scalar>(&mut self, first: bool, at: &At<'_, T>, shift: &mut Shift<T>) {
        self.size(first, at);
        self.ard.touch(&self.first, &self.second, shift);
    }

    pub(crate) fn value(&self) -> f64 {
        self.ard.value(&self.first, &self.second)
    }
}
