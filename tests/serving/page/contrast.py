"""Text and what is behind it, by WCAG 2's contrast ratio: 4.5 at least, 3 where the text is large."""

LOW_CONTRAST = """() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = ([r, g, b, a], below) => [r, g, b].map((part, at) => part * a + below[at] * (1 - a));
  const light = (colour) => colour.map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (one) => {
    const own = parse(getComputedStyle(one).backgroundColor);
    if (own[3] === 1) return own.slice(0, 3);
    return over(own, one.parentElement ? behind(one.parentElement) : [255, 255, 255]);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
    if (!text || !one.checkVisibility() || one.closest('.spoken, script, noscript, option')) continue;
    const style = getComputedStyle(one), size = parseFloat(style.fontSize);
    const colour = parse(one.closest('svg') ? style.fill : style.color), ground = behind(one);
    const [high, low] = [light(over(colour, ground)), light(ground)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) found.push(`${text.slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""
