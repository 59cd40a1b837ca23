/** The annotated CSV in which InfluxDB answers Flux queries, as far as values of records are wanted: the column `_value`, typed. */
import { parseFloatText } from '@sluice/engine';

/**
 * The `_value` of each record: float64 as number, long and unsignedLong as bigint, text, boolean; `null` where it is empty.
 *
 * @throws Error for an error that the server wrote into the answer
 * @see https://docs.influxdata.com/influxdb/v2/reference/syntax/annotated-csv/
 */
export function valuesOf(text: string): readonly unknown[] {
  const values: unknown[] = [];
  let types: readonly string[] = [];
  let defaults: readonly string[] = [];
  let columns: readonly string[] | undefined;
  for (const row of rowsOf(text)) {
    if (row.length === 1 && row[0] === '') {
      columns = undefined;
      continue;
    }
    const [annotation = ''] = row;
    if (annotation.startsWith('#')) {
      if (annotation === '#datatype') types = row;
      if (annotation === '#default') defaults = row;
      columns = undefined;
      continue;
    }
    if (columns === undefined) {
      columns = row;
      continue;
    }
    const error = columns.indexOf('error');
    if (error >= 0 && !columns.includes('_value')) throw new Error(row[error] || 'unknown query error');
    const at = columns.indexOf('_value');
    if (at < 0) values.push(null);
    else values.push(typedValue(row[at] || defaults[at] || '', types[at] ?? 'string'));
  }
  return values;
}

function typedValue(text: string, type: string): unknown {
  if (type === 'string') return text;
  if (text === '') return null;
  switch (type) {
    case 'double': {
      const number = parseFloatText(text);
      return number.ok ? number.value : fault(number.problem);
    }
    case 'long':
    case 'unsignedLong':
      return /^-?\d{1,20}$/.test(text) ? BigInt(text) : fault(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
    case 'boolean':
      return text === 'true' || (text === 'false' ? false : fault(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`));
    default:
      return text;
  }
}

function fault(problem: string): never {
  throw new Error(problem);
}

/** RFC 4180: quotes around fields with commas, quotes and line ends; two quotes are one. */
function* rowsOf(text: string): Generator<readonly string[]> {
  let row: string[] = [];
  let field = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (isQuoted) {
      if (character !== '"') field += character;
      else if (text.charAt(at + 1) === '"') field += text.charAt(at++);
      else isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === ',') {
      row.push(field);
      field = '';
    } else if (character === '\n') {
      yield [...row, field];
      row = [];
      field = '';
    } else if (character !== '\r') field += character;
  }
  if (field !== '' || row.length > 0) yield [...row, field];
}
