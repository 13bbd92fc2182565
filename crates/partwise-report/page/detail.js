// Everything about one component, over the page: its features, its samples, the components most like it.
function cosines(report, c) {
  if (!report.h) return [];
  const norm = (a) => {
    let sum = 0;
    for (let j = 0; j < report.width; j += 1) sum += report.hValue(a, j) ** 2;
    return Math.sqrt(sum);
  };
  const own = norm(c);
  const found = [];
  for (let a = 0; a < report.k; a += 1) {
    if (a === c) continue;
    let dot = 0;
    for (let j = 0; j < report.width; j += 1) dot += report.hValue(c, j) * report.hValue(a, j);
    const cosine = dot / (own * norm(a));
    if (Number.isFinite(cosine)) found.push([a, cosine]);
  }
  return found.sort((a, b) => b[1] - a[1]).slice(0, 3);
}

// What the model says of a sample, W H, as a picture.
function modelPicture(report, row) {
  const { k, width } = report;
  const values = new Float32Array(width);
  for (let c = 0; c < k; c += 1) {
    const w = report.w[row * k + c];
    if (!(w > 0)) continue;
    for (let j = 0; j < width; j += 1) values[j] += w * report.hValue(c, j);
  }
  const most = values.reduce((a, v) => (v > a ? v : a), 0);
  return pictureOf((j) => values[j], report.geometry, most, 'Model of ' + report.sampleName(report.sampleAt(row)));
}

const detail = { node: null, from: null };

function openDetail(report, c) {
  tip.hide();
  if (!detail.node) {
    detail.node = el('dialog', { class: 'detail', 'aria-labelledby': 'detail-h' });
    detail.node.addEventListener('click', (event) => {
      if (event.target === detail.node) detail.node.close();
    });
    detail.node.addEventListener('close', () => {
      if (detail.from && detail.from.isConnected) detail.from.focus();
    });
    document.body.append(detail.node);
  }
  if (!detail.node.open) detail.from = document.activeElement;
  const part = report.components[c];
  const at = report.order.indexOf(c);
  const close = button('Close', () => detail.node.close(), { class: 'small' });
  const go = (step) => openDetail(report, report.order[(at + step + report.k) % report.k]);
  const steps =
    report.k > 1
      ? [
          button('Previous', () => go(-1), { class: 'quiet small' }),
          button('Next', () => go(1), { class: 'quiet small' }),
        ]
      : [];
  const swatch = el('span', { class: 'swatch', 'aria-hidden': 'true', css: { background: state.colour(c) } });
  const body = el('div', { class: 'detail-body' });
  const way = waysOf(report)[0][0];

  const left = el('div', {}, el('h3', { text: 'Features' }));
  if (way === 'sbs96' || way === 'axis') {
    const drawn = way === 'sbs96' ? channelsOf(report, c) : spectrumOf(report, c, 220);
    left.append(drawn.box, saveButton('component-' + (c + 1), 'svg', drawn.node));
  } else if (way === 'picture') left.append(el('div', { class: 'large-picture' }, componentPicture(report, c, null)));
  const top = relevant(
    part,
    { by: 'relevance', lambda: usualLambda(report) },
    way === 'picture' ? 5 : 20,
    report.features.count,
  );
  if (top.length) {
    const varies = top.some((row) => isNumber(row[4]));
    left.append(
      table(
        [
          'Feature',
          ['Weight', true],
          ...(varies ? [['± over runs', true]] : []),
          ['Lift', true],
          ['Specificity', true],
        ],
        top.map((row) => [
          report.featureName(row[0]),
          figure(row[1], percent(row[1], 2)),
          ...(varies ? [figure(row[4], percent(row[4], 2))] : []),
          figure(row[2], num(row[2], 3)),
          figure(row[3], num(row[3], 2)),
        ]),
        'Features of ' + state.name(c),
      ),
    );
  }

  const right = el('div', {});
  if (isNumber(part.runs)) {
    right.append(
      el('h3', { text: 'Over the runs' }),
      el(
        'p',
        { id: 'agreement' },
        'In ' + runsText(report, part) + ' runs, with a mean cosine of ',
        figure(part.stability, num(part.stability, 3)),
        '.',
      ),
    );
  }
  if (known(part.known)) {
    right.append(
      el('h3', { text: 'Known signatures most alike' }),
      el(
        'ul',
        { class: 'plain', id: 'known' },
        part.known.map(([name, cosine]) => el('li', {}, String(name), ' cosine ', figure(cosine, num(cosine, 3)))),
      ),
    );
  }
  const rows = report.strongest(c, 12);
  if (rows.length) {
    const most = rows[0][1];
    right.append(el('h3', { text: 'Samples that use it most' }));
    if (way === 'picture') {
      right.append(
        el('p', { class: 'fine', text: 'As the model sees them, W H.' }),
        el(
          'div',
          { class: 'thumbs' },
          rows
            .slice(0, 8)
            .map(([row]) =>
              el(
                'figure',
                {},
                modelPicture(report, row),
                el('figcaption', { text: report.sampleName(report.sampleAt(row)) }),
              ),
            ),
        ),
      );
    }
    right.append(
      el(
        'ol',
        { class: 'bars' },
        rows.map(([row, value, share]) =>
          el(
            'li',
            { title: 'share of the sample ' + percent(share) },
            el('span', { class: 'bar-name', text: report.sampleName(report.sampleAt(row)) }),
            meter(value / most, state.colour(c)),
            figure(value, num(value, 3)),
          ),
        ),
      ),
    );
    if (report.rows)
      right.append(el('p', { class: 'fine', text: 'Of the ' + num(report.height) + ' samples held in this report.' }));
  }
  const alike = cosines(report, c);
  if (alike.length) {
    right.append(
      el('h3', { text: 'Most alike' }),
      el(
        'ul',
        { class: 'plain' },
        alike.map(([a, cosine]) =>
          el(
            'li',
            {},
            button(state.name(a), () => openDetail(report, a), { class: 'link' }),
            ' cosine ',
            figure(cosine, num(cosine, 3)),
          ),
        ),
      ),
    );
  }

  body.append(left, right);
  detail.node.replaceChildren(
    el(
      'div',
      { class: 'detail-head' },
      swatch,
      el('h2', { id: 'detail-h', text: state.name(c) }),
      el('span', { class: 'fine' }, 'share ', figure(part.share, percent(part.share))),
      el('span', { class: 'push' }),
      ...steps,
      close,
    ),
    body,
  );
  if (!detail.node.open) detail.node.showModal();
  detail.node.scrollTop = 0;
}
