// What the reader can change for the whole page: the names of components and the colours.
const state = {
  names: [],
  renamed: new Set(),

  begin(report) {
    this.given = report.components.map((part, c) => String(part.name ?? 'component ' + (c + 1)));
    this.names = this.given.slice();
    this.colours = [];
    report.order.forEach((c, at) => {
      this.colours[c] = categoryColour(at);
    });
  },

  name(c) {
    return this.names[c];
  },

  colour(c) {
    return this.colours[c];
  },

  rename(c, text) {
    const name = text.trim() === '' ? this.given[c] : text.trim();
    if (name === this.names[c]) return;
    this.names[c] = name;
    for (const run of this.renamed) run(c);
  },

  // Calls `run` soon after names changed; many changes make one call.
  onRename(run) {
    let waiting = false;
    this.renamed.add(() => {
      if (waiting) return;
      waiting = true;
      setTimeout(() => {
        waiting = false;
        run();
      }, 60);
    });
  },
};

const theme = {
  order: ['auto', 'light', 'dark'],
  chosen: 'auto',
  begin(node) {
    this.node = node;
    node.addEventListener('click', () => this.set(this.order[(this.order.indexOf(this.chosen) + 1) % 3]));
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);
    // Paper is white: figures are drawn again for it, and back afterwards.
    addEventListener('beforeprint', () => {
      document.documentElement.setAttribute('data-print', '');
      redrawAll();
    });
    addEventListener('afterprint', () => {
      document.documentElement.removeAttribute('data-print');
      redrawAll();
    });
  },
  set(which) {
    this.chosen = which;
    if (which === 'auto') document.documentElement.removeAttribute('data-theme');
    else document.documentElement.setAttribute('data-theme', which);
    this.node.querySelector('.theme-text').textContent = sentence(which);
    this.node.setAttribute('aria-label', 'Colours: ' + (which === 'auto' ? 'as the system' : which));
    redrawAll();
  },
};
