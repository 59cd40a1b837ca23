/** Rows of a real 1.34 server, each recorded with its object and the time: ours must be the same to the letter. */

import { readFileSync } from 'node:fs';
import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import type { CustomVersion, PrinterColumn, ServedResource } from '../../ports.ts';
import { since } from './cells.ts';
import { compileJsonPath } from './json-path.ts';
import { createTables } from './tables.ts';

type RecordedRow = {
  readonly resource: string;
  readonly now: number;
  readonly cells: readonly unknown[];
  readonly printerColumns?: readonly PrinterColumn[];
  readonly object: KubeObject;
};

const recorded = JSON.parse(readFileSync(new URL('./testdata/rows.json', import.meta.url), 'utf8')) as readonly RecordedRow[];

function served(path: string, printerColumns?: readonly PrinterColumn[]): ServedResource {
  const [group = '', version = '', resource = ''] = path.split('/');
  const custom = printerColumns === undefined ? {} : { custom: { printerColumns } as CustomVersion };
  return { group, version, resource, ...custom } as ServedResource;
}

function tablesAt(now: number): ReturnType<typeof createTables> {
  return createTables({ clock: { now: () => now, after: () => () => {} } });
}

describe('a row is what a real server prints', () => {
  it.each(recorded.map((row) => [`${row.resource} ${row.object.metadata.name}`, row] as const))('%s', (_name, row) => {
    const { columns, rows } = tablesAt(row.now).toTable(served(row.resource, row.printerColumns), [row.object]);
    expect(rows[0]?.cells).toEqual(row.cells);
    expect(columns).toHaveLength(row.cells.length);
  });
});

describe('a table', () => {
  it('of a kind without a printer has name and age', () => {
    const object = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' } };
    const table = tablesAt(Date.parse('2026-01-01T00:02:05Z')).toTable(served('example.com/v1/things'), [object]);
    expect(table.columns.map(({ name }) => name)).toEqual(['Name', 'Age']);
    expect(table.rows[0]?.cells).toEqual(['a', '2m5s']);
  });

  it('of a custom kind without columns of its own has name and age', () => {
    const table = tablesAt(0).toTable(served('example.com/v1/things', []), []);
    expect(table.columns.map(({ name, type }) => `${name}:${type}`)).toEqual(['Name:string', 'Age:date']);
  });

  it('shows columns for -o wide with a priority', () => {
    const { columns } = tablesAt(0).toTable(served('/v1/pods'), []);
    expect(columns.filter(({ priority }) => priority > 0).map(({ name }) => name)).toEqual([
      'IP',
      'Node',
      'Nominated Node',
      'Readiness Gates',
    ]);
  });

  it('says that the time since nothing is unknown', () => {
    expect(since(null, 0)).toBe('<unknown>');
  });
});

describe('a JSONPath of a printer column', () => {
  const object = {
    spec: { hosts: ['a', 'b', 'c'], labels: { 'app.kubernetes.io/name': 'web' } },
    status: {
      conditions: [
        { type: 'Ready', status: 'True', count: 2 },
        { type: 'Other', status: 'False' },
      ],
    },
  };
  it.each([
    ['a field', '.spec.hosts', [['a', 'b', 'c']]],
    ['the first of a list', '.spec.hosts[0]', ['a']],
    ['the last of a list', '.spec.hosts[-1]', ['c']],
    ['a slice', '.spec.hosts[1:]', ['b', 'c']],
    ['all of a list', '.spec.hosts[*]', ['a', 'b', 'c']],
    ['an escaped key', '.spec.labels.app\\.kubernetes\\.io/name', ['web']],
    ['a quoted key', ".spec.labels['app.kubernetes.io/name']", ['web']],
    ['a filter', '.status.conditions[?(@.type=="Ready")].status', ['True']],
    ['a filter by number', '.status.conditions[?(@.count>1)].type', ['Ready']],
    ['a filter by existence', '.status.conditions[?(@.count)].type', ['Ready']],
    ['recursive descent', '..status', [object.status, 'True', 'False']],
    ['braces and a dollar', '{$.spec.hosts[0]}', ['a']],
    ['what is not there', '.spec.nope.deeper[0]', []],
  ])('finds %s', (_name, path, expected) => {
    expect(compileJsonPath(path)?.(object)).toEqual(expected);
  });

  it('is refused when its brackets do not close', () => {
    expect(compileJsonPath('.spec.hosts[0')).toBeUndefined();
  });
});
