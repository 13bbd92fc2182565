//! `.npz`: a dense array, or a sparse matrix as SciPy writes it.

use super::npy::{NpyScalar, Numbers, encode as encode_npy, header};
use partwise::data::{Matrix, Sparse};
use std::io::{self, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

pub(super) fn encode<T: NpyScalar>(out: &mut dyn Write, x: &Matrix<'_, T>) -> io::Result<()> {
    let mut zip = ZipWriter::new_stream(out);
    // Members of more than 4 GiB need to be announced; the rest stay readable for everybody.
    let large = x.bytes() > 1 << 31 || (x.rows().max(x.cols()) as u64) > 1 << 28;
    let options =
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated).large_file(large);
    let mut member = |name: &str, write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>| {
        zip.start_file(name, options)?;
        write(&mut zip)
    };
    match x {
        Matrix::Sparse(x) => sparse(x, &mut member)?,
        x => member("X.npy", &mut |mut out| encode_npy(&mut out, x))?,
    }
    zip.finish()?;
    Ok(())
}

type Member<'m> = dyn FnMut(&str, &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> + 'm;

fn sparse<T: NpyScalar>(x: &Sparse<T>, member: &mut Member<'_>) -> io::Result<()> {
    let (rows, cols) = (x.rows(), x.cols());
    // Entries come by rows or by columns, whichever is at hand; which of the two shows in their order.
    let (mut by_rows, mut last) = (true, 0);
    x.for_each(|i, _, _| {
        by_rows &= i >= last;
        last = i;
    });
    let (name, lines) = if by_rows { ("csr", rows) } else { ("csc", cols) };
    let line_and_index = |i: usize, j: usize| if by_rows { (i, j) } else { (j, i) };
    let mut counts = vec![0u64; lines];
    x.for_each(|i, j, _| {
        if let Some(count) = counts.get_mut(line_and_index(i, j).0) {
            *count += 1;
        }
    });
    let stored = x.stored();
    let wide = rows.max(cols).max(stored) > i32::MAX as usize;
    let integers = if wide { "<i8" } else { "<i4" };
    let put = |numbers: &mut Numbers<&mut dyn Write>, x: u64| match wide {
        true => numbers.put_bytes(&x.to_le_bytes()),
        false => numbers.put_bytes(&(x as u32).to_le_bytes()),
    };
    member("indices.npy", &mut |out| {
        out.write_all(&header(integers, &format!("({stored},)")))?;
        let mut numbers = Numbers::new(out);
        let mut done = Ok(());
        x.for_each(|i, j, _| {
            if done.is_ok() {
                done = put(&mut numbers, line_and_index(i, j).1 as u64);
            }
        });
        done?;
        numbers.finish()
    })?;
    member("indptr.npy", &mut |out| {
        out.write_all(&header(integers, &format!("({},)", lines + 1)))?;
        let mut numbers = Numbers::new(out);
        let mut start = 0;
        put(&mut numbers, start)?;
        for count in &counts {
            start += count;
            put(&mut numbers, start)?;
        }
        numbers.finish()
    })?;
    member("format.npy", &mut |out| {
        out.write_all(&header("|S3", "()"))?;
        out.write_all(name.as_bytes())
    })?;
    member("shape.npy", &mut |out| {
        out.write_all(&header("<i8", "(2,)"))?;
        out.write_all(&(rows as u64).to_le_bytes())?;
        out.write_all(&(cols as u64).to_le_bytes())
    })?;
    member("data.npy", &mut |out| {
        out.write_all(&header(T::DESCR, &format!("({stored},)")))?;
        let mut numbers = Numbers::new(out);
        let mut done = Ok(());
        x.for_each(|_, _, value| {
            if done.is_ok() {
                done = numbers.put(&[value]);
            }
        });
        done?;
        numbers.finish()
    })
}
