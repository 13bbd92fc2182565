// Puts the page together from the sections that the data have.
const SECTIONS = [
  ['verdict', 'Verdict', verdictSection],
  ['data', 'Data', dataSection],
  ['rank', 'Rank', ranksSection],
  ['components', 'Components', componentsSection],
  ['factors', 'Factors', mapsSection],
  ['structure', 'Structure', structureSection],
  ['samples', 'Samples', samplesSection],
  ['convergence', 'Convergence', convergenceSection],
  ['worst', 'Residuals', residualsSection],
  ['reproduce', 'Reproduce', reproduceSection],
  ['downloads', 'Downloads', downloadsSection],
];

function downloadsSection(report) {
  const items = [];
  const add = (name, about, run) => items.push([name, about, run]);
  const names = () => report.order.map((c) => state.name(c));
  if (report.k) {
    add('components.csv', 'Name, share, stability and sparseness of each component', () =>
      saveCsv(
        'components',
        ['component', 'share', 'stability', 'sparseness_w', 'sparseness_h'],
        report.order.map((c) => {
          const p = report.components[c];
          return [state.name(c), p.share, p.stability, p.sparseness_w, p.sparseness_h];
        }),
      ),
    );
    if (report.components.some((p) => known(p.top))) {
      add('top-features.csv', 'The most telling features, with weight, lift and specificity', () =>
        saveCsv(
          'top-features',
          ['component', 'feature', 'weight', 'lift', 'specificity'],
          report.order.flatMap((c) =>
            (report.components[c].top || []).map((row) => [
              state.name(c),
              report.featureName(row[0]),
              row[1],
              row[2],
              row[3],
            ]),
          ),
        ),
      );
    }
    add('names.json', 'The names that you gave', () =>
      save('names.json', JSON.stringify({ components: state.names }, null, 2) + '\n', 'application/json'),
    );
  }
  if (report.w) {
    add(
      'W.csv',
      plural(report.height, 'sample') +
        (report.rows ? ' held in this report' : '') +
        (report.raw.w.type === 'f32' ? '' : ', rounded'),
      () =>
        saveCsv(
          'W',
          ['sample', ...names()],
          Array.from({ length: report.height }, (_, i) => [
            report.sampleName(report.sampleAt(i)),
            ...report.order.map((c) => report.w[i * report.k + c]),
          ]),
        ),
    );
    if (report.shares) {
      add('shares.csv', 'Share of each component in each sample', () =>
        saveCsv(
          'shares',
          ['sample', ...names()],
          Array.from({ length: report.height }, (_, i) => [
            report.sampleName(report.sampleAt(i)),
            ...report.order.map((c) => report.shares[i * report.k + c]),
          ]),
        ),
      );
    }
  }
  if (report.h) {
    add(
      'H.csv',
      plural(report.width, 'feature') +
        (report.columns ? ' held in this report' : '') +
        (report.raw.h.type === 'f32' ? '' : ', rounded'),
      () =>
        saveCsv(
          'H',
          ['feature', ...names()],
          Array.from({ length: report.width }, (_, j) => [
            report.featureName(report.featureAt(j)),
            ...report.order.map((c) => report.hValue(c, j)),
          ]),
        ),
    );
  }
  const { rank } = report.raw;
  if (rank && known(rank.ranks)) {
    add('ranks.csv', 'Every criterion of every rank', () =>
      saveCsv(
        'ranks',
        ['rank', ...CRITERIA.map(([key]) => key), 'held_out_standard_error', 'shuffled_error'],
        rank.ranks.map((e) => [
          e.rank,
          ...CRITERIA.map(([key]) => criterion(e, key)),
          e.held_out ? e.held_out.error : null,
          (shuffledOf(e) || {}).mean,
        ]),
      ),
    );
  }
  if (report.run)
    add('run.json', 'What was done and what came out', () =>
      save('run.json', JSON.stringify(report.run, null, 2) + '\n', 'application/json'),
    );
  if (!items.length) return null;
  return el(
    'section',
    { id: 'downloads', class: 'no-print', 'aria-labelledby': 'downloads-h' },
    el('h2', { id: 'downloads-h', text: 'Downloads' }),
    el('p', {
      class: 'lead',
      text: 'Tables are made on this page; nothing is fetched. Figures have a button of their own.',
    }),
    el(
      'ul',
      { class: 'files' },
      items.map(([name, about, run]) =>
        el(
          'li',
          {},
          button(name, run, { class: 'small', 'data-file': name }),
          el('span', { class: 'fine', text: about }),
        ),
      ),
    ),
  );
}

function navigation(shown) {
  const nav = document.getElementById('nav');
  const links = new Map();
  for (const [id, text] of shown) {
    const link = el('a', { href: '#' + id, text });
    links.set(id, link);
    nav.append(link);
  }
  const seen = new Map();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) seen.set(entry.target.id, entry.isIntersecting);
      const current = shown.map(([id]) => id).find((id) => seen.get(id));
      for (const [id, link] of links) {
        if (id === current && link.getAttribute('aria-current') !== 'true') {
          link.setAttribute('aria-current', 'true');
          if (nav.scrollWidth > nav.clientWidth)
            nav.scrollLeft = link.offsetLeft - nav.clientWidth / 2 + link.offsetWidth / 2;
        } else if (id !== current) link.removeAttribute('aria-current');
      }
    },
    { rootMargin: '-80px 0px -60% 0px' },
  );
  for (const [id] of shown) watcher.observe(document.getElementById(id));
}

// Details are opened on paper, where nobody can click.
function printing() {
  let closed = [];
  addEventListener('beforeprint', () => {
    closed = [...document.querySelectorAll('main details:not([open])')];
    for (const node of closed) node.open = true;
  });
  addEventListener('afterprint', () => {
    for (const node of closed) node.open = false;
  });
}

async function begin() {
  const main = document.getElementById('main');
  theme.begin(document.getElementById('theme'));
  try {
    const source = JSON.parse(document.getElementById('report-data').textContent);
    if (source.schema !== 1)
      throw new Error('The data of this report have the schema ' + source.schema + ', which this page does not know.');
    const report = await Report.read(source);
    state.begin(report);
    const shown = [];
    for (const [id, text, make] of SECTIONS) {
      const node = make(report);
      if (!node) continue;
      main.append(node);
      shown.push([id, text]);
    }
    navigation(shown);
    printing();
    const versions = (report.run && report.run.versions) || {};
    document.getElementById('foot').textContent =
      'Made with partwise' +
      (versions.partwise ? ' ' + versions.partwise : '') +
      '. This file holds everything it shows and loads nothing.';
  } catch (error) {
    main.append(el('p', { class: 'notice', role: 'alert', text: 'This report cannot be shown: ' + error.message }));
    document.documentElement.setAttribute('data-ready', 'failed');
    throw error;
  }
  document.documentElement.setAttribute('data-ready', 'yes');
}

begin();
