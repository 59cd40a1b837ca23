/** Rows in aligned columns, two spaces apart, as Go's tabwriter lays them out: the last cell of a row is not padded. */
import { padTo, widthOf } from './colour.ts';

export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      if (column < row.length - 1) widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    }
  }
  return rows
    .map((row) => `${row.map((cell, column) => (column < row.length - 1 ? padTo(cell, (widths[column] ?? 0) + 2) : cell)).join('')}\n`)
    .join('');
}
