/** State that the browser keeps. What cannot be read or kept (a private window) is as if it were new. */
import { useCallback, useState } from 'react';

export function useStored<T>(key: string, initial: T, isValid: (value: unknown) => value is T): readonly [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => read(key, isValid) ?? initial);
  const store = useCallback(
    (next: T) => {
      setValue(next);
      try {
        localStorage.setItem(key, typeof next === 'string' ? next : JSON.stringify(next));
      } catch {
        // It lasts as long as the page then.
      }
    },
    [key],
  );
  return [value, store];
}

function read<T>(key: string, isValid: (value: unknown) => value is T): T | undefined {
  try {
    const text = localStorage.getItem(key);
    if (text === null) return undefined;
    if (isValid(text)) return text;
    const value: unknown = JSON.parse(text);
    return isValid(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isText(value: unknown): value is string {
  return typeof value === 'string';
}
