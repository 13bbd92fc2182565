// What was done and what came out, in a sentence and a few numbers; the data; how to do it again.
const STATUS = {
  converged: 'Converged',
  exact_fit: 'Exact fit',
  iteration_limit: 'Iteration limit',
  time_limit: 'Time limit',
  target_reached: 'Target reached',
  stalled: 'Stalled',
  interrupted: 'Interrupted',
  degenerate: 'Degenerate',
};

const LOSSES = { frobenius: 'Frobenius', kl: 'Kullback–Leibler', is: 'Itakura–Saito' };

function statusText(status) {
  return status ? STATUS[status] || sentence(status.replaceAll('_', ' ')) : DASH;
}

function keyFigures(report) {
  const { run } = report;
  const items = [];
  if (run) {
    const error = run.relative_error;
    items.push(['Status', statusText(run.status), null]);
    items.push(['Components', num(run.rank), run.rank]);
    items.push(['Relative error', num(error), error]);
    if (run.held_out)
      items.push(['Held-out relative error', num(run.held_out.relative_rmse), run.held_out.relative_rmse]);
    items.push([(LOSSES[run.loss] || run.loss) + ' loss', num(run.loss_value), run.loss_value]);
    items.push(['Optimality residual', num(run.kkt_residual, 2), run.kkt_residual]);
    items.push(['Iterations', num(run.iterations), run.iterations]);
    const { init, solve } = run.seconds || {};
    const time = isNumber(init) && isNumber(solve) ? init + solve : null;
    items.push(['Time of the fit', seconds(time), time]);
    items.push(['Most memory', bytes(run.peak_memory_bytes), run.peak_memory_bytes]);
  }
  const { consensus } = report;
  if (consensus && isNumber(consensus.runs)) items.push(['Runs that agree', num(consensus.runs), consensus.runs]);
  const advice = report.raw.rank && report.raw.rank.advice;
  if (advice) items.push(['Recommended rank', num(advice.rank), advice.rank]);
  return items;
}

function verdictSection(report) {
  const { raw } = report;
  const node = el(
    'section',
    { id: 'verdict', 'aria-labelledby': 'title' },
    el('p', { class: 'kicker', text: 'Non-negative matrix factorization' }),
    el('h1', { id: 'title', text: raw.title || 'Report' }),
  );
  if (raw.verdict) node.append(el('p', { class: 'verdict', text: raw.verdict }));
  const figures = keyFigures(report);
  if (figures.length) {
    const grid = el(
      'dl',
      { class: 'figures' },
      figures.map(([label, text, value]) =>
        el('div', {}, el('dt', { text: label }), el('dd', {}, figure(value, text))),
      ),
    );
    // Rows as even as they can be.
    const across = [5, 4, 3].find((n) => figures.length % n === 0) || (figures.length > 8 ? 5 : 4);
    grid.style.setProperty('--across', String(Math.min(across, figures.length)));
    node.append(grid);
  }
  return node;
}

function list(items, className) {
  return el(
    'ul',
    { class: className },
    items.map((text) => el('li', { text: sentence(text) })),
  );
}

function dataSection(report) {
  const { raw, run } = report;
  if (!known(raw.data_card) && !known(raw.warnings) && !known(raw.data_notes) && !(run && known(run.notes))) return null;
  const node = el('section', { id: 'data', 'aria-labelledby': 'data-h' }, el('h2', { id: 'data-h', text: 'Data' }));
  if (known(raw.warnings)) {
    node.append(
      el(
        'div',
        { class: 'warning', role: 'note', 'aria-label': 'Warnings' },
        el('strong', { text: raw.warnings.length === 1 ? 'Please note' : plural(raw.warnings.length, 'warning') }),
        list(raw.warnings),
      ),
    );
  }
  const two = el('div', { class: 'two' });
  if (known(raw.data_card)) {
    two.append(
      el(
        'dl',
        { class: 'card facts' },
        raw.data_card.map(([label, text]) =>
          el('div', {}, el('dt', { text: label }), el('dd', { text: text ?? DASH })),
        ),
      ),
    );
  }
  if (known(raw.data_notes)) {
    two.append(el('div', { class: 'card' }, el('h3', { text: 'As the data were read' }), list(raw.data_notes, 'plain')));
  }
  if (run && known(run.notes)) {
    two.append(el('div', { class: 'card' }, el('h3', { text: 'What was chosen, and why' }), list(run.notes, 'plain')));
  }
  node.append(two);
  return node;
}

function copyButton(text) {
  const node = button(
    'Copy',
    async () => {
      let done = true;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        // A page from a file may not be let at the clipboard; selecting the text is what is left.
        const area = el('textarea', { value: text, 'aria-hidden': 'true' });
        document.body.append(area);
        area.select();
        done = document.execCommand('copy');
        area.remove();
      }
      node.textContent = done ? 'Copied' : 'Not copied';
      setTimeout(() => {
        node.textContent = 'Copy';
      }, 1600);
    },
    { class: 'small no-print', id: 'copy' },
  );
  return node;
}

function settingText(value) {
  if (typeof value === 'number') return num(value, 6);
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (value === null || value === undefined) return DASH;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function reproduceSection(report) {
  const { raw, run } = report;
  if (!raw.command && !run) return null;
  const node = el(
    'section',
    { id: 'reproduce', 'aria-labelledby': 'reproduce-h' },
    el('h2', { id: 'reproduce-h', text: 'How to reproduce' }),
  );
  if (raw.command) {
    node.append(
      el(
        'div',
        { class: 'command' },
        el('pre', { tabindex: '0', 'aria-label': 'Command' }, el('code', { text: raw.command })),
        copyButton(raw.command),
      ),
    );
  }
  if (!run) return node;
  const facts = [];
  const add = (label, value) => {
    if (value !== undefined && value !== null) facts.push([label, value]);
  };
  const versions = run.versions || {};
  add('Version', versions.partwise && 'partwise ' + versions.partwise);
  add('Machine', [versions.target, versions.simd].filter(Boolean).join(', ') || null);
  add('Seed', run.seed === undefined ? null : String(run.seed));
  add('Threads', num(run.threads));
  add('Precision', run.precision);
  add('Hash of the data', run.data && run.data.hash);
  add('Why it ended', run.reason && sentence(run.reason));
  node.append(
    el(
      'dl',
      { class: 'card facts' },
      facts.map(([label, text]) => el('div', {}, el('dt', { text: label }), el('dd', { text }))),
    ),
  );
  const options = Object.entries(run.options || {});
  if (options.length) {
    node.append(
      el(
        'details',
        { class: 'card' },
        el('summary', { text: 'All ' + options.length + ' settings' }),
        el(
          'dl',
          { class: 'facts dense' },
          options.map(([label, value]) =>
            el('div', {}, el('dt', { text: label.replaceAll('_', ' ') }), el('dd', { text: settingText(value) })),
          ),
        ),
      ),
    );
  }
  return node;
}
