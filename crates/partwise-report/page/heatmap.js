// A matrix as coloured cells on a canvas, with zoom, names under the pointer and a cell that the arrow keys move.
// spec: { label, rows, cols, value(r, c), low, high, rowName(r), colName(c), read(r, c) -> lines, rowColour(r) | null,
// height(width), square, what: 'of what an average over several columns is made' }
// Where a pixel covers many columns it shows the mean of at most this many of them.
const MEAN_OF = 40;

function heatMap(spec, name) {
  const box = el('div', { class: 'heat' });
  const canvas = el('canvas', { tabindex: '0', role: 'img' });
  const note = el('p', { class: 'fine', 'aria-live': 'polite' });
  let current = spec;
  let view = { a: 0, b: spec.cols, t: 0, u: spec.rows };
  let area = null;
  let cell = null;
  let width = 0;

  const tools = el(
    'div',
    { class: 'tools no-print' },
    button('+', () => zoom(0.5), { class: 'quiet small', 'aria-label': 'Zoom in' }),
    button('−', () => zoom(2), { class: 'quiet small', 'aria-label': 'Zoom out' }),
    button('Whole', reset, { class: 'quiet small' }),
    saveButton(name, 'canvas', () => canvas),
  );
  const legend = el('canvas', { class: 'ramp', role: 'img', 'aria-label': 'Colour scale' });
  const lowText = el('span', { class: 'num' });
  const highText = el('span', { class: 'num' });
  box.append(
    canvas,
    el('div', { class: 'heat-foot' }, el('div', { class: 'scale' }, lowText, legend, highText), tools),
    note,
  );

  function reset() {
    view = { a: 0, b: current.cols, t: 0, u: current.rows };
    draw(width);
  }

  const tall = () => current.square || current.rows > 40;

  function clamp(low, high, most, least) {
    const span = Math.max(Math.min(least, most), Math.min(most, high - low));
    const start = Math.max(0, Math.min(most - span, low));
    return [start, start + span];
  }

  function zoom(factor, cx = 0.5, cy = 0.5) {
    const px = view.a + (view.b - view.a) * cx;
    [view.a, view.b] = clamp(px - (px - view.a) * factor, px + (view.b - px) * factor, current.cols, 4);
    if (tall()) {
      const py = view.t + (view.u - view.t) * cy;
      [view.t, view.u] = clamp(py - (py - view.t) * factor, py + (view.u - py) * factor, current.rows, 4);
    }
    draw(width);
  }

  function pan(dx, dy) {
    [view.a, view.b] = clamp(view.a + dx, view.b + dx, current.cols, view.b - view.a);
    if (tall()) [view.t, view.u] = clamp(view.t + dy, view.u + dy, current.rows, view.u - view.t);
    draw(width);
  }

  function draw(w) {
    width = w;
    const s = current;
    const gutter = s.square ? 12 : Math.min(150, Math.max(90, w * 0.17));
    const inner = w - gutter - 1;
    const colSpan = view.b - view.a;
    const named = colSpan > 0 && inner / colSpan >= 13;
    const foot = named ? 74 : 6;
    const body = s.square ? Math.min(inner, 620) : s.height(w);
    area = { l: gutter, t: 4, w: s.square ? body : inner, h: body };
    const height = body + foot + 4;
    const pen = hidpi(canvas, w, height);
    pen.clearRect(0, 0, w, height);
    canvas.setAttribute('aria-label', s.label + '. Arrow keys move a cell, plus and minus zoom, 0 shows the whole.');
    paint(pen);
    labels(pen, named);
    if (cell) outline(pen);
    ramp();
    const per = colSpan / area.w;
    const empty = s.hollow ? ' ' + s.hollow : '';
    note.textContent =
      (per > 1.5
        ? 'A pixel is the mean of about ' + num(Math.round(per)) + ' ' + s.what + '. Zoom in to see each.'
        : colSpan < s.cols
          ? 'Showing ' + num(Math.ceil(colSpan)) + ' of ' + num(s.cols) + ' ' + s.what + '.'
          : '') + empty;
  }

  function paint(pen) {
    const s = current;
    const ratio = canvas.width / parseFloat(canvas.style.width);
    const pw = Math.max(1, Math.round(area.w * ratio));
    const rows = Math.max(1, Math.min(Math.round(area.h * ratio), Math.ceil(view.u) - Math.floor(view.t)));
    const image = new ImageData(pw, rows);
    const empty = rgbNumbers(themed('--hollow'));
    const first = Math.floor(view.t);
    const deep = rows < Math.ceil(view.u) - first;
    for (let y = 0; y < rows; y += 1) {
      const r = deep ? Math.floor(view.t + ((y + 0.5) / rows) * (view.u - view.t)) : first + y;
      for (let x = 0; x < pw; x += 1) {
        const from = view.a + (x / pw) * (view.b - view.a);
        const to = view.a + ((x + 1) / pw) * (view.b - view.a);
        let c = Math.floor(from);
        const last = Math.min(s.cols, Math.max(c + 1, Math.floor(to)));
        const stride = Math.max(1, Math.floor((last - c) / MEAN_OF));
        let sum = 0;
        let count = 0;
        for (; c < last; c += stride) {
          const v = s.value(r, c);
          if (Number.isFinite(v)) {
            sum += v;
            count += 1;
          }
        }
        const i = 4 * (y * pw + x);
        if (count) {
          const t = Math.max(0, Math.min(1, (sum / count - s.low) / (s.high - s.low || 1)));
          const at = 3 * Math.round(255 * t);
          image.data[i] = RAMP[at];
          image.data[i + 1] = RAMP[at + 1];
          image.data[i + 2] = RAMP[at + 2];
        } else {
          [image.data[i], image.data[i + 1], image.data[i + 2]] = empty;
        }
        image.data[i + 3] = 255;
      }
    }
    const sheet = document.createElement('canvas');
    sheet.width = pw;
    sheet.height = rows;
    sheet.getContext('2d').putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    if (deep) pen.drawImage(sheet, area.l, area.t, area.w, area.h);
    else {
      const unit = area.h / (view.u - view.t);
      pen.save();
      pen.beginPath();
      pen.rect(area.l, area.t, area.w, area.h);
      pen.clip();
      pen.drawImage(sheet, area.l, area.t - (view.t - first) * unit, area.w, rows * unit);
      pen.restore();
    }
  }

  function labels(pen, named) {
    const s = current;
    const unit = area.h / (view.u - view.t);
    pen.font = '12px system-ui, sans-serif';
    pen.textBaseline = 'middle';
    for (let r = Math.floor(view.t); r < Math.min(s.rows, view.u); r += 1) {
      const y = area.t + (r + 0.5 - view.t) * unit;
      if (y < area.t || y > area.t + area.h) continue;
      const colour = s.rowColour ? s.rowColour(r) : null;
      if (colour) {
        pen.fillStyle = colour;
        pen.fillRect(
          area.l - 7,
          area.t + Math.max(0, (r - view.t) * unit),
          5,
          Math.max(1, unit - (unit > 9 ? 1 : 0) + (unit > 9 ? 0 : 0.5)),
        );
      }
      if (unit >= 12 && !s.square) {
        pen.fillStyle = themed('--ink');
        pen.textAlign = 'right';
        pen.fillText(fitted(pen, s.rowName(r), area.l - 13), area.l - 11, y);
      }
    }
    if (!named) return;
    const step = area.w / (view.b - view.a);
    pen.fillStyle = themed('--soft');
    pen.textAlign = 'right';
    pen.font = '11px system-ui, sans-serif';
    for (let c = Math.floor(view.a); c < Math.min(s.cols, view.b); c += 1) {
      const x = area.l + (c + 0.5 - view.a) * step;
      if (x < area.l || x > area.l + area.w) continue;
      pen.save();
      pen.translate(x, area.t + area.h + 5);
      pen.rotate(-Math.PI / 2);
      pen.fillText(fitted(pen, s.colName(c), 68), 0, 0);
      pen.restore();
    }
  }

  function outline(pen) {
    const ux = area.w / (view.b - view.a);
    const uy = area.h / (view.u - view.t);
    pen.strokeStyle = '#ffffff';
    pen.lineWidth = 2;
    const x = area.l + (cell[1] - view.a) * ux;
    const y = area.t + (cell[0] - view.t) * uy;
    pen.strokeRect(x, y, Math.max(2, ux), Math.max(2, uy));
    pen.strokeStyle = '#000000';
    pen.lineWidth = 1;
    pen.strokeRect(x - 1.5, y - 1.5, Math.max(2, ux) + 3, Math.max(2, uy) + 3);
  }

  function ramp() {
    const pen = hidpi(legend, 120, 10);
    for (let i = 0; i < 120; i += 1) {
      pen.fillStyle = rampAt(i / 119);
      pen.fillRect(i, 0, 1.5, 10);
    }
    lowText.textContent = num(current.low, 3);
    highText.textContent = num(current.high, 3) + (current.unit ? ' ' + current.unit : '');
  }

  function cellAt(event) {
    const frame = canvas.getBoundingClientRect();
    const x = (event.clientX - frame.left - area.l) / area.w;
    const y = (event.clientY - frame.top - area.t) / area.h;
    if (x < 0 || x >= 1 || y < 0 || y >= 1) return null;
    return [
      Math.min(current.rows - 1, Math.floor(view.t + y * (view.u - view.t))),
      Math.min(current.cols - 1, Math.floor(view.a + x * (view.b - view.a))),
    ];
  }

  let drag = null;
  canvas.addEventListener('pointerdown', (event) => {
    if (view.b - view.a >= current.cols && view.u - view.t >= current.rows) return;
    drag = [event.clientX, event.clientY];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointerup', () => {
    drag = null;
  });
  canvas.addEventListener('pointermove', (event) => {
    if (drag) {
      pan(
        ((drag[0] - event.clientX) / area.w) * (view.b - view.a),
        ((drag[1] - event.clientY) / area.h) * (view.u - view.t),
      );
      drag = [event.clientX, event.clientY];
      tip.hide();
      return;
    }
    const at = cellAt(event);
    if (at) tip.show(current.read(...at), event.clientX, event.clientY);
    else tip.hide();
  });
  canvas.addEventListener('pointerleave', () => tip.hide());
  canvas.addEventListener(
    'wheel',
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const frame = canvas.getBoundingClientRect();
      zoom(
        event.deltaY < 0 ? 0.7 : 1.43,
        (event.clientX - frame.left - area.l) / area.w,
        (event.clientY - frame.top - area.t) / area.h,
      );
    },
    { passive: false },
  );
  canvas.addEventListener('dblclick', (event) => {
    const frame = canvas.getBoundingClientRect();
    zoom(0.4, (event.clientX - frame.left - area.l) / area.w, (event.clientY - frame.top - area.t) / area.h);
  });
  canvas.addEventListener('blur', () => {
    tip.hide();
    if (cell) {
      cell = null;
      draw(width);
    }
  });
  canvas.addEventListener('keydown', (event) => {
    const moves = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
    if (event.key === '+' || event.key === '=') zoom(0.5);
    else if (event.key === '-') zoom(2);
    else if (event.key === '0') reset();
    else if (event.key in moves) {
      event.preventDefault();
      const [dr, dc] = moves[event.key];
      // A step is at least a pixel.
      const stride = Math.max(1, Math.round(((view.b - view.a) / area.w) * 3));
      cell = cell || [Math.floor(view.t), Math.floor(view.a)];
      cell = [
        Math.max(0, Math.min(current.rows - 1, cell[0] + dr)),
        Math.max(0, Math.min(current.cols - 1, cell[1] + dc * stride)),
      ];
      if (cell[1] < view.a || cell[1] >= view.b) pan(cell[1] - (view.a + view.b) / 2, 0);
      draw(width);
      const frame = canvas.getBoundingClientRect();
      tip.show(
        current.read(...cell),
        frame.left + area.l + ((cell[1] + 0.5 - view.a) / (view.b - view.a)) * area.w,
        frame.top + area.t + ((cell[0] + 0.5 - view.t) / (view.u - view.t)) * area.h,
      );
    } else return;
    event.preventDefault();
  });

  const run = whenSized(box, draw);
  return {
    box,
    node: () => canvas,
    view: () => ({ ...view }),
    update(next) {
      const same = next.cols === current.cols && next.rows === current.rows;
      current = next;
      if (!same) view = { a: 0, b: next.cols, t: 0, u: next.rows };
      run();
    },
  };
}

function rgbNumbers(css) {
  const found = css.match(/[\d.]+/g) || ['128', '128', '128'];
  return found.slice(0, 3).map(Number);
}
