import type { JSX } from 'react';

const width = 320;
const height = 56;
const margin = 6;

/** Values in order as a line, between their own least and greatest. */
export function Sparkline({ numbers, label }: { readonly numbers: readonly number[]; readonly label: string }): JSX.Element {
  const least = Math.min(...numbers);
  const greatest = Math.max(...numbers);
  const span = greatest - least;
  const x = (at: number): number => margin + (at * (width - 2 * margin)) / (numbers.length - 1);
  const y = (value: number): number => (span === 0 ? height / 2 : height - margin - ((value - least) * (height - 2 * margin)) / span);
  const points = numbers.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return (
    <figure className="sparkline">
      <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${label}: from ${least} to ${greatest}`}>
        <polyline points={points} />
        <circle cx={x(numbers.length - 1)} cy={y(numbers.at(-1) ?? 0)} r="3.5" />
      </svg>
      <figcaption>
        {least === greatest ? least : `${least} to ${greatest}`}, last {numbers.at(-1)}
      </figcaption>
    </figure>
  );
}
