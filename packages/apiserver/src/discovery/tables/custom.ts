/** Rows of custom resources: name, then the columns of the definition (apiextensions pkg/registry/customresource/tableconvertor). */
import { formatHumanDuration, type Instant, parseTime } from '@sluice/api';
import type { CustomVersion, PrinterColumn, TableColumn } from '../../ports.ts';
import { compileJsonPath } from './json-path.ts';
import { columnsOf, type Printer } from './printer.ts';

const ageColumn: PrinterColumn = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' };

export function customPrinter(version: CustomVersion): Printer {
  const declared = version.printerColumns.length === 0 ? [ageColumn] : version.printerColumns;
  const columns = declared.map((column) => ({
    definition: toTableColumn(column),
    find: compileJsonPath(column.jsonPath),
    type: column.type,
  }));
  return {
    columns: [...columnsOf('Name'), ...columns.map(({ definition }) => definition)],
    cells: (object, now) => [object.metadata.name, ...columns.map(({ find, type }) => cell(find?.(object) ?? [], type, now))],
  };
}

function toTableColumn(column: PrinterColumn): TableColumn {
  return {
    name: column.name,
    type: column.type,
    format: column.format ?? '',
    description: column.description ?? `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
    priority: column.priority ?? 0,
  };
}

/** The first value found, as the column's type wants it; null where it is of another type. */
function cell(found: readonly unknown[], type: string, now: Instant): unknown {
  const [value] = found;
  if (value === undefined) return null;
  switch (type) {
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? dateCell(value, now) : null;
    default:
      return textCell(value);
  }
}

function dateCell(text: string, now: Instant): string {
  const instant = parseTime(text);
  return instant === undefined ? '<invalid>' : formatHumanDuration(now - instant);
}

function textCell(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null ? '<nil>' : JSON.stringify(sorted(value));
}

/** Keys in order, as Go prints maps. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
