// A table of the samples that can be searched, sorted and leafed through.
const PAGE = 25;

function samplesSection(report) {
  if (!report.w || !report.height) return null;
  const { k, shares } = report;
  const groups = report.samples.groups || [];
  const chosen = { find: '', sort: 'place', down: false, page: 0, size: PAGE, component: report.order[0] };
  const rows = Int32Array.from({ length: report.height }, (_, i) => i);
  let found = rows;
  const body = el('tbody');
  const heads = el('tr');
  const count = el('p', { class: 'fine', 'aria-live': 'polite' });
  const pages = el('span', { class: 'num' });

  const groupText = (g, row) => {
    const v = groups[g].values[report.sampleAt(row)];
    return Number.isInteger(v) && groups[g].levels[v] !== undefined ? String(groups[g].levels[v]) : DASH;
  };
  const share = (row, c) => (shares ? shares[row * k + c] : report.w[row * k + c]);

  const columns = [
    { key: 'place', text: 'No.', right: true, value: (i) => report.sampleAt(i) },
    { key: 'name', text: 'Sample', value: (i) => report.sampleName(report.sampleAt(i)) },
    ...groups.map((g, at) => ({ key: 'group' + at, text: String(g.name), value: (i) => groupText(at, i) })),
  ];
  if (shares) {
    columns.push({
      key: 'largest',
      text: 'Largest component',
      value: (i) => (report.largest[i] < 0 ? '' : state.name(report.largest[i])),
    });
    columns.push({
      key: 'share',
      text: 'Its share',
      right: true,
      value: (i) => (report.largest[i] < 0 ? NaN : share(i, report.largest[i])),
    });
    columns.push({ key: 'mix', text: 'Mixture' });
    columns.push({ key: 'total', text: 'Total in W H', right: true, value: (i) => report.totals[i] });
  }
  const picked = {
    key: 'component',
    right: true,
    get text() {
      return state.name(chosen.component);
    },
    value: (i) => share(i, chosen.component),
  };
  columns.push(picked);

  function compare(column) {
    const values = new Map();
    const of = (i) => {
      if (!values.has(i)) values.set(i, column.value(i));
      return values.get(i);
    };
    const sign = chosen.down ? -1 : 1;
    const words = new Intl.Collator('en', { numeric: true });
    return (a, b) => {
      const x = of(a);
      const y = of(b);
      if (typeof x === 'string') return sign * words.compare(x, y) || a - b;
      // What is not a number comes last in both directions.
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y) || a - b;
      return sign * (x - y) || a - b;
    };
  }

  function choose() {
    const { find } = chosen;
    found = rows;
    if (find !== '') {
      found = rows.filter(
        (i) =>
          report.sampleName(report.sampleAt(i)).toLowerCase().includes(find) ||
          groups.some((_, g) => groupText(g, i).toLowerCase().includes(find)) ||
          (shares && report.largest[i] >= 0 && state.name(report.largest[i]).toLowerCase().includes(find)),
      );
    }
    const column = columns.find((c) => c.key === chosen.sort);
    if (!(column.key === 'place' && !chosen.down)) found = Array.from(found).sort(compare(column));
    chosen.page = 0;
    draw();
  }

  function mixture(row) {
    const bar = el('span', { class: 'mixture', 'aria-hidden': 'true' });
    for (const c of report.order) {
      const s = shares[row * k + c];
      if (!(s > 0.004)) continue;
      const piece = el('span', { title: state.name(c) + ' ' + percent(s) });
      piece.style.flexGrow = String(s);
      piece.style.background = state.colour(c);
      bar.append(piece);
    }
    return bar;
  }

  function cellOf(column, row) {
    if (column.key === 'mix') return mixture(row);
    const v = column.value(row);
    if (column.key === 'place') return num(v + 1);
    if (column.key === 'largest') {
      const c = report.largest[row];
      return c < 0
        ? DASH
        : el(
            'span',
            { class: 'with-swatch' },
            el('span', { class: 'swatch', css: { background: state.colour(c) } }),
            cellText(v),
          );
    }
    if (column.key === 'total') return figure(v, num(v));
    if (column.key === 'share') return figure(v, percent(v));
    if (column.key === 'component') return figure(v, shares ? percent(v) : num(v));
    return cellText(v);
  }

  function head() {
    heads.replaceChildren(
      ...columns.map((column) => {
        const on = column.key === chosen.sort;
        const sortable = Boolean(column.value);
        return el(
          'th',
          {
            scope: 'col',
            class: column.right ? 'right' : null,
            'aria-sort': on ? (chosen.down ? 'descending' : 'ascending') : null,
          },
          sortable
            ? button(
                column.text,
                () => {
                  chosen.down = on ? !chosen.down : Boolean(column.right) && column.key !== 'place';
                  chosen.sort = column.key;
                  head();
                  choose();
                  heads.querySelector('[data-key="' + column.key + '"]').focus();
                },
                { class: 'sort', 'data-key': column.key },
              )
            : column.text,
        );
      }),
    );
  }

  const back = button(
    'Previous',
    () => {
      chosen.page -= 1;
      draw();
    },
    { class: 'small', id: 'samples-back' },
  );
  const next = button(
    'Next',
    () => {
      chosen.page += 1;
      draw();
    },
    { class: 'small', id: 'samples-next' },
  );

  function draw() {
    const last = Math.max(0, Math.ceil(found.length / chosen.size) - 1);
    chosen.page = Math.max(0, Math.min(last, chosen.page));
    const start = chosen.page * chosen.size;
    body.replaceChildren(
      ...Array.from(found.slice(start, start + chosen.size), (row) =>
        el(
          'tr',
          {},
          columns.map((column) => el('td', { class: column.right ? 'right' : null }, cellOf(column, row))),
        ),
      ),
    );
    if (!found.length)
      body.append(el('tr', {}, el('td', { colspan: String(columns.length), text: 'No sample matches.' })));
    back.disabled = chosen.page === 0;
    next.disabled = chosen.page === last;
    pages.textContent = 'page ' + num(chosen.page + 1) + ' of ' + num(last + 1);
    const held = report.rows ? ' held in this report, of ' + num(report.samples.count) + ' in all' : '';
    count.textContent =
      (found.length === report.height
        ? plural(report.height, 'sample')
        : num(found.length) + ' of ' + plural(report.height, 'sample')) +
      held +
      '.';
  }

  const component = dropdown(
    'Component in the last column',
    report.order.map((c) => [String(c), state.name(c)]),
    String(chosen.component),
    (v) => {
      chosen.component = Number(v);
      head();
      if (chosen.sort === 'component') choose();
      else draw();
    },
  );
  component.querySelector('select').id = 'samples-component';
  state.onRename(() => {
    report.order.forEach((c, i) => {
      component.querySelector('select').options[i].textContent = state.name(c);
    });
    head();
    draw();
  });

  head();
  choose();
  return el(
    'section',
    { id: 'samples', 'aria-labelledby': 'samples-h' },
    el('h2', { id: 'samples-h', text: 'Samples' }),
    controls(
      searchField('Find a sample, label or component', (text) => {
        chosen.find = text;
        choose();
      }),
      component,
      dropdown(
        'Rows',
        [
          ['25', '25'],
          ['50', '50'],
          ['100', '100'],
        ],
        String(PAGE),
        (v) => {
          chosen.size = Number(v);
          draw();
        },
      ),
    ),
    count,
    el(
      'div',
      { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Samples' },
      el(
        'table',
        { id: 'samples-table' },
        el('caption', { class: 'hidden', text: 'Samples' }),
        el('thead', {}, heads),
        body,
      ),
    ),
    el('div', { class: 'pager no-print' }, back, pages, next),
  );
}
