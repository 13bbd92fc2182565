// Lines over an axis as SVG: ticks, bands, error bars, marks, a readout for pointer and arrow keys.
function linearTicks(low, high, count) {
  const span = high - low || 1;
  const rough = span / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1)
    ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

function logTicks(low, high, count) {
  const a = Math.ceil(Math.log10(low) - 1e-9);
  const b = Math.floor(Math.log10(high) + 1e-9);
  if (b - a < 1) {
    const ticks = [];
    for (let e = a - 1; e <= b; e += 1)
      for (const m of [1, 2, 5]) {
        const v = m * 10 ** e;
        if (v >= low * 0.999 && v <= high * 1.001) ticks.push(Number(v.toPrecision(6)));
      }
    return ticks.length > 1 ? ticks : linearTicks(low, high, count).filter((v) => v > 0);
  }
  const step = Math.max(1, Math.ceil((b - a) / Math.max(1, count)));
  const ticks = [];
  for (let e = a; e <= b; e += step) ticks.push(Number((10 ** e).toPrecision(6)));
  return ticks;
}

// A scale from values to pixels. Whole numbers get ticks at whole numbers only.
function scaleOf(values, pixels, { log = false, whole = false, ticks = 5, pad = 0, zero = false } = {}) {
  const good = values.filter((v) => isNumber(v) && (!log || v > 0));
  let low = good.reduce((a, b) => Math.min(a, b), Infinity);
  let high = good.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!good.length) [low, high] = log ? [0.1, 1] : [0, 1];
  if (zero && !log) low = Math.min(0, low);
  if (low === high) {
    if (log) [low, high] = [low / 2, high * 2];
    else if (whole) [low, high] = [low - 1, high + 1];
    else [low, high] = [low - (Math.abs(low) * 0.05 || 0.5), high + (Math.abs(high) * 0.05 || 0.5)];
  }
  const to = log ? Math.log10 : (v) => v;
  let a = to(low);
  let b = to(high);
  const room = (b - a) * pad;
  if (!(zero && low === 0)) a -= room;
  b += room;
  const place = (v) => pixels[0] + ((to(v) - a) / (b - a)) * (pixels[1] - pixels[0]);
  let at = log ? logTicks(10 ** a, 10 ** b, ticks) : linearTicks(a, b, ticks);
  if (whole) at = at.filter(Number.isInteger);
  return { place, ticks: at, low, high };
}

function pathOf(points, x, y) {
  let d = '';
  let pen = 'M';
  for (const [a, b] of points) {
    if (!isNumber(a) || !isNumber(b)) {
      pen = 'M';
      continue;
    }
    const px = x.place(a);
    const py = y.place(b);
    if (!Number.isFinite(px) || !Number.isFinite(py)) {
      pen = 'M';
      continue;
    }
    d += pen + px.toFixed(1) + ' ' + py.toFixed(1);
    pen = 'L';
  }
  return d;
}

// spec: { label, height, x: {label, log, whole}, y: {label, log, zero}, series: [{name, points: [[x, y]], kind, dots,
// errors: [[x, low, high]]}], band: [[x, low, high]] | null, mark: {x, text} | null, readout(series, point) }
// `kind` is main, thin, null or dashed: a class of the style sheet. The first series with kind main answers to keys.
function lineChart(spec) {
  const box = el('div', { class: 'chart' });
  let current = spec;
  let node = null;
  let dot = null;
  let at = -1;
  let places = { x: null, y: null };

  function draw(width) {
    const s = current;
    const height = s.height || 260;
    const narrow = width < 420;
    const left = s.left || 58;
    const area = { l: left, r: width - 14, t: s.mark ? 24 : 12, b: height - 40 };
    const xs = s.series.flatMap((line) => line.points.map((p) => p[0]));
    const ys = s.series
      .flatMap((line) => line.points.map((p) => p[1]).concat((line.errors || []).flatMap((e) => [e[1], e[2]])))
      .concat((s.band || []).flatMap((e) => [e[1], e[2]]));
    const x = scaleOf(xs, [area.l, area.r], {
      ...s.x,
      ticks: s.x.dense && width / s.x.dense > 24 ? s.x.dense : narrow ? 4 : 8,
      pad: s.x.whole ? 0.04 : 0.01,
    });
    const y = scaleOf(ys, [area.b, area.t], { ...s.y, ticks: Math.max(3, Math.round(height / 40)), pad: 0.06 });
    places = { x, y };
    const shapes = svg('svg', {
      class: 'plot',
      width,
      height,
      viewBox: '0 0 ' + width + ' ' + height,
      role: 'img',
      tabindex: '0',
      'aria-label': s.label + '. Arrow keys step along the line.',
    });
    for (const v of y.ticks) {
      const py = y.place(v);
      shapes.append(
        svg('line', { class: 'grid', x1: area.l, x2: area.r, y1: py, y2: py }),
        svg('text', { class: 'tick', x: area.l - 8, y: py + 4, 'text-anchor': 'end', text: tickText(v) }),
      );
    }
    let lastRight = -Infinity;
    for (const v of x.ticks) {
      const px = x.place(v);
      const text = tickText(v);
      const half = text.length * 3.6;
      if (px - half < lastRight + 6) continue;
      lastRight = px + half;
      shapes.append(
        svg('line', { class: 'axis', x1: px, x2: px, y1: area.b, y2: area.b + 4 }),
        svg('text', { class: 'tick', x: px, y: area.b + 18, 'text-anchor': 'middle', text }),
      );
    }
    shapes.append(
      svg('line', { class: 'axis', x1: area.l, x2: area.r, y1: area.b, y2: area.b }),
      svg('text', { class: 'axis-label', x: area.r, y: height - 5, 'text-anchor': 'end', text: s.x.label }),
    );
    if (s.mark && isNumber(s.mark.x)) {
      const px = x.place(s.mark.x);
      const side = px > (area.l + area.r) / 2 ? 'end' : 'start';
      shapes.append(
        svg('line', { class: 'mark', x1: px, x2: px, y1: area.t - 8, y2: area.b }),
        svg('text', {
          class: 'mark-label',
          x: px + (side === 'end' ? -5 : 5),
          y: area.t - 8,
          'text-anchor': side,
          text: s.mark.text,
        }),
      );
    }
    if (s.band) {
      const good = s.band.filter((e) => e.every(isNumber));
      const d =
        pathOf(
          good.map((e) => [e[0], e[2]]),
          x,
          y,
        ) + pathOf(good.map((e) => [e[0], e[1]]).reverse(), x, y).replace('M', 'L');
      if (good.length > 1) shapes.append(svg('path', { class: 'band', d: d + 'Z' }));
    }
    for (const line of s.series) {
      shapes.append(svg('path', { class: 'line ' + (line.kind || 'main'), d: pathOf(line.points, x, y) }));
      const end = line.points[line.points.length - 1];
      if (line.tag && end && isNumber(end[1])) {
        shapes.append(
          svg('text', { class: 'tick', x: area.r, y: y.place(end[1]) - 9, 'text-anchor': 'end', text: line.tag }),
        );
      }
      for (const [px, low, high] of line.errors || []) {
        if (![px, low, high].every(isNumber)) continue;
        const a = x.place(px);
        const [b, t] = [y.place(low), y.place(high)];
        shapes.append(svg('path', { class: 'error', d: `M${a} ${b}V${t}M${a - 4} ${b}h8M${a - 4} ${t}h8` }));
      }
      if (line.dots) {
        for (const [px, py] of line.points) {
          if (!isNumber(px) || !isNumber(py)) continue;
          const chosen = s.mark && s.mark.x === px && (line.kind || 'main') === 'main';
          shapes.append(
            svg('circle', {
              class: 'dot ' + (chosen ? 'chosen' : line.kind || 'main'),
              cx: x.place(px),
              cy: y.place(py),
              r: chosen ? 5 : 3,
            }),
          );
        }
      }
    }
    dot = svg('circle', { class: 'cursor', r: 5, visibility: 'hidden' });
    shapes.append(dot);
    shapes.addEventListener('pointermove', hover);
    shapes.addEventListener('pointerleave', away);
    shapes.addEventListener('blur', away);
    shapes.addEventListener('keydown', step);
    const focused = document.activeElement === node;
    node = shapes;
    box.replaceChildren(shapes);
    if (focused) shapes.focus();
  }

  function point(line, p) {
    const px = places.x.place(p[0]);
    const py = places.y.place(p[1]);
    dot.setAttribute('cx', px);
    dot.setAttribute('cy', py);
    dot.setAttribute('visibility', 'visible');
    const frame = node.getBoundingClientRect();
    tip.show(current.readout(line, p), frame.left + px, frame.top + py);
  }

  function away() {
    dot.setAttribute('visibility', 'hidden');
    tip.hide();
  }

  function hover(event) {
    const frame = node.getBoundingClientRect();
    const mx = event.clientX - frame.left;
    const my = event.clientY - frame.top;
    let best = null;
    let least = Infinity;
    for (const line of current.series) {
      for (const p of line.points) {
        if (!isNumber(p[0]) || !isNumber(p[1])) continue;
        const dx = places.x.place(p[0]) - mx;
        const dy = (places.y.place(p[1]) - my) * 0.5;
        const distance = dx * dx + dy * dy - (line.kind === 'thin' ? 0 : 4);
        if (distance < least) {
          least = distance;
          best = [line, p];
        }
      }
    }
    if (best) point(...best);
  }

  function step(event) {
    const line = current.series.find((l) => !l.kind || l.kind === 'main') || current.series[0];
    const points = line ? line.points.filter((p) => isNumber(p[0]) && isNumber(p[1])) : [];
    const moves = { ArrowRight: 1, ArrowLeft: -1, Home: -points.length, End: points.length };
    if (!(event.key in moves) || !points.length) return;
    event.preventDefault();
    at = Math.max(0, Math.min(points.length - 1, at + moves[event.key]));
    point(line, points[at]);
  }

  const run = whenSized(box, draw);
  return {
    box,
    node: () => node,
    update(next) {
      current = next;
      at = -1;
      run();
    },
  };
}

// A figure with its heading, what it shows and the button that saves it.
function panel(title, note, body, saver) {
  return el(
    'figure',
    { class: 'panel' },
    el(
      'figcaption',
      {},
      el('span', { class: 'panel-title', text: title }),
      saver || null,
      note ? el('span', { class: 'panel-note', text: note }) : null,
    ),
    body,
  );
}
