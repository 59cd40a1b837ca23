/** What a walk has found wrong so far, and where it stands. Paths are written only when there is something to say. */
import type { FieldProblem } from './field-problem.ts';
import { goQuote } from './go-text.ts';

export type Segment = string | number;

/** Marks a segment as the key of a map, which list problems write as `[key]` and the others as `.key`. */
const mapMark = '\u0000';

export class Findings {
  readonly problems: FieldProblem[] = [];
  /** The segments at which each problem was found, in step with `problems`. */
  readonly places: (readonly Segment[])[] = [];
  readonly path: Segment[] = [];
  /** Go types of the built-in objects on the way here. */
  readonly goTypes: string[] = [];

  enterKey(key: string): void {
    this.path.push(mapMark + key);
  }

  report(type: FieldProblem['type'], value: unknown, detail: string): void {
    this.#push({ path: this.dotted(), type, value, detail });
  }

  reportAt(segment: Segment, type: FieldProblem['type'], value: unknown, detail: string): void {
    this.path.push(segment);
    this.report(type, value, detail);
    this.path.pop();
  }

  /** A problem of a list item, whose path writes keys of maps in brackets. */
  reportItem(index: number, type: FieldProblem['type'], value: unknown, detail: string): void {
    this.path.push(index);
    this.#push({ path: this.#keyed(), type, value, detail });
    this.path.pop();
  }

  /** A problem that the server does not attach to a field. */
  reportRoot(detail: string): void {
    this.#add({ path: '', type: 'Invalid', value: '', detail });
  }

  /** `decoding`: what Go's decoder says, for built-in kinds. */
  wrongType(expected: string, actual: string, decoding?: string): void {
    const detail = `${this.dotted()} in body must be of type ${expected}: ${goQuote(actual)}`;
    this.#push({ path: this.dotted(), type: 'TypeInvalid', value: actual, detail, ...(decoding === undefined ? {} : { decoding }) });
  }

  tooMany(actual: number, limit: number): void {
    this.report('TooMany', actual, `must have at most ${limit} ${limit === 1 ? 'item' : 'items'}`);
  }

  /** Takes over what was found elsewhere, but the same words only once: alternatives repeat what their parent says. */
  adopt(problems: readonly FieldProblem[]): void {
    for (const problem of problems) this.#add(problem);
  }

  /** `spec.containers[0].name`; keys of maps are written as fields. */
  dotted(): string {
    let text = '';
    for (const segment of this.path) {
      if (typeof segment === 'number') text += `[${segment}]`;
      else {
        const name = segment.startsWith(mapMark) ? segment.slice(1) : segment;
        text = text === '' ? name : `${text}.${name}`;
      }
    }
    return text;
  }

  /** Names of the fields on the way, without indexes and keys, as Go's decoder writes a path. */
  fieldNames(): string {
    return this.path.filter((segment) => typeof segment === 'string' && !segment.startsWith(mapMark)).join('.');
  }

  #keyed(): string {
    let text = '';
    for (const segment of this.path) {
      if (typeof segment === 'number') text += `[${segment}]`;
      else if (segment.startsWith(mapMark)) text += `[${segment.slice(1)}]`;
      else text = text === '' ? segment : `${text}.${segment}`;
    }
    return text;
  }

  #add(problem: FieldProblem): void {
    const isKnown = this.problems.some(
      (other) => other.path === problem.path && other.type === problem.type && other.detail === problem.detail,
    );
    if (!isKnown) this.#push(problem);
  }

  #push(problem: FieldProblem): void {
    this.problems.push(problem);
    this.places.push(this.path.map((segment) => (typeof segment === 'string' && segment.startsWith(mapMark) ? segment.slice(1) : segment)));
  }
}
