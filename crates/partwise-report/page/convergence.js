// Objective and optimality of every start; the one that was kept stands out.
function convergenceSection(report) {
  const starts = (report.raw.restarts || []).map((s, i) => ({ ...s, index: i }));
  const drawn = starts.filter((s) => known(s.trace) && s.trace.length > 1);
  if (!starts.length) return null;
  const node = el(
    'section',
    { id: 'convergence', 'aria-labelledby': 'convergence-h' },
    el('h2', { id: 'convergence-h', text: 'Convergence' }),
  );
  const scored = starts.filter((s) => isNumber(s.objective));
  const best = scored.reduce((a, b) => (a === null || b.objective < a.objective ? b : a), null);
  if (best && starts.length > 1) {
    const worst = scored.reduce((a, b) => (b.objective > a.objective ? b : a));
    const spread = best.objective !== 0 ? (worst.objective - best.objective) / Math.abs(best.objective) : null;
    node.append(
      el(
        'p',
        { class: 'lead' },
        plural(starts.length, 'start') + '. Start ' + num(best.index + 1) + ' was kept, with objective ',
        figure(best.objective, num(best.objective, 6)),
        '; the worst is higher by ',
        figure(spread, percent(spread, 2)),
        '.',
      ),
    );
  } else if (best) {
    node.append(
      el(
        'p',
        { class: 'lead' },
        'One start: ' +
          statusText(best.status).toLowerCase() +
          ' after ' +
          plural(best.iterations, 'iteration') +
          ', objective ',
        figure(best.objective, num(best.objective, 6)),
        '.',
      ),
    );
  }
  if (drawn.length) node.append(traces(drawn, best, starts.length));
  if (starts.length > 1) {
    const heads = [['Start', true], ['Objective', true], ['Iterations', true], 'Ended'];
    const rows = starts.map((s) => [
      s === best ? el('strong', { text: num(s.index + 1) + ' (kept)' }) : num(s.index + 1),
      figure(s.objective, num(s.objective, 6)),
      figure(s.iterations, num(s.iterations)),
      statusText(s.status),
    ]);
    node.append(
      el(
        'details',
        { class: 'card' },
        el('summary', { text: 'All ' + plural(starts.length, 'start') }),
        table(heads, rows, 'Starts'),
      ),
    );
  }
  return node;
}

function traces(drawn, best, count) {
  const chosen = { x: 'iterations', y: 'objective' };
  const ends = drawn.flatMap((s) => s.trace.map((p) => p[1])).filter(isNumber);
  const least = ends.concat(drawn.map((s) => s.objective).filter(isNumber)).reduce((a, b) => Math.min(a, b), Infinity);
  const positive = ends.length > 0 && ends.every((v) => v > 0);
  const kkt = drawn.some((s) => s.trace.some((p) => isNumber(p[2])));

  function lines(column) {
    const made = drawn.map((s) => ({
      name: 'start ' + (s.index + 1),
      kind: s === best || drawn.length === 1 ? 'main' : 'thin',
      points: s.trace
        .map((p) => {
          const value = column === 1 && chosen.y === 'above' ? p[1] - least : p[column];
          return [
            chosen.x === 'time' ? p[3] : p[0],
            isNumber(p[column]) && value > (positive || column === 2 || chosen.y === 'above' ? 0 : -Infinity)
              ? value
              : null,
          ];
        })
        .filter((p) => column === 1 || p[1] !== null),
    }));
    return made.sort((a, b) => (a.kind === 'main') - (b.kind === 'main'));
  }

  const across = () => (chosen.x === 'time' ? { label: 'seconds' } : { label: 'iterations', whole: true });
  const read = (what) => (line, p) => [
    sentence(line.name),
    chosen.x === 'time' ? seconds(p[0]) : 'iteration ' + num(p[0]),
    what() + ' ' + num(p[1], 6),
  ];
  const yText = () => (chosen.y === 'above' ? 'above the best' : 'objective');

  const objective = () => ({
    label: 'Objective of ' + plural(drawn.length, 'start') + ' against ' + chosen.x,
    height: 280,
    x: across(),
    y: { log: positive || chosen.y === 'above' },
    series: lines(1),
    readout: read(yText),
  });
  const optimality = () => ({
    label: 'Optimality residual against ' + chosen.x,
    height: 280,
    x: across(),
    y: { log: true },
    series: lines(2).map((line) => ({ ...line, dots: line.points.length < 40 })),
    readout: read(() => 'residual'),
  });
  const first = lineChart(objective());
  const second = kkt ? lineChart(optimality()) : null;
  const note = el('span', { class: 'panel-note' });
  const update = () => {
    note.textContent = yText() + (positive || chosen.y === 'above' ? ', logarithmic' : '');
    first.update(objective());
    if (second) second.update(optimality());
  };
  const body = el(
    'div',
    {},
    controls(
      choice(
        'Across',
        [
          ['iterations', 'Iterations'],
          ['time', 'Time'],
        ],
        'iterations',
        (v) => {
          chosen.x = v;
          update();
        },
      ),
      choice(
        'Objective',
        [
          ['objective', 'As it is'],
          ['above', 'Above the best'],
        ],
        'objective',
        (v) => {
          chosen.y = v;
          update();
        },
      ),
      drawn.length > 1
        ? el(
            'span',
            { class: 'key' },
            el('span', { class: 'key-line main' }),
            'kept',
            el('span', { class: 'key-line thin' }),
            drawn.length < count ? num(drawn.length - 1) + ' of ' + num(count - 1) + ' other starts' : 'other starts',
          )
        : null,
    ),
    el(
      'div',
      { class: second ? 'two wide' : null },
      panel('Objective', null, first.box, saveButton('objective', 'svg', first.node)),
      second ? panel('Optimality residual', null, second.box, saveButton('optimality', 'svg', second.node)) : null,
    ),
  );
  body.querySelector('figcaption .panel-title').after(note);
  update();
  return body;
}
