// Each sample as a bar of the shares of its components: mixtures at a glance.
function structureSection(report) {
  if (!report.shares || report.k < 2) return null;
  const groups = report.samples.groups || [];
  const chosen = { group: groups.length ? '0' : '', sort: 'largest' };
  const canvas = el('canvas', { tabindex: '0', role: 'img' });
  const box = el('div', { class: 'structure' }, canvas);
  const note = el('p', { class: 'fine', 'aria-live': 'polite' });
  const legend = el('ul', { class: 'legend' });
  const { k, shares } = report;
  let bars = [];
  let kept = { key: null, parts: [] };
  let cursor = -1;
  let frame = null;
  // The stack starts with the largest component at the bottom.
  const stack = report.order;
  const place = [];
  stack.forEach((c, at) => {
    place[c] = at;
  });

  function levelOf(row) {
    const group = groups[Number(chosen.group)];
    const v = group.values[report.sampleAt(row)];
    return Number.isInteger(v) && v >= 0 && v < group.levels.length ? v : -1;
  }

  function sortedRows() {
    const rows = report.sampleOrder();
    const usable = rows.filter((i) => report.largest[i] >= 0);
    if (chosen.sort === 'given') return usable.sort((a, b) => a - b);
    if (chosen.sort === 'two') {
      const second = new Map(Array.from(usable, (i) => [i, secondOf(i)]));
      return usable.sort(
        (a, b) =>
          place[report.largest[a]] - place[report.largest[b]] ||
          second.get(a) - second.get(b) ||
          shares[b * k + report.largest[b]] - shares[a * k + report.largest[a]] ||
          a - b,
      );
    }
    if (chosen.sort !== 'largest') {
      const c = Number(chosen.sort);
      return usable.sort((a, b) => shares[b * k + c] - shares[a * k + c] || a - b);
    }
    return usable;
  }

  // Place of the second largest component of a row, after all others where there is none.
  function secondOf(row) {
    let best = -1;
    for (const c of report.order) {
      if (c !== report.largest[row] && shares[row * k + c] > (best < 0 ? 0 : shares[row * k + best])) best = c;
    }
    return best < 0 ? k : place[best];
  }

  // Blocks of rows, one for a level of the label column.
  function blocks() {
    const key = chosen.group + ' ' + chosen.sort;
    if (kept.key !== key) kept = { key, parts: sortedBlocks() };
    return kept.parts;
  }

  function sortedBlocks() {
    const rows = sortedRows();
    if (chosen.group === '') return [{ name: null, rows }];
    const { levels } = groups[Number(chosen.group)];
    const parts = levels.map((text) => ({ name: String(text), rows: [] }));
    const other = { name: 'no label', rows: [] };
    for (const i of rows) (parts[levelOf(i)] || other).rows.push(i);
    return [...parts, other].filter((part) => part.rows.length);
  }

  // Labels that are too many to be told apart.
  function othersText() {
    const { others, levels } = chosen.group === '' ? {} : groups[Number(chosen.group)];
    return isNumber(others) && others > 0
      ? ' Shown are the ' + num(levels.length - 1) + ' most frequent labels; ' + num(others) + ' more are "other".'
      : '';
  }

  function draw(width) {
    const parts = blocks();
    const total = parts.reduce((a, part) => a + part.rows.length, 0);
    const gap = parts.length > 1 ? Math.max(1, Math.min(4, width / parts.length / 8)) : 0;
    const body = 240;
    const left = 38;
    const inner = width - left - 2;
    const room = inner - gap * (parts.length - 1);
    // Blocks are as wide as they have samples, but none is narrower than three pixels.
    const least = Math.min(3, room / Math.max(1, parts.length));
    const spare = room - least * parts.length;
    const widthOf = (part) => least + (spare * part.rows.length) / total;
    const ruler = canvas.getContext('2d');
    ruler.font = '12px system-ui, sans-serif';
    const fits = (part) => widthOf(part) >= 60 || ruler.measureText(part.name).width <= widthOf(part) + gap - 2;
    const flat = parts.length < 2 || parts.every(fits);
    const names = parts.length < 2 ? 8 : flat ? 24 : 60;
    const pen = hidpi(canvas, width, body + names + 8);
    pen.clearRect(0, 0, width, body + names + 8);
    frame = { left, top: 6, body };
    canvas.setAttribute(
      'aria-label',
      'Shares of ' +
        plural(k, 'component') +
        ' in ' +
        plural(total, 'sample') +
        (chosen.group === '' ? '' : ' by ' + groups[Number(chosen.group)].name) +
        '. Arrow keys step through samples.',
    );
    pen.font = '12px system-ui, sans-serif';
    pen.fillStyle = themed('--soft');
    pen.textAlign = 'right';
    pen.textBaseline = 'middle';
    for (const t of [0, 0.5, 1]) pen.fillText(100 * t + '%', left - 6, 6 + body * (1 - t));
    bars = [];
    let x = left;
    let thinned = 0;
    const ratio = canvas.width / width;
    const snap = (v) => Math.round(v * ratio) / ratio;
    for (const part of parts) {
      const w = widthOf(part);
      const columns = Math.max(1, Math.min(part.rows.length, Math.floor(w)));
      if (columns < part.rows.length) thinned += part.rows.length - columns;
      for (let b = 0; b < columns; b += 1) {
        const row = part.rows[Math.floor(((b + 0.5) / columns) * part.rows.length)];
        const start = snap(x + (b * w) / columns);
        const bar = { row, x: start, w: snap(x + ((b + 1) * w) / columns) - start, name: part.name };
        bars.push(bar);
        let y = 6 + body;
        for (const c of stack) {
          const h = shares[row * k + c] * body;
          if (!(h > 0)) continue;
          pen.fillStyle = state.colour(c);
          const lone = bar.w > 6 ? 1 : 0;
          pen.fillRect(bar.x, y - h, bar.w - lone, h);
          y -= h;
        }
      }
      if (part.name !== null && parts.length > 1) {
        pen.fillStyle = themed('--ink');
        const middle = x + w / 2;
        const text = part.name;
        if (fits(part)) {
          pen.textAlign = 'center';
          pen.fillText(fitted(pen, text, Math.max(w + gap - 2, 0)), middle, body + 20);
        } else if (w >= 11) {
          pen.save();
          pen.translate(middle, body + 12);
          pen.rotate(-Math.PI / 2);
          pen.textAlign = 'right';
          pen.fillText(fitted(pen, text, 52), 0, 0);
          pen.restore();
        }
      }
      x += w + gap;
    }
    if (cursor >= 0 && cursor < bars.length) {
      pen.strokeStyle = themed('--ink');
      pen.lineWidth = 2;
      pen.strokeRect(bars[cursor].x - 1, 5, bars[cursor].w + 2, body + 2);
    }
    note.textContent =
      (thinned
        ? num(bars.length) + ' of ' + plural(total, 'sample') + ' are drawn, evenly spaced in this order.'
        : plural(total, 'sample') + '.') + othersText();
  }

  function read(bar) {
    const i = bar.row;
    const lines = [report.sampleName(report.sampleAt(i)) + (bar.name === null ? '' : ' · ' + bar.name)];
    const most = report.order
      .map((c) => [c, shares[i * k + c]])
      .filter(([, s]) => s > 0.005)
      .sort((a, b) => b[1] - a[1])
      .slice(0, 6);
    return lines.concat(most.map(([c, s]) => percent(s) + '  ' + state.name(c)));
  }

  function barAt(event) {
    const x = event.clientX - canvas.getBoundingClientRect().left;
    return bars.findIndex((bar) => x >= bar.x && x < bar.x + bar.w);
  }

  canvas.addEventListener('pointermove', (event) => {
    const at = barAt(event);
    if (at >= 0) tip.show(read(bars[at]), event.clientX, event.clientY);
    else tip.hide();
  });
  canvas.addEventListener('pointerleave', () => tip.hide());
  canvas.addEventListener('blur', () => {
    cursor = -1;
    tip.hide();
    run();
  });
  canvas.addEventListener('keydown', (event) => {
    const moves = { ArrowRight: 1, ArrowLeft: -1, PageDown: 20, PageUp: -20, Home: -bars.length, End: bars.length };
    if (!(event.key in moves) || !bars.length) return;
    event.preventDefault();
    cursor = Math.max(0, Math.min(bars.length - 1, cursor + moves[event.key]));
    run();
    const box2 = canvas.getBoundingClientRect();
    tip.show(read(bars[cursor]), box2.left + bars[cursor].x, box2.top + frame.top + 40);
  });
  const run = whenSized(box, draw);

  function names() {
    legend.replaceChildren(
      ...report.order
        .slice(0, 24)
        .map((c) => el('li', {}, el('span', { class: 'swatch', css: { background: state.colour(c) } }), state.name(c))),
    );
    if (k > 24) legend.append(el('li', { text: 'and ' + num(k - 24) + ' smaller ones in greys' }));
  }
  names();

  const sortOptions = () => [
    ['largest', 'Largest component'],
    ['two', 'Two largest components'],
    ['given', 'As given'],
    ...report.order.map((c) => [String(c), 'Share of ' + state.name(c)]),
  ];
  const sort = dropdown('Sort by', sortOptions(), chosen.sort, (v) => {
    chosen.sort = v;
    run();
  });
  sort.querySelector('select').id = 'structure-sort';
  const group = groups.length
    ? dropdown(
        'Group by',
        [['', 'Nothing'], ...groups.map((g, i) => [String(i), String(g.name)])],
        chosen.group,
        (v) => {
          chosen.group = v;
          run();
        },
      )
    : null;
  if (group) group.querySelector('select').id = 'structure-group';
  state.onRename(() => {
    names();
    const select = sort.querySelector('select');
    sortOptions().forEach(([, text], i) => {
      select.options[i].textContent = text;
    });
    run();
  });

  return el(
    'section',
    { id: 'structure', 'aria-labelledby': 'structure-h' },
    el('h2', { id: 'structure-h', text: 'Structure' }),
    el('p', {
      class: 'lead',
      text: 'What each sample is made of. A column is a sample; heights are the shares of its components in W H.',
    }),
    controls(group, sort),
    el(
      'div',
      { class: 'card' },
      box,
      legend,
      el(
        'div',
        { class: 'heat-foot' },
        note,
        el(
          'div',
          { class: 'tools' },
          saveButton('structure', 'canvas', () => canvas),
        ),
      ),
    ),
  );
}
