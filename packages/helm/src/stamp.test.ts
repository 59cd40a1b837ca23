import { describe, expect, it } from 'vitest';
import { labelSafe, StampError, stampAppVersion } from './stamp.ts';

describe('stamping the app version', () => {
  const rows: readonly (readonly [name: string, before: string, after: string])[] = [
    ['replaces a plain value', 'name: a\nappVersion: 1.0.0\nversion: 2.0.0\n', 'name: a\nappVersion: "9.1"\nversion: 2.0.0\n'],
    [
      'replaces a quoted value and keeps the comment',
      'appVersion: "0.0.0-set" # the delivery sets it\nname: a\n',
      'appVersion: "9.1" # the delivery sets it\nname: a\n',
    ],
    ["keeps a comment behind a value with '#' in quotes", "appVersion: 'a#b'   # c\n", 'appVersion: "9.1"   # c\n'],
    ['replaces an empty value', 'appVersion:\nname: a\n', 'appVersion: "9.1"\nname: a\n'],
    ['adds the line where there is none', '# umbrella\nname: a', '# umbrella\nname: a\nappVersion: "9.1"\n'],
    [
      'leaves the appVersion of a dependency alone',
      'dependencies:\n  - appVersion: "1"\nappVersion: x\n',
      'dependencies:\n  - appVersion: "1"\nappVersion: "9.1"\n',
    ],
    ['keeps line ends of Windows', 'appVersion: 1\r\nname: a\r\n', 'appVersion: "9.1"\r\nname: a\r\n'],
  ];
  for (const [name, before, after] of rows) {
    it(name, () => expect(stampAppVersion(before, '9.1')).toBe(after));
  }

  it('refuses what no image tag can be, and a value over several lines', () => {
    expect(() => stampAppVersion('appVersion: 1\n', 'a b')).toThrow(StampError);
    expect(() => stampAppVersion('appVersion: 1\n', '1"\nname: evil')).toThrow(/cannot be an image tag/);
    expect(() => stampAppVersion('appVersion: |\n  1\n', '2')).toThrow(/on one line of its own/);
  });

  it('makes a label value of any version', () => {
    expect(labelSafe('1.2.3+build:7')).toBe('1.2.3_build_7');
    expect(labelSafe(`v${'x'.repeat(80)}`)).toHaveLength(63);
    expect(labelSafe('1.0+')).toBe('1.0');
  });
});
