/**
 * The words of the search field. Terms stand between commas: part of a name, `"whole name"`, `label:value`, and `!` in front of what is
 * not wanted. A rollout is shown when it meets one of the wanted terms (or there are none) and none of the unwanted.
 */

type Named = { readonly name?: string | undefined; readonly labels?: Readonly<Record<string, string>> | undefined };
type Term = { readonly isUnwanted: boolean; readonly meets: (object: Named) => boolean };

export function compileSearch(text: string): (object: Named) => boolean {
  const terms = text.split(',').flatMap((part) => termOf(part.trim()));
  const wanted = terms.filter(({ isUnwanted }) => !isUnwanted);
  const unwanted = terms.filter(({ isUnwanted }) => isUnwanted);
  return (object) => (wanted.length === 0 || wanted.some(({ meets }) => meets(object))) && !unwanted.some(({ meets }) => meets(object));
}

function termOf(text: string): readonly Term[] {
  const isUnwanted = text.startsWith('!');
  const word = isUnwanted ? text.slice(1).trim() : text;
  if (word === '') return [];
  const [, label = '', value = ''] = /^([^:"]+):(.*)$/.exec(word) ?? [];
  if (label !== '') {
    const fits = fitting(value);
    return [{ isUnwanted, meets: ({ labels = {} }) => Object.hasOwn(labels, label) && fits(labels[label] ?? '') }];
  }
  const fits = fitting(word);
  return [{ isUnwanted, meets: ({ name = '' }) => fits(name) }];
}

function fitting(word: string): (text: string) => boolean {
  const [, exact] = /^"(.*)"$/.exec(word) ?? [];
  if (exact !== undefined) return (text) => text === exact;
  const part = word.toLowerCase();
  return (text) => text.toLowerCase().includes(part);
}
