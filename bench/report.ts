/** The table of a run: what, how much, how much on the given server, which floor, and whether it holds. */

export type RowOptions = { readonly unit: string; readonly atLeast?: number; readonly atMost?: number };

type Row = readonly [what: string, embedded: string, given: string, floor: string, verdict: string];

export class Report {
  readonly #rows: Row[] = [];
  /** Floors that the embedded side missed. */
  missed: number = 0;

  row(what: string, embedded: number | undefined, given: number | undefined, options: RowOptions): void {
    const { unit, atLeast, atMost } = options;
    const isMissed =
      embedded !== undefined && ((atLeast !== undefined && embedded < atLeast) || (atMost !== undefined && embedded > atMost));
    if (isMissed) this.missed++;
    const floor = atLeast !== undefined ? `>= ${show(atLeast, unit)}` : atMost !== undefined ? `<= ${show(atMost, unit)}` : '';
    this.#rows.push([what, show(embedded, unit), show(given, unit), floor, floor === '' ? '' : isMissed ? 'MISSED' : 'ok']);
  }

  text(hasGiven: boolean): string {
    const rows: readonly Row[] = [['', 'embedded', 'given', 'floor', ''], ...this.#rows];
    const columns = hasGiven ? [0, 1, 2, 3, 4] : [0, 1, 3, 4];
    const widths = columns.map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
    const lines = rows.map((row) =>
      columns
        .map((column, i) => {
          const cell = row[column] ?? '';
          return column === 0 || column === 4 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
        })
        .join('  ')
        .trimEnd(),
    );
    const closing = this.missed === 0 ? 'every floor holds' : `${this.missed} ${this.missed === 1 ? 'floor is' : 'floors are'} missed`;
    return [...lines, '', closing].join('\n');
  }
}

function show(value: number | undefined, unit: string): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  const text = value >= 100 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(1) : value.toFixed(2);
  return unit === '' ? text : unit === '%' || unit === '/s' ? `${text}${unit}` : `${text} ${unit}`;
}
