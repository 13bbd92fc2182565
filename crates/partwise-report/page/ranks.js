// Every criterion against the rank, each in a figure of its own, with the recommendation in words.
const CRITERIA = [
  [
    'held_out',
    'Held-out loss',
    'lower is better',
    'Mean loss of entries that were hidden from the fit; bars are one standard error.',
  ],
  ['relative_error', 'Relative error', 'always falls', 'Error of the fit, and of the same fit to shuffled data.'],
  ['stability', 'Stability', 'higher is better', 'Cosine of matched components over starts.'],
  [
    'cophenetic',
    'Cophenetic correlation',
    'higher is better',
    'Of the consensus matrix; look for where it begins to fall.',
  ],
  ['dispersion', 'Dispersion', 'higher is better', 'Of the consensus matrix: 1 when every start agrees.'],
  [
    'ambiguous',
    'Ambiguous pairs',
    'lower is better',
    'Share of pairs of samples that are clustered together in some starts only.',
  ],
  ['silhouette', 'Silhouette', 'higher is better', 'Of the clusters of the consensus matrix.'],
  ['explained', 'Explained variance', 'always rises', null],
  ['residual', 'Residual sum', 'always falls', null],
  ['objective', 'Objective', 'always falls', null],
  ['sparseness_w', 'Sparseness of W', null, '0 is even, 1 a single entry.'],
  ['sparseness_h', 'Sparseness of H', null, '0 is even, 1 a single entry.'],
];

function criterion(entry, key) {
  const v = entry[key];
  if (key === 'held_out') return v && isNumber(v.mean) ? v.mean : null;
  return isNumber(v) ? v : null;
}

function shuffledOf(entry) {
  const v = entry.shuffled;
  if (isNumber(v)) return { mean: v, low: null, high: null };
  return v && isNumber(v.mean) ? v : null;
}

function adviceCard(advice) {
  const node = el('div', { class: 'card advice' });
  node.append(
    el(
      'p',
      { class: 'advice-head' },
      isNumber(advice.rank)
        ? el('span', {}, 'Recommended rank ', el('strong', {}, figure(advice.rank, num(advice.rank))))
        : el('span', { text: 'The data do not say which rank' }),
      advice.confidence ? el('span', { class: 'tag', text: String(advice.confidence) + ' confidence' }) : null,
    ),
  );
  if (known(advice.reasons)) node.append(list(advice.reasons, 'plain'));
  const facts = [];
  if (isNumber(advice.predictive)) facts.push(['Smallest rank that predicts hidden entries as well as any', advice.predictive]);
  if (isNumber(advice.stable)) facts.push(['Largest rank whose components every run finds (mean cosine 0.9 or more)', advice.stable]);
  if (facts.length)
    node.append(
      el(
        'dl',
        { class: 'mini' },
        facts.map(([label, v]) => el('div', {}, el('dt', { text: label }), el('dd', {}, figure(v, num(v))))),
      ),
    );
  if (advice.beyond === true)
    node.append(
      el('p', {
        class: 'warning',
        text: 'The curves still change at the largest rank of the scan: a larger one may be better.',
      }),
    );
  return node;
}

function ranksSection(report) {
  const { rank } = report.raw;
  if (!rank || !known(rank.ranks)) return null;
  const entries = rank.ranks.slice().sort((a, b) => a.rank - b.rank);
  const node = el(
    'section',
    { id: 'rank', 'aria-labelledby': 'rank-h' },
    el('h2', { id: 'rank-h', text: 'Rank' }),
    el('p', {
      class: 'lead',
      text:
        plural(entries.length, 'rank') +
        ' from ' +
        num(entries[0].rank) +
        ' to ' +
        num(entries[entries.length - 1].rank) +
        ' were tried.',
    }),
  );
  if (rank.advice) node.append(adviceCard(rank.advice));
  const advised = rank.advice && isNumber(rank.advice.rank) ? rank.advice.rank : null;
  const shown = CRITERIA.filter(([key]) => entries.some((e) => criterion(e, key) !== null));
  const grid = el('div', { class: 'multiples' });
  for (const [key, title, sense, about] of shown) {
    const main = { name: title, kind: 'main', dots: true, points: entries.map((e) => [e.rank, criterion(e, key)]) };
    if (key === 'held_out') {
      main.errors = entries
        .filter((e) => e.held_out && isNumber(e.held_out.mean) && isNumber(e.held_out.error))
        .map((e) => [e.rank, e.held_out.mean - e.held_out.error, e.held_out.mean + e.held_out.error]);
    }
    const series = [main];
    let band = null;
    if (key === 'relative_error' && entries.some(shuffledOf)) {
      const nulls = entries.map((e) => [e.rank, shuffledOf(e)]);
      series.unshift({
        name: 'Shuffled data',
        tag: 'shuffled',
        kind: 'dashed',
        dots: true,
        points: nulls.map(([r, v]) => [r, v ? v.mean : null]),
      });
      band = nulls.filter(([, v]) => v && isNumber(v.low) && isNumber(v.high)).map(([r, v]) => [r, v.low, v.high]);
    }
    const chart = lineChart({
      label: title + ' against the rank, from ' + num(entries[0].rank) + ' to ' + num(entries[entries.length - 1].rank),
      height: 200,
      left: 54,
      x: { label: 'rank', whole: true, dense: entries[entries.length - 1].rank - entries[0].rank + 1 },
      y: {},
      series,
      band,
      mark: advised === null ? null : { x: advised, text: 'rank ' + advised },
      readout: (line, p) => {
        const entry = entries.find((e) => e.rank === p[0]);
        const lines = [line.name + ', rank ' + p[0], num(p[1], 5)];
        if (key === 'held_out' && entry.held_out)
          lines.push(
            '± ' +
              num(entry.held_out.error, 3) +
              (entry.held_out.folds ? ' over ' + plural(foldsOf(entry), 'fold') : ''),
          );
        return lines;
      },
    });
    const note = [sense && sentence(sense) + '.', about].filter(Boolean).join(' ');
    grid.append(
      el('div', { 'data-criterion': key }, panel(title, note, chart.box, saveButton('rank-' + key, 'svg', chart.node))),
    );
  }
  node.append(grid);
  const heads = [['Rank', true], ...shown.map(([, title]) => [title, true])];
  node.append(
    el(
      'details',
      { class: 'card' },
      el('summary', { text: 'All numbers' }),
      table(
        heads,
        entries.map((e) => [
          e.rank === advised ? el('strong', { text: num(e.rank) }) : num(e.rank),
          ...shown.map(([key]) => figure(criterion(e, key), num(criterion(e, key)))),
        ]),
        'Criteria by rank',
      ),
    ),
  );
  if (rank.map && known(rank.map.samples)) node.append(consensusMap(report, rank.map));
  return node;
}

function foldsOf(entry) {
  const { folds } = entry.held_out;
  return Array.isArray(folds) ? folds.length : folds;
}

function clusterList(map) {
  const sizes = new Map();
  for (const c of map.clusters) sizes.set(c, (sizes.get(c) || 0) + 1);
  return el(
    'ul',
    { class: 'legend tall', 'aria-label': 'Clusters' },
    [...sizes]
      .sort((a, b) => a[0] - b[0])
      .map(([c, size]) =>
        el(
          'li',
          {},
          el('span', { class: 'swatch', css: { background: categoryColour(c) } }),
          'cluster ' + num(c + 1) + ' ',
          el('span', { class: 'fine', text: plural(size, 'sample') }),
        ),
      ),
  );
}

function consensusMap(report, map) {
  const n = map.samples.length;
  const text = atob(map.base64);
  const name = (i) => report.sampleName(map.samples[i]);
  const heat = heatMap(
    {
      label: 'Consensus of ' + plural(n, 'sample') + ' by ' + num(n),
      rows: n,
      cols: n,
      low: 0,
      high: 1,
      square: true,
      what: 'samples',
      value: (r, c) => text.charCodeAt(r * n + c) / 255,
      rowName: name,
      colName: name,
      rowColour: (r) => categoryColour(map.clusters[r]),
      read: (r, c) => [
        name(r) + ' and ' + name(c),
        percent(text.charCodeAt(r * n + c) / 255, 0) + ' of starts together',
        'clusters ' + num(map.clusters[r] + 1) + ' and ' + num(map.clusters[c] + 1),
      ],
    },
    'consensus',
  );
  return el(
    'div',
    { class: 'card map', 'data-map': 'consensus' },
    el('h3', { text: 'Consensus' }),
    el('p', {
      class: 'fine',
      text:
        'How often two samples had the same largest component, over starts' +
        (isNumber(map.rank) ? ' at rank ' + num(map.rank) : '') +
        '. Sharp blocks mean that starts agree.',
    }),
    el('div', { class: 'beside' }, heat.box, clusterList(map)),
  );
}
