// What a component is made of, drawn the way its features ask for: bars, words, a picture, 96 channels, a spectrum.

// The most telling features by weight and lift in the proportion lambda (Sievert & Shirley 2014), or by specificity.
function relevant(part, how, count, features) {
  const rows = (part.top || []).filter((row) => isNumber(row[1]));
  let score;
  if (how.by === 'specificity') {
    // Weak features are easily specific; those below an even share are left out.
    score = (row) => (isNumber(row[3]) && row[1] >= 1 / Math.max(1, features) ? row[3] : -Infinity);
  } else {
    const { lambda } = how;
    score = (row) => {
      if (lambda >= 1) return row[1];
      if (!(row[1] > 0) || !(row[2] > 0)) return -Infinity;
      return lambda * Math.log(row[1]) + (1 - lambda) * Math.log(row[2]);
    };
  }
  return rows
    .map((row) => [score(row), row])
    .filter(([s]) => s > -Infinity)
    .sort((a, b) => b[0] - a[0] || b[1][1] - a[1][1] || a[1][0] - b[1][0])
    .slice(0, count)
    .map(([, row]) => row);
}

// The heaviest words are the same in every text; Sievert and Shirley found 0.6 to tell topics best.
function usualLambda(report) {
  return report.geometry && report.geometry.kind === 'words' ? 0.6 : 1;
}

function valueShown(row, how) {
  if (how.by === 'specificity') return [row[3], num(row[3], 2)];
  return [row[1], percent(row[1])];
}

function barsOf(report, c, how, count) {
  const rows = relevant(report.components[c], how, count, report.features.count);
  if (!rows.length) return el('p', { class: 'fine', text: 'No features to show.' });
  // How far a weight varies among runs; other orders have no such thing.
  const varies = (row) => (how.by !== 'specificity' && isNumber(row[4]) ? row[4] : null);
  const most = rows.reduce((a, row) => Math.max(a, valueShown(row, how)[0] + (varies(row) || 0)), 0) || 1;
  return el(
    'ol',
    { class: 'bars' },
    rows.map((row) => {
      const name = report.featureName(row[0]);
      const [value, text] = valueShown(row, how);
      return el(
        'li',
        {
          title:
            name +
            '\nweight ' +
            percent(row[1], 2) +
            (isNumber(row[4]) ? ' ± ' + percent(row[4], 2) : '') +
            '\nlift ' +
            num(row[2], 3) +
            '\nspecificity ' +
            num(row[3], 3),
        },
        el('span', { class: 'bar-name', text: name }),
        meter(value / most, state.colour(c), varies(row) / most),
        figure(value, text),
      );
    }),
  );
}

function wordsOf(report, c, how, count) {
  const rows = relevant(report.components[c], how, count, report.features.count);
  if (!rows.length) return el('p', { class: 'fine', text: 'No words to show.' });
  const values = rows.map((row) => valueShown(row, how)[0]);
  const most = Math.max(...values) || 1;
  return el(
    'p',
    { class: 'words' },
    rows.flatMap((row, i) => {
      const size = 0.85 + 0.95 * Math.sqrt(Math.max(0, values[i]) / most);
      return [
        el('span', {
          text: report.featureName(row[0]),
          css: { 'font-size': size.toFixed(2) + 'rem' },
          title: 'weight ' + percent(row[1], 2) + ', lift ' + num(row[2], 3),
        }),
        ' ',
      ];
    }),
  );
}

// The feature that is the pixel of this row and column.
function pixelFeature(geometry, y, x) {
  return geometry.order === 'columns' ? x * geometry.height + y : y * geometry.width + x;
}

// `values` by feature as a picture in the colours of the ramp, from `low` to `high`.
function pictureOf(values, geometry, high, label, low = 0) {
  const { height, width } = geometry;
  const canvas = el('canvas', { class: 'picture', role: 'img', 'aria-label': label });
  canvas.width = width;
  canvas.height = height;
  canvas.style.aspectRatio = width + ' / ' + height;
  const pen = canvas.getContext('2d');
  const image = pen.createImageData(width, height);
  for (let i = 0; i < width * height; i += 1) {
    const v = values(pixelFeature(geometry, Math.floor(i / width), i % width));
    const t = Number.isFinite(v) ? Math.max(0, Math.min(1, (v - low) / (high - low || 1))) : null;
    if (t !== null) {
      const at = 3 * Math.round(255 * t);
      image.data.set([RAMP[at], RAMP[at + 1], RAMP[at + 2], 255], 4 * i);
    }
  }
  pen.putImageData(image, 0, 0);
  return canvas;
}

function rowMax(report, c) {
  let most = 0;
  for (let j = 0; j < report.width; j += 1) {
    const v = report.hValue(c, j);
    if (v > most) most = v;
  }
  return most;
}

function componentPicture(report, c, common) {
  const most = common ?? rowMax(report, c);
  const canvas = pictureOf(
    (j) => report.hValue(c, j),
    report.geometry,
    most,
    'Component ' + state.name(c) + ' as a picture',
  );
  canvas.addEventListener('pointermove', (event) => {
    const box = canvas.getBoundingClientRect();
    const x = Math.min(
      report.geometry.width - 1,
      Math.floor(((event.clientX - box.left) / box.width) * report.geometry.width),
    );
    const y = Math.min(
      report.geometry.height - 1,
      Math.floor(((event.clientY - box.top) / box.height) * report.geometry.height),
    );
    const j = pixelFeature(report.geometry, y, x);
    if (x >= 0 && y >= 0)
      tip.show(
        [
          report.featureNames ? report.featureName(j) : 'row ' + (y + 1) + ', column ' + (x + 1),
          num(report.hValue(c, j), 4),
        ],
        event.clientX,
        event.clientY,
      );
  });
  canvas.addEventListener('pointerleave', () => tip.hide());
  return el('div', { class: 'framed' }, canvas, scaleBar(0, most));
}

function scaleBar(low, high) {
  const ramp = el('canvas', {
    class: 'ramp',
    role: 'img',
    'aria-label': 'Colour scale from ' + num(low, 3) + ' to ' + num(high, 3),
  });
  ramp.width = 64;
  ramp.height = 1;
  const pen = ramp.getContext('2d');
  for (let i = 0; i < 64; i += 1) {
    pen.fillStyle = rampAt(i / 63);
    pen.fillRect(i, 0, 1, 1);
  }
  return el('div', { class: 'scale' }, figure(low, num(low, 3)), ramp, figure(high, num(high, 3)));
}

// Bars of the 96 channels in the standard order, six classes in their usual colours.
function channelsOf(report, c) {
  const order = report.geometry.order;
  const box = el('div', { class: 'chart' });
  let sum = 0;
  for (const j of order) sum += Math.max(0, report.hValue(c, j)) || 0;
  const values = order.map((j) => (sum > 0 ? report.hValue(c, j) / sum : NaN));
  const { spread } = report.components[c];
  const varies = order.map((j) => (known(spread) && isNumber(spread[j]) ? spread[j] : null));
  const most = values.reduce((a, v, i) => (v + (varies[i] || 0) > a ? v + (varies[i] || 0) : a), 0) || 1;
  let node = null;
  whenSized(box, (width) => {
    const height = 176;
    const area = { l: 44, r: width - 4, t: 30, b: height - 8 };
    const unit = (area.r - area.l) / order.length;
    const per = order.length / 6;
    const scale = scaleOf([0, most], [area.b, area.t], { ticks: 4, zero: true, pad: 0.02 });
    node = svg('svg', {
      class: 'plot',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': 'The 96 channels of ' + state.name(c),
    });
    for (const v of scale.ticks) {
      const y = scale.place(v);
      node.append(
        svg('line', { class: 'grid', x1: area.l, x2: area.r, y1: y, y2: y }),
        svg('text', { class: 'tick', x: area.l - 6, y: y + 4, 'text-anchor': 'end', text: num(100 * v, 2) + '%' }),
      );
    }
    SBS_CLASSES.forEach((text, g) => {
      const x = area.l + g * per * unit;
      const colour = SBS_COLOURS[g];
      const strip = svg('rect', { x: x + 1, y: area.t - 10, width: Math.max(1, per * unit - 2), height: 5, rx: 1 });
      strip.style.fill = colour;
      node.append(
        strip,
        svg('text', { class: 'tick', x: x + (per * unit) / 2, y: area.t - 15, 'text-anchor': 'middle', text }),
      );
    });
    values.forEach((v, i) => {
      if (!(v > 0)) return;
      const y = scale.place(v);
      const bar = svg('rect', {
        x: area.l + i * unit + unit * 0.14,
        y,
        width: unit * 0.72,
        height: Math.max(0, area.b - y),
      });
      bar.style.fill = SBS_COLOURS[Math.floor(i / per)];
      node.append(bar);
    });
    values.forEach((v, i) => {
      if (!(varies[i] > 0) || !Number.isFinite(v)) return;
      const x = area.l + (i + 0.5) * unit;
      const [low, high] = [scale.place(Math.max(0, v - varies[i])), scale.place(v + varies[i])];
      const half = Math.min(3, unit * 0.3);
      node.append(
        svg('path', {
          class: 'whisker',
          d: `M${x - half} ${high}H${x + half}M${x} ${high}V${low}M${x - half} ${low}H${x + half}`,
        }),
      );
    });
    node.append(svg('line', { class: 'axis', x1: area.l, x2: area.r, y1: area.b, y2: area.b }));
    node.addEventListener('pointermove', (event) => {
      const i = Math.floor((event.clientX - node.getBoundingClientRect().left - area.l) / unit);
      if (i >= 0 && i < order.length)
        tip.show(
          [report.featureName(order[i]), SBS_CLASSES[Math.floor(i / per)],
            percent(values[i], 2) + (varies[i] === null ? '' : ' ± ' + percent(varies[i], 2)),
          ],
          event.clientX,
          event.clientY,
        );
      else tip.hide();
    });
    node.addEventListener('pointerleave', () => tip.hide());
    box.replaceChildren(node);
  });
  return { box, node: () => node };
}

function spectrumOf(report, c, height = 176) {
  const { values, unit } = report.geometry;
  const places = values
    .map((v, j) => [v, j])
    .filter(([v]) => isNumber(v))
    .sort((a, b) => a[0] - b[0]);
  const chart = lineChart({
    label: 'Spectrum of ' + state.name(c),
    height,
    left: 50,
    x: { label: unit || 'axis' },
    y: { zero: true },
    series: [{ name: state.name(c), kind: 'main', points: places.map(([v, j]) => [v, report.hValue(c, j)]) }],
    readout: (line, p) => [state.name(c), num(p[0], 5) + (unit ? ' ' + unit : ''), num(p[1], 4)],
  });
  chart.box.style.setProperty('--line', state.colour(c));
  return chart;
}

// Which ways of drawing there are for this report; the first is the natural one.
function waysOf(report) {
  const kind = report.geometry ? report.geometry.kind : null;
  const whole = report.h && !report.columns;
  const { geometry } = report;
  if (kind === 'picture' && whole && geometry.height * geometry.width === report.width)
    return [
      ['picture', 'Pictures'],
      ['bars', 'Bars'],
    ];
  if (kind === 'sbs96' && whole && geometry.order.every((j) => j < report.width))
    return [
      ['sbs96', '96 channels'],
      ['bars', 'Bars'],
    ];
  if (kind === 'axis' && whole && geometry.values.length === report.width)
    return [
      ['axis', 'Spectra'],
      ['bars', 'Bars'],
    ];
  if (kind === 'words')
    return [
      ['words', 'Words'],
      ['bars', 'Bars'],
    ];
  return [['bars', 'Bars']];
}

function drawPart(report, c, way, how, count, common) {
  if (way === 'picture') return componentPicture(report, c, common);
  if (way === 'sbs96') return channelsOf(report, c).box;
  if (way === 'axis') return spectrumOf(report, c).box;
  if (way === 'words') return wordsOf(report, c, how, count * 2);
  return barsOf(report, c, how, count);
}
