// W and H as heat maps, a component a row, in an order that brings alike together.
function mapsSection(report) {
  if (!report.h && !report.w) return null;
  const node = el(
    'section',
    { id: 'factors', 'aria-labelledby': 'factors-h' },
    el('h2', { id: 'factors-h', text: 'Factors' }),
    el('p', {
      class: 'lead',
      text: 'A row is a component. Sorted, features and samples stand by the component they have most of. Drag, Ctrl and wheel, a double click or the keys +, − and 0 zoom; arrow keys move a cell.',
    }),
  );
  if (report.w) node.append(factorMap(report, 'w'));
  if (report.h) node.append(factorMap(report, 'h'));
  return node;
}

function factorMap(report, which) {
  const isW = which === 'w';
  const count = isW ? report.height : report.width;
  const { k, order } = report;
  const given = Int32Array.from({ length: count }, (_, i) => i);
  const sorted = isW ? report.sampleOrder() : report.featureOrder();
  const value = isW ? (c, i) => report.w[i * k + c] : (c, j) => report.hValue(c, j);
  const tops = report.components.map((_, c) => {
    let most = 0;
    for (let i = 0; i < count; i += 1) {
      const v = value(c, i);
      if (v > most) most = v;
    }
    return most;
  });
  const most = Math.max(...tops, 0) || 1;
  const sums = new Float32Array(count);
  for (let i = 0; i < count; i += 1) for (let c = 0; c < k; c += 1) sums[i] += Math.max(0, value(c, i)) || 0;
  const bare = sums.reduce((a, v) => a + (v > 0 ? 0 : 1), 0);
  let topShare = 0;
  if (!isW || report.shares) {
    for (let i = 0; i < count; i += 1)
      for (let c = 0; c < k; c += 1) {
        const v = isW ? report.shares[i * k + c] : value(c, i) / sums[i];
        if (v > topShare) topShare = v;
      }
  }
  topShare = topShare || 1;
  const ordered =
    isW || (report.geometry && (report.geometry.kind === 'axis' || report.geometry.kind === 'sbs96'))
      ? isW
        ? 'sorted'
        : 'given'
      : 'sorted';
  // Of thousands of features nearly all are small beside the largest; their shares still show the blocks.
  const chosen = {
    order: ordered,
    scale: isW ? (report.shares ? 'share' : 'component') : count > 1000 ? 'share' : 'component',
  };
  const standard =
    report.geometry && report.geometry.kind === 'sbs96' && !report.columns
      ? Int32Array.from(report.geometry.order)
      : given;
  const name = isW ? (i) => report.sampleName(report.sampleAt(i)) : (j) => report.featureName(report.featureAt(j));

  function shown(c, i) {
    if (chosen.scale === 'share') return isW ? report.shares[i * k + c] : value(c, i) / sums[i];
    if (chosen.scale === 'component') return tops[c] > 0 ? value(c, i) / tops[c] : NaN;
    return value(c, i);
  }

  const spec = () => {
    const columns = chosen.order === 'sorted' ? sorted : isW ? given : standard;
    return {
      label:
        (isW ? 'W' : 'H') +
        ' as a heat map of ' +
        plural(k, 'component') +
        ' and ' +
        plural(count, isW ? 'sample' : 'feature'),
      rows: k,
      cols: count,
      low: 0,
      high: chosen.scale === 'raw' ? most : chosen.scale === 'share' ? topShare : 1,
      value: (r, c) => shown(order[r], columns[c]),
      rowName: (r) => state.name(order[r]),
      rowColour: (r) => state.colour(order[r]),
      colName: (c) => name(columns[c]),
      hollow:
        chosen.scale === 'share' && bare > 0
          ? 'Grey: ' + plural(bare, isW ? 'sample' : 'feature') + ' with nothing in any component.'
          : null,
      what: isW ? 'samples' : 'features',
      height: () => Math.max(96, Math.min(560, k * 22)),
      read: (r, c) => {
        const own = order[r];
        const i = columns[c];
        const lines = [state.name(own), name(i), (isW ? 'w ' : 'h ') + num(value(own, i))];
        if (chosen.scale === 'share') lines.push(percent(shown(own, i)) + (isW ? ' of the sample' : ' of the feature'));
        if (chosen.scale === 'component') lines.push(percent(shown(own, i)) + ' of its largest');
        return lines;
      },
    };
  };
  const map = heatMap(spec(), isW ? 'W' : 'H');
  const update = () => map.update(spec());
  state.onRename(update);
  const shareText = isW ? 'Share of the sample' : 'Share of the feature';
  const scales = [
    ['component', 'Of the largest'],
    ['raw', 'As it is'],
  ];
  if (!isW || report.shares) scales.unshift(['share', shareText]);
  const held = isW
    ? report.rows
      ? num(report.height) + ' of ' + plural(report.samples.count, 'sample') + ' held'
      : plural(count, 'sample')
    : report.columns
      ? 'the strongest ' + num(count) + ' of ' + plural(report.features.count, 'feature')
      : plural(count, 'feature');
  return el(
    'div',
    { class: 'card map', 'data-map': which },
    el('h3', { text: isW ? 'W: samples' : 'H: features' }),
    el('p', { class: 'fine', text: held }),
    controls(
      choice(
        'Order of ' + (isW ? 'samples' : 'features'),
        [
          ['sorted', 'Sorted'],
          ['given', 'As given'],
        ],
        chosen.order,
        (v) => {
          chosen.order = v;
          update();
        },
      ),
      choice('Colour', scales, chosen.scale, (v) => {
        chosen.scale = v;
        update();
      }),
    ),
    map.box,
  );
}
