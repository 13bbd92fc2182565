// Where the model fits worst.
function residualsSection(report) {
  const { worst } = report.raw;
  if (!worst) return null;
  const node = el(
    'section',
    { id: 'worst', 'aria-labelledby': 'worst-h' },
    el('h2', { id: 'worst-h', text: 'Residuals' }),
    el('p', {
      class: 'lead',
      text: 'Relative error of single samples and features. High ones deserve a look: a slip in the data, or something that no component covers.',
    }),
  );
  const two = el('div', { class: 'two' });
  const bars = (title, rows, name) => {
    if (!known(rows)) return;
    const most = rows.reduce((a, [, e]) => (e > a ? e : a), 0) || 1;
    two.append(
      el(
        'div',
        { class: 'card', 'data-worst': title.toLowerCase() },
        el('h3', { text: title }),
        el(
          'ol',
          { class: 'bars' },
          rows
            .slice(0, 15)
            .map(([i, e]) =>
              el(
                'li',
                { title: name(i) },
                el('span', { class: 'bar-name', text: name(i) }),
                meter(e / most),
                figure(e, num(e, 3)),
              ),
            ),
        ),
      ),
    );
  };
  bars('Samples', worst.rows, (i) => report.sampleName(i));
  bars('Features', worst.columns, (j) => report.featureName(j));
  if (two.childNodes.length) node.append(two);
  const h = worst.histogram;
  if (h && known(h.counts) && known(h.edges)) {
    const chart = histogram(h);
    node.append(
      panel(
        'Relative error of all samples',
        plural(
          h.counts.reduce((a, b) => a + b, 0),
          'sample',
        ),
        chart.box,
        saveButton('residuals', 'svg', chart.node),
      ),
    );
  }
  return node.childNodes.length > 2 ? node : null;
}

function histogram({ edges, counts }) {
  const box = el('div', { class: 'chart' });
  let node = null;
  whenSized(box, (width) => {
    const height = 200;
    const area = { l: 58, r: width - 12, t: 10, b: height - 38 };
    const x = scaleOf([edges[0], edges[edges.length - 1]], [area.l, area.r], { ticks: width < 420 ? 4 : 8 });
    const y = scaleOf([0, Math.max(...counts, 1)], [area.b, area.t], { ticks: 3, zero: true, pad: 0.03, whole: true });
    node = svg('svg', {
      class: 'plot',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': 'Histogram of relative errors',
    });
    for (const v of y.ticks) {
      node.append(
        svg('line', { class: 'grid', x1: area.l, x2: area.r, y1: y.place(v), y2: y.place(v) }),
        svg('text', { class: 'tick', x: area.l - 8, y: y.place(v) + 4, 'text-anchor': 'end', text: tickText(v) }),
      );
    }
    for (const v of x.ticks)
      node.append(
        svg('text', { class: 'tick', x: x.place(v), y: area.b + 16, 'text-anchor': 'middle', text: tickText(v) }),
      );
    counts.forEach((count, i) => {
      const a = x.place(edges[i]);
      const b = x.place(edges[i + 1]);
      const top = y.place(count);
      const bar = svg('rect', {
        class: 'bin',
        x: a + 0.5,
        y: top,
        width: Math.max(0.5, b - a - 1),
        height: Math.max(0, area.b - top),
      });
      bar.addEventListener('pointermove', (event) =>
        tip.show(
          [plural(count, 'sample'), 'relative error ' + num(edges[i], 3) + ' to ' + num(edges[i + 1], 3)],
          event.clientX,
          event.clientY,
        ),
      );
      bar.addEventListener('pointerleave', () => tip.hide());
      node.append(bar);
    });
    node.append(
      svg('line', { class: 'axis', x1: area.l, x2: area.r, y1: area.b, y2: area.b }),
      svg('text', { class: 'axis-label', x: area.r, y: height - 5, 'text-anchor': 'end', text: 'relative error' }),
    );
    box.replaceChildren(node);
  });
  return { box, node: () => node };
}
