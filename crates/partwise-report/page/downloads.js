// Files that the page makes itself: tables as CSV, figures as SVG or PNG.
function save(name, content, type) {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = el('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// A cell that a spreadsheet would take for a formula gets an apostrophe in front: names come from anywhere.
function csvCell(value) {
  if (value === null || value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return '';
  if (typeof value === 'number') return String(value);
  let text = String(value);
  if (/^[=+\-@\t\r]/.test(text)) text = "'" + text;
  return /[",\n\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
}

function csvText(heads, rows) {
  return [heads, ...rows].map((row) => row.map(csvCell).join(',')).join('\r\n') + '\r\n';
}

function saveCsv(name, heads, rows) {
  save(name + '.csv', csvText(heads, rows), 'text/csv;charset=utf-8');
}

const KEPT = [
  'fill',
  'fill-opacity',
  'stroke',
  'stroke-width',
  'stroke-opacity',
  'stroke-dasharray',
  'stroke-linejoin',
  'opacity',
  'font-family',
  'font-size',
  'font-weight',
  'text-anchor',
];

// The style sheet does not go along with a saved figure, so its elements carry their looks themselves.
function svgText(node) {
  const copy = node.cloneNode(true);
  const from = [node, ...node.querySelectorAll('*')];
  const to = [copy, ...copy.querySelectorAll('*')];
  from.forEach((source, i) => {
    const style = getComputedStyle(source);
    for (const name of KEPT) {
      const value = style.getPropertyValue(name);
      if (value) to[i].setAttribute(name, value);
    }
    to[i].removeAttribute('class');
    to[i].removeAttribute('tabindex');
  });
  const { width, height } = node.getBoundingClientRect();
  copy.setAttribute('xmlns', SVG_NS);
  copy.setAttribute('width', width);
  copy.setAttribute('height', height);
  copy.prepend(svg('rect', { width: '100%', height: '100%', fill: themed('--card') }));
  return new XMLSerializer().serializeToString(copy);
}

function saveFigure(name, node) {
  if (node instanceof SVGElement) save(name + '.svg', svgText(node), 'image/svg+xml');
  else node.toBlob((blob) => save(name + '.png', blob), 'image/png');
}

function saveButton(name, what, find) {
  const kind = what === 'canvas' ? 'PNG' : 'SVG';
  return button(
    kind,
    () => {
      const node = find();
      if (node) saveFigure(name, node);
    },
    { class: 'quiet small no-print', 'aria-label': 'Save ' + name + ' as ' + kind },
  );
}
