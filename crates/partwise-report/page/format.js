// Numbers as text. A number that is not there is a dash, never a zero.
const DASH = '–';
const THIN = '\u202f';

const SUPERSCRIPT = { '-': '⁻', 0: '⁰', 1: '¹', 2: '²', 3: '³', 4: '⁴', 5: '⁵', 6: '⁶', 7: '⁷', 8: '⁸', 9: '⁹' };

function isNumber(v) {
  return typeof v === 'number' && Number.isFinite(v);
}

function grouped(text) {
  const [whole, part] = text.split('.');
  const head = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, THIN) : whole;
  return part === undefined ? head : head + '.' + part;
}

// `digits` significant digits; powers of ten where a plain number would be long.
function num(v, digits = 4) {
  if (!isNumber(v)) return DASH;
  if (v === 0) return '0';
  const sign = v < 0 ? '−' : '';
  const a = Math.abs(v);
  if (Number.isInteger(a) && a < 1e9) return sign + grouped(String(a));
  const [mantissa, power] = a.toExponential(digits - 1).split('e');
  const exponent = Number(power);
  if (exponent < -3 || exponent >= 7) {
    const raised = String(exponent)
      .split('')
      .map((c) => SUPERSCRIPT[c])
      .join('');
    return sign + mantissa + THIN + '×' + THIN + '10' + raised;
  }
  return sign + grouped(a.toFixed(Math.max(0, digits - 1 - exponent)));
}

// Short text for the ticks of an axis.
function tickText(v) {
  if (v === 0) return '0';
  const a = Math.abs(v);
  if (a >= 1e5 || a < 1e-3) {
    const [mantissa, power] = v.toExponential(1).split('e');
    const head = mantissa.replace(/\.0$/, '').replace('-', '−');
    const raised = String(Number(power))
      .split('')
      .map((c) => SUPERSCRIPT[c])
      .join('');
    return (head === '1' ? '' : head + '×') + '10' + raised;
  }
  return grouped(String(Number(v.toPrecision(4)))).replace('-', '−');
}

function percent(v, digits = 1) {
  if (!isNumber(v)) return DASH;
  if (v === 0) return '0' + THIN + '%';
  const p = 100 * v;
  const a = Math.abs(p);
  if (a < 0.005) return (p < 0 ? '>' + THIN + '−' : '<' + THIN) + '0.01' + THIN + '%';
  return p.toFixed(a < 0.995 ? Math.max(2, digits) : digits).replace('-', '−') + THIN + '%';
}

function seconds(v) {
  if (!isNumber(v)) return DASH;
  if (v < 1) return num(1000 * v, 3) + THIN + 'ms';
  if (v < 120) return num(v, 3) + THIN + 's';
  if (v < 7200) return num(v / 60, 3) + THIN + 'min';
  return num(v / 3600, 3) + THIN + 'h';
}

function bytes(v) {
  if (!isNumber(v)) return DASH;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let i = 0;
  let a = v;
  while (a >= 1000 && i < units.length - 1) {
    a /= 1000;
    i += 1;
  }
  return num(a, 3) + THIN + units[i];
}

function plural(n, one, many) {
  return num(n) + ' ' + (n === 1 ? one : many || one + 's');
}

function sentence(text) {
  const t = String(text).trim();
  return t === '' ? t : t[0].toUpperCase() + t.slice(1);
}
