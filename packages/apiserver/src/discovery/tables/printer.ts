/** What a kind's row is made of. Each printer turns one object into the cells of its columns, wide ones included. */
import type { Instant, KubeObject } from '@sluice/api';
import type { TableColumn } from '../../ports.ts';

export type Printer = {
  readonly columns: readonly TableColumn[];
  cells(object: KubeObject, now: Instant): readonly unknown[];
};

/** Printers by `group/plural`. */
export type Printers = Readonly<Record<string, Printer>>;

/**
 * A printer for objects of the shape `T`, which is the part of the kind that its cells need.
 *
 * @param notation - columns separated by `|`: a name, `:type` if not string, `!` if only shown by `-o wide`. The first is `Name`.
 */
export function printer<T>(notation: string, cells: (object: KubeObject & Partial<T>, now: Instant) => readonly unknown[]): Printer {
  return { columns: columnsOf(notation), cells: cells as Printer['cells'] };
}

export function columnsOf(notation: string): readonly TableColumn[] {
  return notation.split('|').map((text) => {
    const [, name = '', type = 'string', wide = ''] = /^\s*(.*?)(?::(\w+))?(!?)\s*$/.exec(text) ?? [];
    return { name, type, format: name === 'Name' ? 'name' : '', description: '', priority: wide === '!' ? 1 : 0 };
  });
}
