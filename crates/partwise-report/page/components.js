// The components as cards: name, numbers, and what they are made of.
const FIRST_CARDS = 24;

function shareStrip(report) {
  const shares = report.order.map((c) => report.share(c));
  if (shares.some((s) => s === null) || shares.length < 2) return null;
  const bar = el('div', { class: 'strip', role: 'group', 'aria-label': 'Share of each component in the whole' });
  let rest = 0;
  report.order.forEach((c, at) => {
    if (at >= 40) {
      rest += shares[at];
      return;
    }
    const piece = el('button', { type: 'button', class: 'strip-piece', on: { click: () => openDetail(report, c) } });
    piece.style.flexGrow = String(Math.max(shares[at], 0.0005));
    piece.style.background = state.colour(c);
    const label = () => piece.setAttribute('aria-label', state.name(c) + ', ' + percent(shares[at]));
    label();
    state.onRename(label);
    piece.addEventListener('pointermove', (event) =>
      tip.show([state.name(c), percent(shares[at]) + ' of the whole'], event.clientX, event.clientY),
    );
    piece.addEventListener('pointerleave', () => tip.hide());
    bar.append(piece);
  });
  if (rest > 0) {
    const piece = el('span', { class: 'strip-piece', title: 'the other components, ' + percent(rest) });
    piece.style.flexGrow = String(rest);
    bar.append(piece);
  }
  return bar;
}

function componentsSection(report) {
  if (!report.k) return null;
  const ways = waysOf(report);
  const has = (column) => report.components.some((part) => (part.top || []).some((row) => isNumber(row[column])));
  const stable = report.components.some((part) => isNumber(part.stability));
  const how = { by: 'relevance', lambda: usualLambda(report) };
  const chosen = { way: ways[0][0], scale: 'own', find: '', all: false };
  const grid = el('div', { class: 'cards' });
  const count = el('p', { class: 'fine', 'aria-live': 'polite' });
  const more = button(
    'Show all',
    () => {
      chosen.all = true;
      draw();
    },
    { class: 'no-print', id: 'all-components' },
  );
  const cards = new Map();
  // What the find field looks through: the feature names of each component, in small letters.
  const texts = new Map();

  function textOf(c) {
    if (!texts.has(c)) {
      const features = (report.components[c].top || []).map((row) => report.featureName(row[0]));
      const alike = (report.components[c].known || []).map((like) => String(like[0]));
      texts.set(c, features.concat(alike).join('\n').toLowerCase());
    }
    return state.name(c).toLowerCase() + '\n' + texts.get(c);
  }

  const common = () => {
    if (chosen.way !== 'picture' || chosen.scale === 'own') return null;
    return report.components.reduce((a, _, c) => Math.max(a, rowMax(report, c)), 0);
  };

  function card(c) {
    const part = report.components[c];
    const input = el('input', {
      class: 'name',
      value: state.name(c),
      'aria-label': 'Name of component ' + (c + 1),
      maxlength: '120',
      autocomplete: 'off',
      spellcheck: 'false',
      on: {
        change: () => state.rename(c, input.value),
        keydown: (event) => {
          if (event.key === 'Enter') input.blur();
        },
      },
    });
    const swatch = el('span', { class: 'swatch', 'aria-hidden': 'true' });
    swatch.style.background = state.colour(c);
    const facts = [
      ['share', part.share, percent(part.share)],
      ...(known(part.known) ? [['most like', part.known[0][0], likeText(part.known[0])]] : []),
      ...(isNumber(part.runs) ? [['runs', part.runs, runsText(report, part)]] : []),
      ...(stable ? [[report.consensus ? 'mean cosine' : 'stability', part.stability, num(part.stability, 3)]] : []),
      ['sparse W', part.sparseness_w, num(part.sparseness_w, 2)],
      ['sparse H', part.sparseness_h, num(part.sparseness_h, 2)],
    ];
    const body = el('div', { class: 'card-body', on: { click: () => openDetail(report, c) } });
    const node = el(
      'article',
      { class: 'card component', 'data-component': c },
      el('div', { class: 'card-head' }, swatch, input),
      el(
        'dl',
        { class: 'mini' },
        facts.map(([label, value, text]) =>
          el('div', { 'data-fact': label }, el('dt', { text: label }), el('dd', {}, figure(value, text))),
        ),
      ),
      body,
      el(
        'div',
        { class: 'card-foot no-print' },
        button('Details', () => openDetail(report, c), {
          class: 'quiet small',
          'aria-label': 'Details of ' + state.name(c),
        }),
      ),
    );
    cards.set(c, { node, body, input });
    return node;
  }

  function paint(c, shared) {
    cards.get(c).body.classList.remove('waiting');
    cards.get(c).body.replaceChildren(drawPart(report, c, chosen.way, how, chosen.way === 'bars' ? 10 : 9, shared));
  }

  let painted = new Set();
  const watcher = new IntersectionObserver(
    (entries) => {
      const shared = common();
      for (const entry of entries) {
        const c = Number(entry.target.dataset.component);
        if (!entry.isIntersecting || painted.has(c)) continue;
        painted.add(c);
        paint(c, shared);
      }
    },
    { rootMargin: '600px' },
  );

  function draw(forPrint = false) {
    const found = report.order.filter((c) => chosen.find === '' || textOf(c).includes(chosen.find));
    const shown = chosen.all || forPrint ? found : found.slice(0, FIRST_CARDS);
    watcher.disconnect();
    painted = new Set();
    grid.className = 'cards as-' + chosen.way;
    grid.replaceChildren(...shown.map((c) => (cards.has(c) ? cards.get(c).node : card(c))));
    const shared = common();
    for (const c of shown) {
      // Many cards wait until they are near; the first are drawn at once, so that nothing below them moves.
      if (forPrint || shown.length <= FIRST_CARDS) {
        painted.add(c);
        paint(c, shared);
      } else {
        cards.get(c).body.classList.add('waiting');
        watcher.observe(cards.get(c).node);
      }
    }
    more.hidden = shown.length === found.length;
    more.textContent = 'Show all ' + num(found.length);
    count.textContent = found.length === report.k ? '' : plural(found.length, 'component') + ' of ' + num(report.k);
  }
  addEventListener('beforeprint', () => draw(true));
  addEventListener('afterprint', () => draw());

  const relevance = slider(
    'Weight or lift',
    { min: '0', max: '1', step: '0.05', value: String(how.lambda), id: 'lambda' },
    (v, output) => {
      how.lambda = v;
      output.textContent = 'λ ' + v.toFixed(2);
      repaint();
    },
  );
  relevance.output.textContent = 'λ ' + how.lambda.toFixed(2);

  function repaint() {
    const shared = common();
    for (const c of painted) paint(c, shared);
  }

  const ranked = el('span', { class: 'ranked controls-part' });
  // With one component there is nothing to tell it from.
  const several = report.k > 1;
  if (several && has(3))
    ranked.append(
      choice(
        'Rank features by',
        [
          ['relevance', 'Relevance'],
          ['specificity', 'Specificity'],
        ],
        'relevance',
        (v) => {
          how.by = v;
          relevance.field.hidden = v !== 'relevance';
          repaint();
        },
      ),
    );
  if (several && has(2)) ranked.append(relevance.field);
  const scaled = el(
    'span',
    { class: 'controls-part' },
    choice(
      'Scale',
      [
        ['own', 'Each its own'],
        ['common', 'One for all'],
      ],
      'own',
      (v) => {
        chosen.scale = v;
        repaint();
      },
    ),
  );
  const suit = () => {
    ranked.hidden = chosen.way !== 'bars' && chosen.way !== 'words';
    scaled.hidden = chosen.way !== 'picture';
  };
  suit();

  const load = el('input', {
    type: 'file',
    accept: 'application/json,.json',
    class: 'hidden',
    id: 'names-file',
    on: {
      change: async () => {
        if (load.files[0]) takeNames(report, await load.files[0].text());
        load.value = '';
      },
    },
  });

  state.onRename(() => {
    for (const [c, parts] of cards) {
      parts.input.value = state.name(c);
      parts.node.querySelector('.card-foot button').setAttribute('aria-label', 'Details of ' + state.name(c));
    }
  });

  draw();
  const plain = ways[0][0];
  return el(
    'section',
    { id: 'components', 'aria-labelledby': 'components-h' },
    el('h2', { id: 'components-h', text: 'Components' }),
    el('p', { class: 'lead', text: leadOf(report, plain) }),
    report.consensus ? el('p', { class: 'lead', id: 'consensus', text: consensusText(report) }) : null,
    shareStrip(report),
    controls(
      ways.length > 1
        ? choice('Show as', ways, plain, (v) => {
            chosen.way = v;
            suit();
            draw();
          })
        : null,
      ranked,
      scaled,
      searchField('Find a component or feature', (text) => {
        chosen.find = text;
        draw();
      }),
      el(
        'span',
        { class: 'controls-part' },
        button(
          'Save names',
          () => save('names.json', JSON.stringify({ components: state.names }, null, 2) + '\n', 'application/json'),
          { class: 'small', id: 'save-names' },
        ),
        el('label', { class: 'button small', for: 'names-file', text: 'Load names' }),
        load,
      ),
    ),
    count,
    grid,
    el('div', { class: 'centre' }, more),
  );
}

// A known signature and how alike it is.
function likeText([name, cosine]) {
  return name + ' ' + num(cosine, 3);
}

// In how many of the runs a component was found.
function runsText(report, part) {
  const { consensus } = report;
  return num(part.runs) + (consensus && isNumber(consensus.runs) ? ' of ' + num(consensus.runs) : '');
}

// What the components are a consensus of, and what whiskers say.
function consensusText(report) {
  const { consensus } = report;
  if (!consensus) return null;
  const runs = isNumber(consensus.runs) ? plural(consensus.runs, 'run') : 'several runs';
  const varies = report.components.some((part) => (part.top || []).some((row) => isNumber(row[4])));
  return (
    'Each entry is the median over ' +
    runs +
    ' of rank ' +
    num(consensus.rank) +
    '. Below a name: how many runs have the component, and the mean cosine of theirs with it.' +
    (varies ? ' Whiskers are half the range between the quartiles over the runs, either way.' : '')
  );
}

function leadOf(report, way) {
  if (report.k === 1) return 'One component. Its name can be edited; the whole page follows.';
  const start =
    plural(report.k, 'component') + ', the largest share first. Names can be edited; the whole page follows. ';
  if (way === 'picture') return start + 'Each is a picture; the scale below it starts at zero.';
  if (way === 'sbs96') return start + 'Bars are the shares of the 96 channels.';
  if (way === 'axis') return start + 'Lines are the rows of H over their axis.';
  return (
    start +
    'The slider goes from the heaviest features (λ = 1) to those that are more frequent here than elsewhere (λ = 0).'
  );
}

function takeNames(report, text) {
  try {
    const list = JSON.parse(text).components;
    if (!Array.isArray(list)) return;
    list.slice(0, report.k).forEach((name, c) => {
      if (typeof name === 'string') state.rename(c, name);
    });
  } catch {
    // Not a file of names: nothing changes.
  }
}
