"""What tests ask a page, in its own language, and small helpers."""

THIN = "\u202f"


def text_of(page, selector):
    return page.locator(selector).first.inner_text()


INK = """(canvas) => {
  const pen = canvas.getContext('2d');
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4) {
    seen.add((data[i] << 16 | data[i + 1] << 8 | data[i + 2]) * 2 + (data[i + 3] > 0));
  }
  return seen.size;
}"""


def prints(page, selector):
    """What a canvas shows, as a text that can be compared."""
    return page.locator(selector).first.evaluate("(canvas) => canvas.toDataURL()")


CONTRAST = """() => {
  const parse = (text) => {
    let m = text.match(/^color\\(srgb ([\\d.e-]+) ([\\d.e-]+) ([\\d.e-]+)(?: \\/ ([\\d.]+))?/);
    if (m) return [m[1] * 255, m[2] * 255, m[3] * 255, m[4] === undefined ? 1 : Number(m[4])];
    m = text.match(/[\\d.]+/g).map(Number);
    return [m[0], m[1], m[2], m[3] === undefined ? 1 : m[3]];
  };
  const light = ([r, g, b]) => {
    const f = (v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
  };
  const ground = (node) => {
    const layers = [];
    for (let e = node; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c[3] > 0) layers.push(c);
      if (c[3] === 1) break;
    }
    let base = [255, 255, 255];
    for (const c of layers.reverse()) base = base.map((v, i) => v + (c[i] - v) * c[3]);
    return base;
  };
  const weak = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !node.getClientRects().length || node.closest('script, style, [disabled], .hidden, .skip')) continue;
    const style = getComputedStyle(node);
    const colour = parse(node instanceof SVGElement ? style.fill : style.color);
    const back = ground(node);
    const mixed = back.map((v, i) => v + (colour[i] - v) * colour[3]);
    const [a, b] = [light(mixed), light(back)].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) weak.push(node.tagName + ' ' + text.slice(0, 30) + ' ' + contrast.toFixed(2));
  }
  return weak;
}"""
