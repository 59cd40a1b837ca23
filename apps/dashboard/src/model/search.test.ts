import { describe, expect, it } from 'vitest';
import { compileSearch } from './search.ts';

const objects = [
  { name: 'shop', labels: { team: 'blue' } },
  { name: 'shop-canary', labels: { team: 'green', 'app.kubernetes.io/name': 'shop' } },
  { name: 'cart', labels: { team: 'dark-blue' } },
  { name: 'search' },
];

describe('the words of the search field', () => {
  it.each([
    ['', ['shop', 'shop-canary', 'cart', 'search']],
    [' , ,', ['shop', 'shop-canary', 'cart', 'search']],
    ['shop', ['shop', 'shop-canary']],
    ['SHOP', ['shop', 'shop-canary']],
    ['"shop"', ['shop']],
    ['shop, cart', ['shop', 'shop-canary', 'cart']],
    ['!shop', ['cart', 'search']],
    ['shop, !canary', ['shop']],
    ['!"shop"', ['shop-canary', 'cart', 'search']],
    ['team:blue', ['shop', 'cart']],
    ['team:"blue"', ['shop']],
    ['!team:blue', ['shop-canary', 'search']],
    ['team:', ['shop', 'shop-canary', 'cart']],
    ['app.kubernetes.io/name:shop', ['shop-canary']],
    ['constructor:x', []],
    ['!', ['shop', 'shop-canary', 'cart', 'search']],
    ['.*', []],
  ])('%s', (text, names) => {
    expect(objects.filter(compileSearch(text)).map(({ name }) => name)).toEqual(names);
  });
});
