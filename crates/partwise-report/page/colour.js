// Colours: Okabe and Ito's for categories, cividis for amounts. Both can be told apart by colour-blind readers.
const OKABE_ITO = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00', '#f0e442', '#8c8c8c'];

// Twelve stops of cividis (Nunez, Anderton & Renslow 2018), read between.
const CIVIDIS = [
  '#00204d',
  '#00306f',
  '#2a406c',
  '#48526b',
  '#5e626e',
  '#727374',
  '#878479',
  '#9e9677',
  '#b6a971',
  '#d0be67',
  '#ead357',
  '#ffea46',
];

function rgbOf(hex) {
  const v = parseInt(hex.slice(1), 16);
  return [v >> 16, (v >> 8) & 255, v & 255];
}

function mixed(a, b, t) {
  return a.map((v, i) => Math.round(v + (b[i] - v) * t));
}

function cssOf(rgb) {
  return 'rgb(' + rgb.join(', ') + ')';
}

// 256 colours as bytes r, g, b.
const RAMP = (() => {
  const stops = CIVIDIS.map(rgbOf);
  const ramp = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i += 1) {
    const x = (i / 255) * (stops.length - 1);
    const at = Math.min(stops.length - 2, Math.floor(x));
    ramp.set(mixed(stops[at], stops[at + 1], x - at), 3 * i);
  }
  return ramp;
})();

function rampAt(t) {
  const i = 3 * Math.max(0, Math.min(255, Math.round(255 * t)));
  return 'rgb(' + RAMP[i] + ', ' + RAMP[i + 1] + ', ' + RAMP[i + 2] + ')';
}

// Past eight, the same hues lighter, then darker; past 24, greys: the names tell them apart.
function categoryColour(place) {
  const base = rgbOf(OKABE_ITO[place % 8]);
  if (place < 8) return cssOf(base);
  if (place < 16) return cssOf(mixed(base, [255, 255, 255], 0.45));
  if (place < 24) return cssOf(mixed(base, [0, 0, 0], 0.4));
  return place % 2 ? '#9a9a9a' : '#b4b4b4';
}

// The six classes of substitutions, in their usual colours.
const SBS_CLASSES = ['C>A', 'C>G', 'C>T', 'T>A', 'T>C', 'T>G'];
const SBS_COLOURS = ['#03bcee', 'var(--sbs-black)', '#e42926', '#a9a7a8', '#8fbf4b', '#e6a8a6'];

const probe = document.createElement('span');
probe.hidden = true;
document.body.append(probe);

// The colour that a variable of the style sheet has now, for canvases.
function themed(variable) {
  probe.style.color = '';
  probe.style.color = 'var(' + variable + ')';
  return getComputedStyle(probe).color;
}
