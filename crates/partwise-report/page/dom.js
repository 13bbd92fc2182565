// Elements are made here and nowhere from markup: names go in as text, whatever they contain.
const SVG_NS = 'http://www.w3.org/2000/svg';

function fill(node, props, children) {
  for (const [key, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === 'text') node.textContent = value;
    else if (key === 'on') for (const [name, run] of Object.entries(value)) node.addEventListener(name, run);
    else if (key === 'css') for (const [name, v] of Object.entries(value)) node.style.setProperty(name, v);
    else if (key === 'value' || key === 'checked' || key === 'disabled') node[key] = value;
    else node.setAttribute(key, value === true ? '' : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

function el(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

function svg(tag, props, ...children) {
  return fill(document.createElementNS(SVG_NS, tag), props, children);
}

// A number in the text, with all its digits for who points at it and for the tests.
function figure(value, text) {
  return el('span', {
    class: 'num',
    'data-raw': isNumber(value) ? String(value) : '',
    title: isNumber(value) ? String(value) : null,
    text,
  });
}

function button(text, run, props) {
  return el('button', { type: 'button', text, on: { click: run }, ...props });
}

let controlCount = 0;

// A row of choices of which one holds: radio buttons that look like one control.
function choice(label, options, chosen, run) {
  controlCount += 1;
  const name = 'choice' + controlCount;
  const set = el('fieldset', { class: 'choice' }, el('legend', { text: label }));
  for (const [value, text] of options) {
    const input = el('input', {
      type: 'radio',
      name,
      value,
      checked: value === chosen,
      on: { change: () => run(value) },
    });
    set.append(el('label', {}, input, el('span', { text })));
  }
  return set;
}

function dropdown(label, options, chosen, run) {
  const select = el('select', { on: { change: () => run(select.value) } });
  for (const [value, text] of options) select.append(el('option', { value, text }));
  select.value = chosen;
  return el('label', { class: 'field' }, el('span', { text: label }), select);
}

function slider(label, props, run) {
  const output = el('output', { class: 'num' });
  const input = el('input', { type: 'range', ...props, on: { input: () => run(Number(input.value), output) } });
  const field = el('label', { class: 'field' }, el('span', { text: label }), input, output);
  return { field, input, output };
}

function searchField(label, run) {
  let timer = 0;
  const input = el('input', {
    type: 'search',
    autocomplete: 'off',
    spellcheck: 'false',
    on: {
      input: () => {
        clearTimeout(timer);
        timer = setTimeout(() => run(input.value.trim().toLowerCase()), 120);
      },
    },
  });
  return el('label', { class: 'field grow' }, el('span', { text: label }), input);
}

function controls(...items) {
  return el('div', { class: 'controls' }, ...items);
}

// Long names are cut; pointing at them shows the whole.
function cellText(content) {
  return typeof content === 'string'
    ? el('span', { class: 'cell', text: content, title: content.length > 24 ? content : null })
    : content;
}

// Column heads are text or [text, is a number]; cells are nodes or text.
function table(heads, rows, caption) {
  const head = el(
    'tr',
    {},
    heads.map((h) => {
      const [text, right] = Array.isArray(h) ? h : [h, false];
      return el('th', { scope: 'col', class: right ? 'right' : null, text });
    }),
  );
  const body = el(
    'tbody',
    {},
    rows.map((cells) =>
      el(
        'tr',
        {},
        cells.map((cell, i) => {
          const right = Array.isArray(heads[i]) && heads[i][1];
          return el('td', { class: right ? 'right' : null }, cellText(cell));
        }),
      ),
    ),
  );
  return el(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption },
    el('table', {}, el('caption', { class: 'hidden', text: caption }), el('thead', {}, head), body),
  );
}

// The part that is `share` of a whole, as a thin bar; with a whisker, if it is known by how much it varies either way.
function meter(share, colour, varies = 0) {
  const within = (v) => Math.max(0, Math.min(1, v || 0)) * 100;
  const inner = el('span', { css: { width: within(share) + '%' } });
  if (colour) inner.style.background = colour;
  const bar = el('span', { class: 'meter', 'aria-hidden': 'true' }, inner);
  if (!(varies > 0)) return bar;
  const low = within(share - varies);
  const whisker = el('span', { class: 'whisker', css: { left: low + '%', width: within(share + varies) - low + '%' } });
  return el('span', { class: 'whiskered', 'aria-hidden': 'true' }, bar, whisker);
}

const tip = {
  node: document.getElementById('tip'),
  show(lines, x, y) {
    const node = this.node;
    node.replaceChildren(...lines.map((line, i) => el('div', { class: i === 0 ? 'tip-head' : null, text: line })));
    node.hidden = false;
    const box = node.getBoundingClientRect();
    const left = x + 14 + box.width > innerWidth - 8 ? x - 14 - box.width : x + 14;
    const top = y + 14 + box.height > innerHeight - 8 ? y - 14 - box.height : y + 14;
    node.style.left = Math.max(8, left) + 'px';
    node.style.top = Math.max(8, top) + 'px';
  },
  hide() {
    this.node.hidden = true;
  },
};
addEventListener('keydown', (event) => {
  if (event.key === 'Escape') tip.hide();
});
addEventListener('scroll', () => tip.hide(), { passive: true });

// Runs `draw(width)` now, when the width changes, and when the colours do, as long as the node is in the page.
const redraws = new Set();
function whenSized(node, draw) {
  let last = 0;
  const entry = { node, run: null };
  entry.run = () => {
    last = node.clientWidth;
    if (last > 0) draw(last);
  };
  new ResizeObserver(() => {
    if (node.clientWidth === last) return;
    if (node.isConnected) redraws.add(entry);
    entry.run();
  }).observe(node);
  return entry.run;
}

function redrawAll() {
  for (const entry of redraws) {
    if (entry.node.isConnected) entry.run();
    else redraws.delete(entry);
  }
}

function hidpi(canvas, width, height) {
  const ratio = Math.min(3, devicePixelRatio || 1);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = width + 'px';
  canvas.style.height = height + 'px';
  const pen = canvas.getContext('2d');
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return pen;
}

// Text cut to `width` pixels of the pen's font. Its end stays: names that are numbered differ there.
function fitted(pen, text, width) {
  if (pen.measureText(text).width <= width) return text;
  const letters = Array.from(text);
  const tail = letters.length > 8 ? letters.slice(-3).join('') : '';
  let low = 0;
  let high = letters.length;
  const cut = (n) => letters.slice(0, n).join('') + '…' + tail;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pen.measureText(cut(middle)).width <= width) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : cut(low);
}
