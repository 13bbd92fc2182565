//! Half-steps of quadratic rules (Frobenius): from the Gram matrix of the other factor and a cross product.

use super::{Fused, Walk, note_penalty, push_rows};
use crate::data::view::View;
use crate::kernels::Rows;
use crate::kernels::dense::{cross_in, cross_transposed_turned_add};
use crate::kernels::weighted::quadratic_form;
use crate::par::{Lines, Split, for_blocks};
use crate::penalised::Penalised;
use crate::penalty::Elastic;
use crate::row_terms::Bounds;
use crate::rules::{Panel, Quadratic, QuadraticRule, Scratch};
use crate::scalar::Scalar;
use crate::side::{RowsMut, Side, TERMS};
use std::time::Instant;

/// A half-step under way: what all its rows meet.
struct Step<'a, T: Scalar> {
    q: Quadratic<'a, T>,
    /// The other side's Gram matrix, without penalties.
    gram: &'a [T],
    elastic: Elastic,
    penalised: Option<&'a Penalised<T>>,
    /// Whether rows have ridges of their own.
    ridges: bool,
    /// Whether the rule takes costs apart from the cross product.
    apart: bool,
    bounds: &'a Bounds<T>,
    /// Whether a row's part of the loss has to be whole, as the sides do not share a Gram matrix.
    whole: bool,
    push: Option<(T, T)>,
}

impl<T: Scalar> Walk<'_, T> {
    /// A quadratic half-step of side `at`; adds up the other side's cross product on the way if asked.
    pub(crate) fn quadratic(
        &self,
        at: usize,
        rule: &mut dyn QuadraticRule<T>,
        own: &mut Side<T>,
        other: &Side<T>,
        push: Option<(T, T)>,
        fused: Option<&mut Fused<T>>,
    ) {
        let (mut penalised, bounds) = (own.penalised.take(), std::mem::take(&mut own.bounds));
        let step = Step::new(rule, own, other, &mut penalised, &bounds, push);
        if let View::Weighted(view) = &self.views[at] {
            let rule: &dyn QuadraticRule<T> = rule;
            for_blocks(own.rows_mut(), self.blocks[at], 0, &|first, rows: RowsMut<'_, T>| {
                self.scratch.with(|work| {
                    let (own, rule_work) = (&mut work.own, &mut work.rule);
                    let clock = Instant::now();
                    step.update_weighted(rule, first, rows, &mut work.line, rule_work, own, |own, i| {
                        own.quadratic_row(view, i, &other.shared());
                    });
                    work.spent.rule += clock.elapsed();
                });
            });
            (own.penalised, own.bounds) = (penalised, bounds);
            return;
        }
        rule.prepare(&step.q);
        let (view, block, stride) = (&self.views[at], self.blocks[at], step.q.stride);
        let shape = (stride, step.q.rank);
        if let Some((hoyer, product)) = &mut own.sparse {
            for_blocks(Lines(product, stride), block, 0, &|first, product: Lines<'_, T>| {
                self.scratch.with(|work| {
                    let x = view.block(first..first + product.rows(), &mut work.irregular);
                    cross_in(&x, other.met().padded_rows(), shape, product.0, &mut work.turned);
                });
            });
            step.add_linear(product, T::ONE);
            hoyer.step(&step.q, &mut own.factor, product);
            step.add_linear(product, -T::ONE);
            let product = std::mem::take(product);
            for_blocks(own.rows_mut(), block, 0, &|first, mut rows: RowsMut<'_, T>| {
                let cross = &product[first * stride..][..rows.factor.len()];
                step.note(&mut rows, cross);
            });
            if let Some((_, room)) = &mut own.sparse {
                *room = product;
            }
            (own.penalised, own.bounds) = (penalised, bounds);
            return;
        }
        let rule: &dyn QuadraticRule<T> = rule;
        let walk = |first: usize, rows: RowsMut<'_, T>, sums: Option<&mut [T]>| {
            self.scratch.with(|work| {
                let n = rows.rows();
                let x = view.block(first..first + n, &mut work.irregular);
                let product = &mut work.cross[..n * stride];
                let began = Instant::now();
                cross_in(&x, other.met().padded_rows(), shape, product, &mut work.turned);
                let multiplied = Instant::now();
                let point = step.update(rule, first, rows, product, &mut work.line, &mut work.rule);
                let moved = Instant::now();
                if let (Some(sums), Rows::Dense(x)) = (sums, &x) {
                    cross_transposed_turned_add(x, point, shape, sums);
                }
                work.spent.products += (multiplied - began) + moved.elapsed();
                work.spent.rule += moved - multiplied;
            });
        };
        let mut rows = own.rows_mut();
        match fused {
            None => for_blocks(rows, block, 0, &|first, rows| walk(first, rows, None)),
            Some(fused) => {
                (rows.chunk, rows.per_chunk) = (fused.chunk, fused.per_chunk);
                rows.sums = &mut fused.sums;
                for_blocks(rows, fused.chunk, 0, &|first, mut rows: RowsMut<'_, T>| {
                    let sums = std::mem::take(&mut rows.sums);
                    sums.fill(T::ZERO);
                    let mut first = first;
                    while rows.rows() > 0 {
                        let n = block.min(rows.rows());
                        let (now, later) = rows.split_at(n);
                        walk(first, now, Some(&mut *sums));
                        (first, rows) = (first + n, later);
                    }
                });
            }
        }
        (own.penalised, own.bounds) = (penalised, bounds);
    }

    /// A quadratic half-step of side `at` from a cross product that is known already.
    pub(crate) fn quadratic_from(
        &self,
        at: usize,
        cross: &[T],
        rule: &mut dyn QuadraticRule<T>,
        own: &mut Side<T>,
        other: &Side<T>,
    ) {
        let (mut penalised, bounds) = (own.penalised.take(), std::mem::take(&mut own.bounds));
        let step = Step::new(rule, own, other, &mut penalised, &bounds, None);
        rule.prepare(&step.q);
        let rule: &dyn QuadraticRule<T> = rule;
        for_blocks(own.rows_mut(), self.blocks[at], 0, &|first, rows: RowsMut<'_, T>| {
            let cross = &cross[first * step.q.stride..][..rows.factor.len()];
            self.scratch.with(|work| {
                // A copy, as penalties join it.
                let product = &mut work.cross[..cross.len()];
                product.copy_from_slice(cross);
                let clock = Instant::now();
                step.update(rule, first, rows, product, &mut work.line, &mut work.rule);
                work.spent.rule += clock.elapsed();
            });
        });
        (own.penalised, own.bounds) = (penalised, bounds);
    }
}

impl<'a, T: Scalar> Step<'a, T> {
    fn new(
        rule: &dyn QuadraticRule<T>,
        own: &Side<T>,
        other: &'a Side<T>,
        penalised: &'a mut Option<Penalised<T>>,
        bounds: &'a Bounds<T>,
        push: Option<(T, T)>,
    ) -> Step<'a, T> {
        let apart = rule.wants_signs();
        if let Some(penalised) = penalised {
            penalised.pose(&other.gram_t);
        }
        let penalised = penalised.as_ref();
        let q = Quadratic {
            gram: penalised.map_or(&other.gram_t[..], |p| p.problem()),
            stride: own.factor.stride(),
            rank: own.factor.rank(),
            l1: T::from_f64(own.elastic.l1),
            l2: T::from_f64(own.elastic.l2),
            limits: bounds.limits(),
            minus: penalised.filter(|_| apart).map_or(&[], |p| p.minus()),
            drag: penalised.filter(|_| apart).map_or(&[], |p| p.drag()),
        };
        Step {
            q,
            gram: &other.gram_t,
            elastic: own.elastic,
            penalised,
            ridges: penalised.is_some_and(|p| p.has_ridges()),
            apart,
            bounds,
            whole: other.is_smoothed(),
            push,
        }
    }

    /// Lets a rule move some rows, notes their part of the objective, and extrapolates them if asked; returns the points.
    fn update<'r>(
        &self,
        rule: &dyn QuadraticRule<T>,
        first: usize,
        mut rows: RowsMut<'r, T>,
        cross: &mut [T],
        line: &mut [T],
        scratch: &mut Scratch<T>,
    ) -> &'r [T] {
        let Quadratic { stride, rank, .. } = self.q;
        let Some(penalised) = self.penalised else {
            rule.update(&self.q, Panel { factor: rows.factor, cross, state: rows.state }, scratch);
            self.note(&mut rows, cross);
            return rows.factor;
        };
        for (r, cross) in cross.chunks_exact_mut(stride).enumerate() {
            penalised.linear(first + r, self.apart, line);
            cross[..rank].iter_mut().zip(&*line).for_each(|(c, &e)| *c += e);
        }
        if self.ridges {
            for (r, (w, cross)) in
                rows.factor.chunks_exact_mut(stride).zip(cross.chunks_exact(stride)).enumerate()
            {
                let q = Quadratic { l2: self.q.l2 + penalised.ridge(first + r), ..self.q };
                rule.update_row(&q, w, cross, scratch);
            }
        } else {
            rule.update(&self.q, Panel { factor: rows.factor, cross: &*cross, state: rows.state }, scratch);
        }
        for (r, cross) in cross.chunks_exact_mut(stride).enumerate() {
            penalised.linear(first + r, self.apart, line);
            cross[..rank].iter_mut().zip(&*line).for_each(|(c, &e)| *c -= e);
        }
        self.note(&mut rows, cross);
        rows.factor
    }

    /// Adds the linear terms that all rows share, times `by`, to cross products.
    fn add_linear(&self, cross: &mut [T], by: T) {
        if let Some(penalised) = self.penalised {
            for cross in cross.chunks_exact_mut(self.q.stride) {
                let terms = penalised.shared_linear(self.apart).iter();
                cross.iter_mut().zip(terms).for_each(|(c, &s)| *c += by * s);
            }
        }
    }

    /// Notes the loss of rows from their cross products, extrapolates them, and notes their penalty.
    fn note(&self, rows: &mut RowsMut<'_, T>, cross: &[T]) {
        let Quadratic { stride, rank, .. } = self.q;
        for (terms, (w, c)) in rows
            .terms
            .chunks_exact_mut(TERMS)
            .zip(rows.factor.chunks_exact(stride).zip(cross.chunks_exact(stride)))
        {
            terms[0] = -w.iter().zip(c).map(|(w, c)| w.to_f64() * c.to_f64()).sum::<f64>();
            if self.whole {
                terms[0] += 0.5 * quadratic_form(w, self.gram, stride, rank);
            }
        }
        push_rows(rows, self.push, self.bounds);
        note_penalty(rows, self.elastic);
    }

    /// The same for rows that have Gram matrices of their own, which `find` puts into `own` with the cross product.
    fn update_weighted<'r>(
        &self,
        rule: &dyn QuadraticRule<T>,
        first: usize,
        mut rows: RowsMut<'r, T>,
        line: &mut [T],
        scratch: &mut Scratch<T>,
        own: &mut super::RowWork<T>,
        find: impl Fn(&mut super::RowWork<T>, usize),
    ) {
        let Quadratic { stride, rank, .. } = self.q;
        for (r, w) in rows.factor.chunks_exact_mut(stride).enumerate() {
            let i = first + r;
            find(own, i);
            let mut q = Quadratic { gram: &own.gram, minus: &[], ..self.q };
            if let Some(penalised) = self.penalised {
                let mut has_minus = false;
                for ((to, minus), (&g, &s)) in
                    own.problem.iter_mut().zip(&mut own.minus).zip(own.gram.iter().zip(penalised.shared()))
                {
                    *to = g + s;
                    *minus = (-*to).max(T::ZERO);
                    has_minus |= *minus > T::ZERO;
                }
                q.gram = &own.problem;
                q.minus = if has_minus && self.apart { &own.minus } else { &[] };
                q.l2 += penalised.ridge(i);
                penalised.linear(i, self.apart, line);
                own.cross[..rank].iter_mut().zip(&*line).for_each(|(c, &e)| *c += e);
            }
            rule.update_row(&q, w, &own.cross, scratch);
            if self.penalised.is_some() {
                own.cross[..rank].iter_mut().zip(&*line).for_each(|(c, &e)| *c -= e);
            }
            let linear: f64 = w.iter().zip(&own.cross).map(|(w, c)| w.to_f64() * c.to_f64()).sum();
            rows.terms[r * TERMS] = 0.5 * quadratic_form(w, &own.gram, stride, rank) - linear;
        }
        push_rows(&mut rows, self.push, self.bounds);
        note_penalty(&mut rows, self.elastic);
    }
}
