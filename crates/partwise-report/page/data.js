// The data of the report: read once, numbers unpacked, what is not there left null.
async function inflated(base64, packed) {
  const text = atob(base64);
  const raw = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) raw[i] = text.charCodeAt(i);
  if (packed !== 'deflate') return raw.buffer;
  const stream = new Blob([raw]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).arrayBuffer();
}

const ARRAYS = { f32: Float32Array, u16: Uint16Array, u8: Uint8Array };

// A factor as Float32Array, row by row. `scale` belongs to components, which are the rows of H and the columns of W.
async function unpacked(factor, perRow) {
  if (!factor || !factor.base64) return null;
  const buffer = await inflated(factor.base64, factor.packed);
  const numbers = new ARRAYS[factor.type](buffer);
  if (!factor.scale) return Float32Array.from(numbers);
  const width = perRow ? numbers.length / factor.k : factor.k;
  const values = new Float32Array(numbers.length);
  for (let i = 0; i < values.length; i += 1) {
    values[i] = numbers[i] * factor.scale[perRow ? Math.floor(i / width) : i % width];
  }
  return values;
}

async function namesOf(names) {
  if (!names || Array.isArray(names)) return names || null;
  const buffer = await inflated(names.base64, names.packed);
  return JSON.parse(new TextDecoder().decode(buffer));
}

// Labels of samples by their places among the levels; packed, a byte each, 255 where there is none.
async function labelled(group) {
  const { values } = group;
  if (!values || Array.isArray(values)) return group;
  return { ...group, values: new Uint8Array(await inflated(values.base64, values.packed)) };
}

function known(list) {
  return Array.isArray(list) && list.length > 0;
}

class Report {
  static async read(source) {
    const report = new Report();
    report.raw = source;
    report.run = source.run || null;
    report.components = source.components || [];
    report.k = report.components.length;
    report.features = source.features || { count: 0, names: null, geometry: null };
    report.samples = source.samples || { count: 0, names: null, groups: null };
    const [h, w, featureNames, sampleNames, groups] = await Promise.all([
      unpacked(source.h, true),
      unpacked(source.w, false),
      namesOf(report.features.names),
      namesOf(report.samples.names),
      Promise.all((report.samples.groups || []).map(labelled)),
    ]);
    report.samples = { ...report.samples, groups };
    report.consensus = source.consensus || null;
    report.featureNames = featureNames;
    report.sampleNames = sampleNames;
    report.h = h;
    report.w = w;
    report.columns = h ? source.h.columns || null : null;
    report.rows = w ? source.w.rows || null : null;
    report.width = h ? h.length / report.k : 0;
    report.height = w ? w.length / report.k : 0;
    // Components by share, the largest first; those without a share last, as they came.
    report.order = report.components
      .map((_, c) => c)
      .sort((a, b) => (report.share(b) ?? -1) - (report.share(a) ?? -1) || a - b);
    report.geometry = report.features.geometry || null;
    report.prepare();
    return report;
  }

  share(c) {
    const share = this.components[c].share;
    return isNumber(share) ? share : null;
  }

  featureName(j) {
    const name = this.featureNames ? this.featureNames[j] : null;
    return name === null || name === undefined ? 'feature ' + (j + 1) : String(name);
  }

  sampleName(i) {
    const name = this.sampleNames ? this.sampleNames[i] : null;
    return name === null || name === undefined ? 'sample ' + (i + 1) : String(name);
  }

  // Held rows and columns are counted from 0; these are their places in X.
  sampleAt(row) {
    return this.rows ? this.rows[row] : row;
  }

  featureAt(column) {
    return this.columns ? this.columns[column] : column;
  }

  hValue(c, column) {
    return this.h[c * this.width + column];
  }

  // What each component has of a sample: w_ic times the sum of row c of H, divided by the sum over c.
  prepare() {
    const { k } = this;
    const sums = this.components.map((part, c) => {
      if (isNumber(part.h_sum)) return part.h_sum;
      if (!this.h || this.columns) return null;
      let sum = 0;
      for (let j = 0; j < this.width; j += 1) sum += this.hValue(c, j);
      return Number.isFinite(sum) ? sum : null;
    });
    this.shares = null;
    if (!this.w || sums.some((sum) => sum === null)) return;
    const shares = new Float32Array(this.w.length);
    const totals = new Float32Array(this.height);
    const largest = new Int32Array(this.height).fill(-1);
    for (let i = 0; i < this.height; i += 1) {
      let total = 0;
      for (let c = 0; c < k; c += 1) {
        const part = this.w[i * k + c] * sums[c];
        shares[i * k + c] = part;
        total += part;
      }
      totals[i] = total;
      let best = -1;
      for (let c = 0; c < k; c += 1) {
        const share = total > 0 ? shares[i * k + c] / total : NaN;
        shares[i * k + c] = share;
        if (share > 0 && (best < 0 || share > shares[i * k + best])) best = c;
      }
      largest[i] = best;
    }
    this.shares = shares;
    this.totals = totals;
    this.largest = largest;
  }

  // Held rows by their largest component in the order of the components, then by its share.
  sampleOrder() {
    if (!this.sorted) this.sorted = this.sortSamples();
    return this.sorted.slice();
  }

  sortSamples() {
    if (!this.shares) return Int32Array.from({ length: this.height }, (_, i) => i);
    const place = new Int32Array(this.k);
    this.order.forEach((c, at) => {
      place[c] = at;
    });
    const key = new Float64Array(this.height);
    for (let i = 0; i < this.height; i += 1) {
      const c = this.largest[i];
      key[i] = c < 0 ? this.k + 1 : place[c] + 0.999 * (1 - this.shares[i * this.k + c]);
    }
    return Int32Array.from({ length: this.height }, (_, i) => i).sort((a, b) => key[a] - key[b] || a - b);
  }

  // Held columns in the same way, by what a component contributes to them.
  featureOrder() {
    const { k, width } = this;
    const sums = this.components.map((_, c) => {
      let sum = 0;
      for (let j = 0; j < width; j += 1) sum += Math.abs(this.hValue(c, j)) || 0;
      return sum || 1;
    });
    const key = new Float64Array(width);
    for (let j = 0; j < width; j += 1) {
      let best = -1;
      let most = 0;
      let sum = 0;
      for (let at = 0; at < k; at += 1) {
        const c = this.order[at];
        const part = ((this.share(c) ?? 1) * this.hValue(c, j)) / sums[c];
        if (part > 0) sum += part;
        if (part > most) {
          most = part;
          best = at;
        }
      }
      key[j] = best < 0 ? k + 1 : best + 0.999 * (1 - most / sum);
    }
    return Int32Array.from({ length: width }, (_, j) => j).sort((a, b) => key[a] - key[b] || a - b);
  }

  // Held rows that use component c most: [row, weight, share].
  strongest(c, count) {
    if (!this.w) return [];
    const rows = [];
    for (let i = 0; i < this.height; i += 1) {
      const value = this.w[i * this.k + c];
      if (!(value > 0)) continue;
      if (rows.length < count || value > rows[rows.length - 1][1]) {
        let at = rows.length;
        while (at > 0 && rows[at - 1][1] < value) at -= 1;
        rows.splice(at, 0, [i, value]);
        if (rows.length > count) rows.pop();
      }
    }
    return rows.map(([i, value]) => [i, value, this.shares ? this.shares[i * this.k + c] : null]);
  }
}
