// From values to pixels, and where an axis has its ticks.

const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400];

/** Maps [from, to] to pixels; where both are one value, to the middle. */
export function linear([from, to], [first, last]) {
  return (value) => (to === from ? (first + last) / 2 : first + ((value - from) / (to - from)) * (last - first));
}

/** Round numbers around [low, high], about `wanted` steps: 1, 2 or 5 times a power of ten. */
export function niceTicks(low, high, wanted = 4) {
  const span = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(span / wanted));
  const step = power * [1, 2, 5, 10].find((times) => span / (power * times) <= wanted);
  const from = Math.floor(low / step + 1e-9);
  const to = Math.max(Math.ceil(high / step - 1e-9), from + 1);
  return Array.from({ length: to - from + 1 }, (_, place) => Number(((from + place) * step).toPrecision(12)));
}

/** Round local times within [from, to] (ms), at most `most`; and whether their seconds matter. */
export function timeTicks(from, to, most) {
  const step = 1000 * (TIME_STEPS_S.find((seconds) => (to - from) / (1000 * seconds) <= most) ?? 86_400);
  const zone = new Date(from).getTimezoneOffset() * 60_000;
  const ticks = [];
  for (let at = Math.ceil((from - zone) / step) * step + zone; at <= to; at += step) ticks.push(at);
  return { ticks, withSeconds: step < 60_000 };
}
