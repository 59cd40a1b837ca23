/** Keys that work anywhere on a page, except while somebody types or a dialog is open. */
import { useEffect, useRef } from 'react';

export function useKeys(keys: readonly (readonly [key: string, run: (event: KeyboardEvent) => void])[]): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target instanceof HTMLElement ? event.target : undefined;
      if (target?.matches('input, textarea, select') === true || document.querySelector('dialog[open]') !== null) return;
      latest.current.find(([key]) => key === event.key)?.[1](event);
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, []);
}
